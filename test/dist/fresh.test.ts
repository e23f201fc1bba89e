import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import { filesOf } from '../support/files';

const root = join(__dirname, '..', '..');

test('dist is what main.ts makes: if not, run npm run synth', () => {
  const folder = mkdtempSync(join(tmpdir(), 'fresh-'));
  try {
    const dist = join(folder, 'dist');
    execFileSync(process.execPath, [join(root, 'bin', 'synth.cjs')], {
      cwd: root,
      env: { ...process.env, CDK8S_OUTDIR: dist },
      stdio: 'pipe',
    });
    expect(filesOf(join(root, 'dist'))).toEqual(filesOf(dist));
  } finally {
    rmSync(folder, { recursive: true });
  }
});
