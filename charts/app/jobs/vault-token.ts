import type { k8s } from '../../../imports';

const name = 'vault-token';

/** The token by which a Job logs in to Vault, in /var/run/secrets/vault: kubelet renews it. */
export const vaultTokenVolume = (audience: string, expirationSeconds = 3600): k8s.Volume => ({
  name,
  projected: { defaultMode: 0o440, sources: [{ serviceAccountToken: { audience, expirationSeconds, path: 'token' } }] },
});

export const vaultTokenMount: k8s.VolumeMount = { name, mountPath: '/var/run/secrets/vault', readOnly: true };
