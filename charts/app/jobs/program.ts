import { readFileSync } from 'node:fs';
import { dirname, join, posix } from 'node:path';
import { sourceFile } from '../kustomize/source-file';

/** What Node.js loads when it runs a program: imports that are more than types. */
const imports = /^(?:import|export)\s(?!type\s)[^'"]*?from '([^']+)';$|\bimport\('([^']+)'\)/gm;

/**
 * The files of a program by their paths in the pod, which are those in charts/: its entry, the modules that it imports, and packages with their licences.
 *
 * @throws where a module imports what a pod would not have
 */
export function programFiles(entry: string): Readonly<Record<string, string>> {
  const files: Record<string, string> = {};
  const add = (path: string): void => {
    if (path in files) return;
    const text = sourceFile(path);
    files[path] = text;
    for (const [, fixed, dynamic] of text.matchAll(imports)) {
      const name = fixed ?? dynamic ?? '';
      if (name.startsWith('.')) add(posix.join(posix.dirname(path), name));
      else if (!name.startsWith('node:')) Object.assign(files, packageFiles(name));
    }
  };
  add(entry);
  // sorted, so that another order of imports changes nothing else
  return Object.fromEntries(Object.entries(files).sort(([a], [b]) => (a < b ? -1 : 1)));
}

/** A package without dependencies, as far as Node.js loads it: its module, what says which file that is, and its licence. */
function packageFiles(name: string): Record<string, string> {
  const folder = dirname(dirname(require.resolve(name)));
  const read = (path: string): string => readFileSync(join(folder, path), 'utf8');
  const { exports, dependencies } = JSON.parse(read('package.json'));
  if (dependencies !== undefined) throw new Error(`${name} has dependencies: a program takes single files along`);
  const module = posix.normalize(exports['.'].import.default);
  return Object.fromEntries(['package.json', 'LICENSE', module].map(path => [`node_modules/${name}/${path}`, read(path)]));
}

/** A key of a ConfigMap for a path: keys have no folders (Kubernetes API reference, "ConfigMap"). */
export const configMapKey = (path: string): string => path.replaceAll('/', '.');
