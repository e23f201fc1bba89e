import { ApiObject } from 'cdk8s';
import type { Construct } from 'constructs';
import { k8s } from '../../imports';
import { objectLabels, type SelectorLabels } from '../app/labels';

/** More servers than anybody runs; bounds what is made of it. */
export const maxReplicas = 100;

/** Vault labels its own pod with its state: get and patch, on the servers' pods alone. Ten ordinals leave room to scale by overlay. */
export function podLabelling(
  scope: Construct,
  name: string,
  namespace: string,
  selector: SelectorLabels,
  account: string,
  replicas: number,
): void {
  const metadata = { name, namespace, labels: objectLabels(selector) };
  const ordinals = Array.from({ length: Math.min(Math.max(10, replicas), maxReplicas) }, (_, ordinal) => `${name}-${ordinal}`);
  new ApiObject(
    scope,
    'role',
    k8s.KubeRole.manifest({
      metadata,
      rules: [{ apiGroups: [''], resources: ['pods'], resourceNames: ordinals, verbs: ['get', 'patch'] }],
    }),
  );
  new ApiObject(
    scope,
    'role-binding',
    k8s.KubeRoleBinding.manifest({
      metadata,
      roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'Role', name },
      subjects: [{ kind: 'ServiceAccount', name: account, namespace }],
    }),
  );
}
