import { ApiObject } from 'cdk8s';
import type { Construct } from 'constructs';
import { k8s } from '../../../imports';
import { clusterScoped } from '../kubernetes/cluster-scoped';
import { objectLabels, selectorLabels } from '../kubernetes/labels';
import type { IVault } from '../vault';

/** The Vaults that may ask already. */
const delegated = new WeakSet<IVault>();

/** Lets a ServiceAccount ask the cluster whose a token is. */
export function mayReviewTokens(
  scope: Construct,
  vault: IVault,
  account: { readonly name: string; readonly serviceAccount: string },
): void {
  const manifest = k8s.KubeClusterRoleBinding.manifest({
    metadata: { name: `${vault.namespace}-${account.name}-auth-delegator`, labels: objectLabels(selectorLabels(vault.name, 'server')) },
    roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'system:auth-delegator' },
    subjects: [{ kind: 'ServiceAccount', name: account.serviceAccount, namespace: vault.namespace }],
  });
  clusterScoped(new ApiObject(scope, 'auth-delegator', manifest));
}

/** Lets Vault ask the cluster whose a ServiceAccount token is (Vault documentation, "Kubernetes auth method"); once, whoever needs it. */
export function authDelegator(scope: Construct, vault: IVault): void {
  if (delegated.has(vault)) return;
  delegated.add(vault);
  mayReviewTokens(scope, vault, { name: vault.name, serviceAccount: vault.serviceAccountName });
}
