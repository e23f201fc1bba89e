import { ApiObject, JsonPatch } from 'cdk8s';
import type { Construct } from 'constructs';
import { k8s } from '../../imports';
import type { MemoryLock } from './pod/memory-lock';
import { addsIpcLock } from './pod/memory-lock';

/**
 * IPC_LOCK is in neither Pod Security Standard (Kubernetes documentation): only without it can the namespace enforce one. What breaks `restricted` is seen
 * all the same: the API server warns whoever applies it, and marks it in its audit log ("Pod Security Admission").
 */
export function namespace(scope: Construct, name: string, memoryLock: MemoryLock): void {
  const level = addsIpcLock(memoryLock) ? 'privileged' : 'restricted';
  const object = new ApiObject(
    scope,
    'namespace',
    k8s.KubeNamespace.manifest({
      metadata: {
        name,
        labels: {
          'pod-security.kubernetes.io/enforce': level,
          'pod-security.kubernetes.io/audit': 'restricted',
          'pod-security.kubernetes.io/warn': 'restricted',
        },
      },
    }),
  );
  // cdk8s stamps the chart's namespace on cluster-scoped kinds too
  object.addJsonPatch(JsonPatch.remove('/metadata/namespace'));
}
