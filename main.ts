import { accessorOf, AwsResources, Custody, KustomizeApp, VaultConfiguration, VaultInit, VaultServer } from './charts';

const app = new KustomizeApp();

const vault = new VaultServer(app, 'vault', {
  namespace: 'vault',
  createNamespace: true,
  aws: { accountId: '123456789012', region: 'ap-northeast-1' },
  storage: { table: 'vault-data' },
  seal: { kmsKeyId: 'alias/vault-unseal' },
  tls: { certManager: { issuer: { kind: 'ClusterIssuer', name: 'internal-ca' } } },
});
const init = new VaultInit(app, 'init', { vault, custody: Custody.secretsManager('vault/recovery') });
new VaultConfiguration(app, 'configuration', {
  vault,
  admin: init.admin,
  engines: { kv: { type: 'kv' } },
  auth: {
    kubernetes: {
      type: 'kubernetes',
      roles: {
        apps: {
          boundServiceAccountNames: ['*'],
          boundServiceAccountNamespaces: ['apps'],
          audience: 'vault',
          tokenPolicies: ['own-secrets'],
        },
      },
    },
  },
  policies: {
    // to each ServiceAccount its own folder: kv/apps/<name>
    'own-secrets': [{ path: `kv/data/{{identity.entity.aliases.${accessorOf('auth/kubernetes')}.name}}/*`, capabilities: ['read'] }],
  },
});
new AwsResources(app, 'aws', { oidcProvider: 'oidc.eks.ap-northeast-1.amazonaws.com/id/0123456789ABCDEF0123456789ABCDEF' });

app.synth();
