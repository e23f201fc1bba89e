// As many Vaults as the environment says, in one app; reports the memory that it took.
import { KustomizeApp, VaultServer } from '../charts';

const app = new KustomizeApp();
for (let index = 0; index < Number(process.env['VAULTS']); index += 1) {
  new VaultServer(app, `vault-${index}`, {
    name: `vault-${index}`,
    namespace: 'vault',
    aws: { accountId: '123456789012', region: 'eu-west-1' },
    storage: { table: `vault-${index}` },
    seal: { kmsKeyId: 'alias/vault-unseal' },
    tls: { certManager: { issuer: { kind: 'ClusterIssuer', name: 'internal-ca' } } },
  });
}
app.synth();
console.log(process.resourceUsage().maxRSS / 1024);
