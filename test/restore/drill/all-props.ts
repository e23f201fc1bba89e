import type { VaultRestoreDrillProps } from '../../../charts';

/** Every prop of VaultRestoreDrill: a new one does not compile until it has a value here. */
export const everyDrillProp: Required<Omit<VaultRestoreDrillProps, 'vault'>> = {
  databases: [{ host: 'orders.example.com', port: 5432 }],
  canary: 'kv/data/canary',
  login: { type: 'jwt', mount: 'cluster', role: 'tries-backups', audience: 'vault-drill' },
  schedule: { cron: '0 4 * * 0', timeZone: 'Europe/Berlin' },
  backupVault: 'vault-backups',
  auditPaths: ['/vault/audit', '/var/log/vault'],
  waitSeconds: 7200,
  role: 'tries-backups',
  serverRole: 'reads-copies',
  outbound: { proxy: 'http://proxy.example.com:3128', ca: { configMap: 'proxy-ca', key: 'proxy.crt' } },
  resources: {
    requests: { cpu: '1', memory: '1Gi', ephemeralStorage: '1Gi' },
    limits: { cpu: '1', memory: '1Gi', ephemeralStorage: '1Gi' },
  },
  serverResources: {
    requests: { cpu: '1', memory: '1Gi', ephemeralStorage: '1Gi' },
    limits: { cpu: '1', memory: '1Gi', ephemeralStorage: '1Gi' },
  },
};
