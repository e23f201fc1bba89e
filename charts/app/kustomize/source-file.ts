import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

/** The project's own folder: compiled code lies elsewhere than the sources. */
let root = __dirname;
while (!existsSync(join(root, 'package.json'))) root = dirname(root);

/** The text of a file in charts/ that goes into dist as it is. */
export const sourceFile = (path: string): string => readFileSync(join(root, 'charts', path), 'utf8');
