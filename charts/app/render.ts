import { ApiObject, type App } from 'cdk8s';
import { stringify } from 'yaml';
import { SynthError } from './errors';
import { HashedObject } from './hashed-object';
import { KustomizeFolder } from './kustomize-folder';
import { OutputFile } from './output-file';

/** YAML 1.1, which kubectl reads; no aliases, no folded lines. */
const toYaml = (value: unknown): string => stringify(value, { version: '1.1', lineWidth: 0, aliasDuplicateObjects: false });

/** Collects files and what is wrong with them: a second file of one name, a second object of one identity. */
class Tree {
  readonly files = new Map<string, string>();
  readonly problems: string[] = [];
  private readonly owners = new Map<string, string>();

  /** Notes that a construct claims something that only one may have; false, and a problem, where another has it. */
  claim(what: string, construct: { readonly node: { readonly path: string } }, fix: string): boolean {
    const owner = this.owners.get(what);
    if (owner !== undefined) this.problems.push(`[${construct.node.path}] ${what} is already made by [${owner}]; ${fix}`);
    this.owners.set(what, construct.node.path);
    return owner === undefined;
  }
}

/** All of dist: the manifests, their kustomizations and the other files, sorted by path. */
export function renderTree(app: App): ReadonlyMap<string, string> {
  const tree = new Tree();
  const resources = new Map<KustomizeFolder | undefined, string[]>();
  for (const construct of app.node.findAll()) {
    const folder = KustomizeFolder.of(construct);
    if (construct instanceof ApiObject) {
      const path = addManifest(tree, construct, folder?.folder ?? '');
      resources.set(folder, [...(resources.get(folder) ?? []), path]);
    } else if (construct instanceof OutputFile) {
      const path = `${baseFolder(folder)}${construct.path}`;
      tree.claim(`the file ${path}`, construct, 'give one of them another path');
      tree.files.set(path, construct.content());
    }
  }
  for (const [folder, paths] of resources) addKustomization(tree, folder, paths);
  if (tree.problems.length > 0) throw new SynthError(tree.problems);
  return new Map([...tree.files].sort(([a], [b]) => (a < b ? -1 : 1)));
}

/** Adds one object's file and returns its path within its folder. */
function addManifest(tree: Tree, object: ApiObject, folder: string): string {
  const json = object.toJson();
  const { kind, apiVersion, metadata } = json;
  const group = apiVersion.includes('/') ? `${apiVersion.split('/')[0]}/` : '';
  const fix = 'give one of the charts another name, or its own app.base(...)';
  const unique = tree.claim(
    `${group}${kind} ${metadata.namespace ?? ''}/${metadata.name} in dist/${folder.split('components/')[0]}`,
    object,
    fix,
  );

  const name = HashedObject.isHashedObject(object) ? object.baseName : metadata.name;
  const path = kind === 'Namespace' ? 'namespace.yaml' : `manifests/${kind}.${name.replaceAll(':', '-')}.yaml`;
  const before = kind === 'Namespace' ? tree.files.get(folder + path) : undefined;
  if (unique && kind !== 'Namespace') tree.claim(`the file ${folder}${path}`, object, fix);
  tree.files.set(folder + path, `${before === undefined ? '' : `${before}---\n`}${toYaml(json)}`);
  return path;
}

function addKustomization(tree: Tree, folder: KustomizeFolder | undefined, paths: readonly string[]): void {
  const kind = folder?.kind ?? 'Kustomization';
  tree.files.set(
    `${folder?.folder ?? ''}kustomization.yaml`,
    toYaml({
      apiVersion: `kustomize.config.k8s.io/${kind === 'Component' ? 'v1alpha1' : 'v1beta1'}`,
      kind,
      // the namespace first: kubectl applies in this order
      resources: [...new Set(paths)].sort((a, b) => Number(b === 'namespace.yaml') - Number(a === 'namespace.yaml') || (a < b ? -1 : 1)),
    }),
  );
}

/** The folder of the base that a folder belongs to: files other than manifests land there, also from a component. */
const baseFolder = (folder: KustomizeFolder | undefined): string => (folder?.folder ?? '').replace(/components\/[^/]+\/$/, '');
