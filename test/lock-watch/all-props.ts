import type { VaultLockWatchProps } from '../../charts';

/** Every prop of VaultLockWatch: a new one does not compile until it has a value here. */
export const everyLockWatchProp: Required<Omit<VaultLockWatchProps, 'vault'>> = {
  patienceSeconds: 60,
  role: 'watches-the-lock',
  outbound: { proxy: 'http://proxy.example.com:3128', ca: { configMap: 'proxy-ca', key: 'proxy.crt' } },
  resources: {
    requests: { cpu: '1', memory: '1Gi', ephemeralStorage: '1Gi' },
    limits: { cpu: '1', memory: '1Gi', ephemeralStorage: '1Gi' },
  },
};
