import type { k8s } from '../../../imports';
import { integer } from '../validation/check';
import type { KnownProps, Problems } from '../validation/problems';

/** User and group of every pod: above 10000, so that they are nobody's on the node. */
const defaultId = 10001;

/** A container as Pod Security `restricted` wants it; capabilities that are added are the exception that hardening.md explains. */
export function unprivileged(capabilities: { readonly add?: readonly string[] } = {}): k8s.SecurityContext {
  return {
    allowPrivilegeEscalation: false,
    capabilities: { drop: ['ALL'], ...(capabilities.add === undefined ? {} : { add: [...capabilities.add] }) },
    privileged: false,
    readOnlyRootFilesystem: true,
    runAsNonRoot: true,
    seccompProfile: { type: 'RuntimeDefault' },
  };
}

/** Who the processes of a pod are; not root. */
export interface PodUser {
  /**
   * The user id that every container of the pod runs under, except the one that sets the file capability.
   * @default 10001
   */
  readonly uid?: number;
  /**
   * The group id that they run under.
   * @default 10001
   */
  readonly gid?: number;
  /**
   * The group that volumes and the web identity token belong to, so that they can be read.
   * @default 10001
   */
  readonly fsGroup?: number;
}

export function checkPodUser(problems: Problems, user: PodUser | undefined): void {
  const id = integer(1, 2 ** 31 - 1, 'Vault runs without root: leave it out for 10001');
  problems.checkNames('user', user, { uid: true, gid: true, fsGroup: true } satisfies KnownProps<PodUser>);
  for (const name of ['uid', 'gid', 'fsGroup'] as const) problems.check(`user.${name}`, user?.[name], id);
}

export function podSecurity(user: PodUser = {}): k8s.PodSecurityContext {
  return {
    fsGroup: user.fsGroup ?? defaultId,
    fsGroupChangePolicy: 'OnRootMismatch',
    runAsGroup: user.gid ?? defaultId,
    runAsNonRoot: true,
    runAsUser: user.uid ?? defaultId,
    seccompProfile: { type: 'RuntimeDefault' },
  };
}

const apiTokenName = 'api-token';

/** What automounting would give to every container of a pod, for one that asks. */
export const apiTokenVolume = (expirationSeconds = 3607): k8s.Volume => ({
  name: apiTokenName,
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
  name: apiTokenName,
  mountPath: '/var/run/secrets/kubernetes.io/serviceaccount',
  readOnly: true,
};
