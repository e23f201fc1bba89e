import { KustomizeApp, VaultServer } from './charts';

const app = new KustomizeApp();

new VaultServer(app, 'vault', {
  namespace: 'vault',
  createNamespace: true,
  aws: { accountId: '123456789012', region: 'ap-northeast-1' },
  storage: { table: 'vault-data' },
  seal: { kmsKeyId: 'alias/vault-unseal' },
  tls: { certManager: { issuer: { kind: 'ClusterIssuer', name: 'internal-ca' } } },
});

app.synth();
