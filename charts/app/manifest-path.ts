/** Where an object's file lies within its folder; namespaces lie beside the manifests, since `kubectl apply -f` needs them first. */
export const manifestPath = (kind: string, name: string): string =>
  kind === 'Namespace' ? 'namespace.yaml' : `manifests/${kind}.${name.replaceAll(':', '-')}.yaml`;
