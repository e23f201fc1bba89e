import type { VaultRolloutProps } from '../../charts';

/** Every prop of VaultRollout: a new one does not compile until it has a value here. */
export const everyRolloutProp: Required<Omit<VaultRolloutProps, 'vault'>> = {
  backup: { backupVault: 'vault-backups', role: 'arn:aws:iam::123456789012:role/vault-backup' },
  automatic: { cron: '0 3 * * 6', timeZone: 'Europe/Berlin', minutes: 90 },
  waitSeconds: 600,
  role: 'rolls-vault',
  outbound: { proxy: 'http://proxy.example.com:3128', ca: { configMap: 'proxy-ca', key: 'proxy.crt' } },
  resources: {
    requests: { cpu: '1', memory: '1Gi', ephemeralStorage: '1Gi' },
    limits: { cpu: '1', memory: '1Gi', ephemeralStorage: '1Gi' },
  },
};
