/**
 * For objects that are used after their manifest is gone: what older pods mount, and Jobs that may hold keys. Nobody prunes them, nor calls the rest out of
 * sync for them (Argo CD documentation, "Sync Options" and "Compare Options"; Flux documentation, "Kustomization").
 */
export const unpruned: Readonly<Record<string, string>> = {
  'argocd.argoproj.io/compare-options': 'IgnoreExtraneous',
  'argocd.argoproj.io/sync-options': 'Prune=false',
  'kustomize.toolkit.fluxcd.io/prune': 'disabled',
};
