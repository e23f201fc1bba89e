import { Lazy } from 'cdk8s';
import type { Construct } from 'constructs';
import { k8s } from '../../imports';
import { unpruned } from '../app/kubernetes/unpruned';
import { HashedObject } from '../app/kustomize/hashed-object';
import { sourceFile } from '../app/kustomize/source-file';
import type { ServerIdentity } from './server-identity';

const reloadScript = sourceFile('server/pod/reload.sh');

/** The files of the pod. Immutable, under a new name when anything in it changes: a pod that was not rolled keeps the file that it started with. */
export function serverConfigMap(scope: Construct, server: ServerIdentity, files: () => Readonly<Record<string, string>>): HashedObject {
  const { namespace, labels } = server.metadata();
  return new HashedObject(scope, 'config', {
    // older pods still mount the one before
    ...k8s.KubeConfigMap.manifest({ metadata: { namespace, labels, annotations: unpruned }, immutable: true }),
    baseName: `${server.name}-config`,
    data: Lazy.any({ produce: () => ({ ...files(), 'reload.sh': reloadScript }) }),
  });
}
