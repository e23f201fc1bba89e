import type { VaultRestoreProps } from '../../charts';

/** Every prop of VaultRestore: a new one does not compile until it has a value here. */
export const everyRestoreProp: Required<Omit<VaultRestoreProps, 'vault'>> = {
  backupVault: 'vault-backups',
  copiesOf: 'arn:aws:dynamodb:ap-northeast-1:123456789012:table/vault-data',
  waitSeconds: 7200,
  role: 'restores-vault',
  outbound: { proxy: 'http://proxy.example.com:3128', ca: { configMap: 'proxy-ca', key: 'proxy.crt' } },
  resources: {
    requests: { cpu: '1', memory: '1Gi', ephemeralStorage: '1Gi' },
    limits: { cpu: '1', memory: '1Gi', ephemeralStorage: '1Gi' },
  },
};
