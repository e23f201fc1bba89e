import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

/** The text of a file in charts/ that goes into dist as it is. Compiled code lies elsewhere than the sources, so the project's own folder is looked for. */
export function sourceFile(path: string): string {
  let folder = __dirname;
  while (!existsSync(join(folder, 'package.json'))) folder = dirname(folder);
  return readFileSync(join(folder, 'charts', path), 'utf8');
}
