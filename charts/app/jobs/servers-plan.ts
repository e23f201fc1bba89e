import type { k8s } from '../../../imports';
import type { IVault } from '../vault';
import type { ServersPlan } from './vault-servers';

/** Where a Job finds the servers of a Vault: what `runtime/servers.mts` is told. */
export const serversPlan = (vault: IVault): ServersPlan => ({
  statefulSet: vault.name,
  selector: vault.selector,
  internalService: vault.services.internal,
  port: vault.port,
});

/** A Job that looks at the StatefulSet and its pods, and acts on those pods alone. */
const serverRules = (vault: IVault, resource: string, verb: string): k8s.PolicyRule[] => [
  { apiGroups: ['apps'], resources: ['statefulsets'], verbs: ['get'], resourceNames: [vault.name] },
  { apiGroups: [''], resources: ['pods'], verbs: ['list'] },
  {
    apiGroups: [''],
    resources: [resource],
    verbs: [verb],
    resourceNames: Array.from({ length: Math.max(10, vault.replicas ?? 0) }, (_, ordinal) => `${vault.name}-${ordinal}`),
  },
];

/** It asks for evictions: budgets have their say. */
export const evictionRules = (vault: IVault): k8s.PolicyRule[] => serverRules(vault, 'pods/eviction', 'create');

/** It deletes pods, whatever budgets say. */
export const deletionRules = (vault: IVault): k8s.PolicyRule[] => serverRules(vault, 'pods', 'delete');
