import type { k8s } from '../../../imports';
import type { IVault } from '../vault';

const name = 'ca';

/** The authority of the servers' certificate, in /tls: a pod waits until the Secret has it. */
export const vaultCaVolume = (vault: IVault): k8s.Volume => ({
  name,
  secret: { secretName: vault.tlsSecretName, defaultMode: 0o444, items: [{ key: 'ca.crt', path: 'ca.crt' }] },
});

export const vaultCaMount: k8s.VolumeMount = { name, mountPath: '/tls', readOnly: true };
