import { ApiObject, Lazy } from 'cdk8s';
import type { Construct } from 'constructs';
import { k8s } from '../../imports';
import type { AuditStorage } from './pod/audit-storage';
import type { ServerPod } from './pod/pod';
import type { ServerIdentity } from './server-identity';

/** The servers. The template is rendered at synth, since later charts add to the pod. */
export function serverStatefulSet(
  scope: Construct,
  server: ServerIdentity,
  parts: { readonly pod: ServerPod; readonly audit: AuditStorage; readonly serviceName: string },
): ApiObject {
  const produce = () => ({
    ...k8s.toJson_StatefulSetSpec({
      podManagementPolicy: 'Parallel',
      replicas: server.replicas,
      revisionHistoryLimit: 10,
      selector: { matchLabels: server.selector },
      serviceName: parts.serviceName,
      template: {},
      // the order of an upgrade is Vault's, not Kubernetes': standbys first, the active server last
      updateStrategy: { type: 'OnDelete' },
      ...parts.audit.claims,
    }),
    template: parts.pod.template(),
  });
  return new ApiObject(scope, 'statefulset', { ...k8s.KubeStatefulSet.GVK, metadata: server.metadata(), spec: Lazy.any({ produce }) });
}
