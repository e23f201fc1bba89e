import { ApiObject } from 'cdk8s';
import type { Construct } from 'constructs';
import { k8s } from '../../imports';
import { clusterScoped } from '../app/kubernetes/cluster-scoped';
import type { Part } from '../app/validation/part';
import type { Problems } from '../app/validation/problems';
import type { LockedMemory } from './pod/memory-lock';
import type { ServerIdentity } from './server-identity';

/**
 * The Namespace of `createNamespace`. IPC_LOCK is in neither Pod Security Standard (Kubernetes documentation): only without it can the namespace enforce one.
 * What breaks `restricted` is seen all the same: the API server warns whoever applies it, and marks it in its audit log ("Pod Security Admission").
 */
export class ServerNamespace implements Part {
  constructor(
    scope: Construct,
    private readonly server: ServerIdentity,
    private readonly created: boolean | undefined,
    private readonly memory: LockedMemory,
  ) {
    if (!created) return;
    const metadata = {
      name: server.namespace,
      labels: {
        'pod-security.kubernetes.io/enforce': this.enforcesRestricted ? 'restricted' : 'privileged',
        'pod-security.kubernetes.io/audit': 'restricted',
        'pod-security.kubernetes.io/warn': 'restricted',
      },
    };
    clusterScoped(new ApiObject(scope, 'namespace', k8s.KubeNamespace.manifest({ metadata })));
  }

  /** Whether pods that break Pod Security `restricted` would be refused. */
  get enforcesRestricted(): boolean {
    return this.created === true && !this.memory.addsIpcLock;
  }

  validate(problems: Problems): void {
    const { namespace } = this.server;
    if (this.created && /^(default|kube-.*)$/.test(namespace))
      problems.refuse(
        'createNamespace',
        namespace,
        "namespaces that are not the cluster's own",
        'leave createNamespace out, or give Vault a namespace of its own',
      );
  }
}
