import { ApiObject, type App } from 'cdk8s';
import { isYamlText } from '../validation/check';
import { refusal } from '../validation/problems';
import { HashedObject } from './hashed-object';
import { environmentFolder, KustomizeFolder } from './kustomize-folder';
import { OutputFile, OutputFolder } from './output-file';
import { SynthError } from './synth-error';
import { toYaml } from './yaml';

/**
 * All of dist: the manifests, their kustomizations and the other files, sorted by path. Clashes are ruled out before.
 *
 * @throws SynthError where a manifest holds a string that YAML cannot
 */
export function renderTree(app: App): ReadonlyMap<string, string> {
  const files = new Map<string, string>();
  const problems: string[] = [];
  const paths = manifestPaths(app);
  const resources = new Map<KustomizeFolder | undefined, string[]>();
  for (const construct of app.node.findAll()) {
    const folder = KustomizeFolder.of(construct);
    if (construct instanceof ApiObject) {
      const path = paths.get(construct) ?? '';
      const full = `${folder?.folder ?? ''}${path}`;
      const before = files.get(full); // several namespaces share a file
      const json = construct.toJson();
      problems.push(...unreadable(json).map(problem => `[${construct.node.path}] ${problem}`));
      files.set(full, `${before === undefined ? '' : `${before}---\n`}${toYaml(json)}`);
      resources.set(folder, [...(resources.get(folder) ?? []), path]);
    } else if (construct instanceof OutputFile) {
      files.set(`${environmentFolder(folder)}${construct.path}`, construct.content());
    } else if (construct instanceof OutputFolder) {
      for (const [path, text] of construct.files()) files.set(`${environmentFolder(folder)}${construct.path}/${path}`, text);
    }
  }
  if (problems.length > 0) throw new SynthError(problems);
  for (const [folder, paths] of resources) files.set(`${folder?.folder ?? ''}kustomization.yaml`, kustomization(folder, paths));
  return new Map([...files].sort(([a], [b]) => (a < b ? -1 : 1)));
}

/** The strings of a manifest, keys too, that no reader of YAML takes: by their place in it. */
function unreadable(value: unknown, path = ''): string[] {
  if (typeof value === 'string')
    return isYamlText(value) ? [] : [refusal(path, value, 'strings without control characters and half surrogate pairs', 'remove them')];
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([key, item]) => [
    ...unreadable(key, `${path}, a key`),
    ...unreadable(item, path === '' ? key : `${path}.${key}`),
  ]);
}

function kustomization(folder: KustomizeFolder | undefined, paths: readonly string[]): string {
  const kind = folder?.kind ?? 'Kustomization';
  return toYaml({
    apiVersion: `kustomize.config.k8s.io/${kind === 'Component' ? 'v1alpha1' : 'v1beta1'}`,
    kind,
    // the namespace first: kubectl applies in this order
    resources: [...new Set(paths)].sort((a, b) => Number(b === 'namespace.yaml') - Number(a === 'namespace.yaml') || (a < b ? -1 : 1)),
  });
}

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
