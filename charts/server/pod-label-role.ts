import type { Construct } from 'constructs';
import { namespacedRole } from '../app/kubernetes/namespaced-role';
import { maxReplicas, type ServerIdentity } from './server-identity';

/** Vault labels its own pod with its state: get and patch, on the servers' pods alone. Ten ordinals leave room to scale by overlay. */
export function podLabelRole(scope: Construct, server: ServerIdentity, serviceAccount: string): void {
  const ordinals = Array.from(
    { length: Math.min(Math.max(10, server.replicas), maxReplicas) },
    (_, ordinal) => `${server.name}-${ordinal}`,
  );
  namespacedRole(scope, {
    ...server.metadata(),
    serviceAccount,
    rules: [{ apiGroups: [''], resources: ['pods'], resourceNames: ordinals, verbs: ['get', 'patch'] }],
  });
}
