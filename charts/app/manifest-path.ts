import { ApiObject, type App } from 'cdk8s';
import { HashedObject } from './hashed-object';
import { KustomizeFolder } from './kustomize-folder';

/** Where an object's file lies within its folder; namespaces lie beside the manifests, since `kubectl apply -f` needs them first. */
const manifestPath = (kind: string, ...names: readonly string[]): string =>
  kind === 'Namespace' ? 'namespace.yaml' : `manifests/${[kind, ...names].join('.').replaceAll(':', '-')}.yaml`;

/**
 * The file of every object, relative to its folder. Where an object of another namespace has the name already, that namespace is in the name of the later one:
 * a second Vault in the app renames no file of the first.
 */
export function manifestPaths(app: App): ReadonlyMap<ApiObject, string> {
  const paths = new Map<ApiObject, string>();
  const namespaces = new Map<string, string | undefined>();
  for (const object of app.node.findAll().filter(construct => construct instanceof ApiObject)) {
    const { namespace } = object.metadata;
    const name = HashedObject.isHashedObject(object) ? object.baseName : object.name;
    const folder = KustomizeFolder.of(object)?.folder ?? '';
    const plain = manifestPath(object.kind, name);
    if (!namespaces.has(`${folder}${plain}`)) namespaces.set(`${folder}${plain}`, namespace);
    const taken = namespaces.get(`${folder}${plain}`) !== namespace && namespace !== undefined;
    paths.set(object, taken ? manifestPath(object.kind, name, namespace) : plain);
  }
  return paths;
}
