import { posix } from 'node:path';
import { ApiObject, type App } from 'cdk8s';
import type { IConstruct } from 'constructs';
import { environmentFolder, KustomizeEnvironment, KustomizeFolder } from './kustomize-folder';
import { OutputFile, OutputFolder } from './output-file';
import { manifestPaths } from './render';

/** What two constructs of the app both want for themselves: an object's identity, or a file of dist. */
export function clashes(app: App): string[] {
  const owners = new Map<string, string>();
  const files = new Map<string, IConstruct>();
  const problems: string[] = [];
  const claim = (what: string, construct: IConstruct, fix: string): boolean => {
    const owner = owners.get(what);
    if (owner !== undefined) problems.push(`[${construct.node.path}] ${what} is already taken by [${owner}]; ${fix}`);
    else owners.set(what, construct.node.path);
    return owner === undefined;
  };
  const paths = manifestPaths(app);
  const environments = app.node.children.flatMap(child => (child instanceof KustomizeEnvironment ? [child.folder] : []));

  for (const construct of app.node.findAll()) {
    const folder = KustomizeFolder.of(construct);
    const environment = environmentFolder(folder);
    if (construct instanceof OutputFile) {
      const { path } = construct;
      if (!isFree(path) || (environment === '' && environments.some(other => path.startsWith(other)))) {
        problems.push(
          `[${construct.node.path}] path: got ${JSON.stringify(path)}; allowed: relative paths that dist does not use itself; write for example "notes/owners.txt"`,
        );
      }
      if (claim(`the file ${environment}${path}`, construct, 'give one of them another path'))
        files.set(`${environment}${path}`, construct);
    } else if (construct instanceof OutputFolder) {
      const path = `${environment}${construct.path}`;
      if (claim(`the folder ${path}`, construct, 'leave one of them out')) files.set(path, construct);
    } else if (construct instanceof ApiObject) {
      const { kind, apiGroup, name, metadata } = construct;
      const identity = `${apiGroup === 'core' ? '' : `${apiGroup}/`}${kind} ${metadata.namespace ?? ''}/${name} in dist/${environment}`;
      const fix =
        kind === 'Namespace'
          ? 'leave createNamespace out of one of them'
          : 'give one of the charts another name, or its own app.environment(...)';
      if (claim(identity, construct, fix) && kind !== 'Namespace')
        claim(`the file ${folder?.folder ?? ''}${paths.get(construct)}`, construct, fix);
    }
  }
  for (const [path, construct] of files) {
    for (let parent = posix.dirname(path); !['.', '/', '..'].includes(parent); parent = posix.dirname(parent)) {
      const owner = files.get(parent);
      if (owner !== undefined)
        problems.push(
          `[${construct.node.path}] the path ${parent} is already taken by [${owner.node.path}]; give one of them another path`,
        );
    }
  }
  return problems;
}

/** Whether a path stays in the folder of its environment, and off what dist itself puts there. */
const isFree = (path: string): boolean =>
  path !== '' &&
  posix.normalize(path) === path &&
  !/^(\.\.(\/|$)|\/|\.$)/.test(path) &&
  !/^(kustomization\.yaml|namespace\.yaml|manifests|components)(\/|$)/.test(path);
