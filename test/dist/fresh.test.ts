import { execFileSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { expect, test } from '@jest/globals';

const root = join(__dirname, '..', '..');

/** The files below a folder and their text. */
function filesOf(folder: string): Record<string, string> {
  const files = readdirSync(folder, { recursive: true, withFileTypes: true }).filter(entry => entry.isFile());
  const paths = files.map(({ parentPath, name }) => join(parentPath, name));
  return Object.fromEntries(paths.map(path => [relative(folder, path), readFileSync(path, 'utf8')]));
}

test('dist is what main.ts makes: if not, run npm run synth', () => {
  const folder = mkdtempSync(join(tmpdir(), 'fresh-'));
  try {
    const dist = join(folder, 'dist');
    execFileSync(process.execPath, [join(root, 'bin', 'synth.mjs')], {
      cwd: root,
      env: { ...process.env, CDK8S_OUTDIR: dist },
      stdio: 'pipe',
    });
    expect(filesOf(join(root, 'dist'))).toEqual(filesOf(dist));
  } finally {
    rmSync(folder, { recursive: true });
  }
});
