import type { Construct } from 'constructs';
import { objectLabels, type SelectorLabels } from '../app/kubernetes/labels';
import { namespacedRole } from '../app/kubernetes/namespaced-role';

/** More servers than anybody runs; bounds what is made of it. */
export const maxReplicas = 100;

/** Vault labels its own pod with its state: get and patch, on the servers' pods alone. Ten ordinals leave room to scale by overlay. */
export function podLabelRole(
  scope: Construct,
  name: string,
  namespace: string,
  selector: SelectorLabels,
  serviceAccount: string,
  replicas: number,
): void {
  const ordinals = Array.from({ length: Math.min(Math.max(10, replicas), maxReplicas) }, (_, ordinal) => `${name}-${ordinal}`);
  namespacedRole(scope, {
    name,
    namespace,
    labels: objectLabels(selector),
    serviceAccount,
    rules: [{ apiGroups: [''], resources: ['pods'], resourceNames: ordinals, verbs: ['get', 'patch'] }],
  });
}
