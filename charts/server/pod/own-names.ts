import { posix } from 'node:path';
import type { k8s } from '../../../imports';

/** Names that the chart uses in the pod; they are what overlays patch, so they do not change. */
export const ownContainers = ['vault', 'reload', 'copy-vault', 'lock-memory'];
export const ownVolumes = ['config', 'tls', 'home', 'tmp', 'api-token', 'vault-binary', 'audit', 'aws-iam-token'];
export const ownMountPaths = [
  '/vault/config',
  '/vault/tls',
  '/vault/bin',
  '/vault/audit',
  '/home/vault',
  '/tmp',
  '/var/run/secrets/kubernetes.io',
  '/var/run/secrets/eks.amazonaws.com',
];

/** Whether one path is the other, or lies in it. */
export const overlap = (a: string, b: string): boolean => inside(a, b) || inside(b, a);

const inside = (path: string, folder: string): boolean => `${posix.normalize(path)}/`.startsWith(`${posix.normalize(folder)}/`);

/** Where the server may write; its root file system is read-only. */
export const writablePaths = (...mounts: readonly (readonly k8s.VolumeMount[] | undefined)[]): readonly string[] => [
  '/tmp',
  '/home/vault',
  ...mounts.flatMap(list => (list ?? []).map(({ mountPath }) => mountPath)),
];
