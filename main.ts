import { AwsResources, Custody, KustomizeApp, VaultInit, VaultServer } from './charts';

const app = new KustomizeApp();

const vault = new VaultServer(app, 'vault', {
  namespace: 'vault',
  createNamespace: true,
  aws: { accountId: '123456789012', region: 'ap-northeast-1' },
  storage: { table: 'vault-data' },
  seal: { kmsKeyId: 'alias/vault-unseal' },
  tls: { certManager: { issuer: { kind: 'ClusterIssuer', name: 'internal-ca' } } },
});
new VaultInit(app, 'init', { vault, custody: Custody.secretsManager('vault/recovery') });
new AwsResources(app, 'aws', { oidcProvider: 'oidc.eks.ap-northeast-1.amazonaws.com/id/0123456789ABCDEF0123456789ABCDEF' });

app.synth();
