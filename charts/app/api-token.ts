import type { k8s } from '../../imports';

const name = 'api-token';

/** What automounting would give to every container of a pod, for one that asks. */
export const apiTokenVolume = (expirationSeconds = 3607): k8s.Volume => ({
  name,
  projected: {
    defaultMode: 0o440,
    sources: [
      { serviceAccountToken: { path: 'token', expirationSeconds } },
      { configMap: { name: 'kube-root-ca.crt', items: [{ key: 'ca.crt', path: 'ca.crt' }] } },
      { downwardApi: { items: [{ path: 'namespace', fieldRef: { apiVersion: 'v1', fieldPath: 'metadata.namespace' } }] } },
    ],
  },
});

export const apiTokenMount: k8s.VolumeMount = {
  name,
  mountPath: '/var/run/secrets/kubernetes.io/serviceaccount',
  readOnly: true,
};
