import { ApiObject } from 'cdk8s';
import type { Construct } from 'constructs';
import { k8s } from '../../../imports';

export interface NamespacedRoleProps {
  readonly name: string;
  readonly namespace: string;
  readonly labels: Readonly<Record<string, string>>;
  /** Who may do it, in the same namespace. */
  readonly serviceAccount: string;
  readonly rules: readonly k8s.PolicyRule[];
}

/** What one ServiceAccount may do in its own namespace: a Role, and the binding of the same name. */
export function namespacedRole(scope: Construct, props: NamespacedRoleProps): void {
  const { name, namespace, labels, serviceAccount, rules } = props;
  const metadata = { name, namespace, labels: { ...labels } };
  new ApiObject(scope, 'role', k8s.KubeRole.manifest({ metadata, rules: [...rules] }));
  new ApiObject(
    scope,
    'role-binding',
    k8s.KubeRoleBinding.manifest({
      metadata,
      roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'Role', name },
      subjects: [{ kind: 'ServiceAccount', name: serviceAccount, namespace }],
    }),
  );
}
