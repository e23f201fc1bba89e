import { KustomizeApp, VaultServer } from '../../../charts';

const app = new KustomizeApp();
new VaultServer(app, 'vault', {
  namespace: 'vault-e2e',
  createNamespace: true,
  aws: { accountId: '123456789012', region: 'us-east-1' },
  storage: { table: 'vault-e2e' },
  seal: { kmsKeyId: 'alias/vault-e2e' },
  tls: { secretName: 'vault-tls' },
});
app.synth();
