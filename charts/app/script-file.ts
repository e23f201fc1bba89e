import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

/** The text of a shell script in charts/. Compiled code lies elsewhere than the scripts, so the project's own folder is looked for. */
export function scriptFile(path: string): string {
  let folder = __dirname;
  while (!existsSync(join(folder, 'package.json'))) folder = dirname(folder);
  return readFileSync(join(folder, 'charts', path), 'utf8');
}
