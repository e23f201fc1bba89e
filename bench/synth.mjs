// Measures, side by side in one run: `cdk8s synth` of this project, type check included, against that of an empty compiled cdk8s app;
// and what one more Vault in the same app costs, as the difference between 100 Vaults and one.
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const scratch = mkdtempSync(join(tmpdir(), 'bench-'));
const rounds = Number(process.argv[2] ?? 10);

const median = values => values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)];
const range = values => `median ${median(values).toFixed(2)} (${Math.min(...values).toFixed(2)} to ${Math.max(...values).toFixed(2)})`;

function timed(args, env = {}) {
  const start = process.hrtime.bigint();
  const output = execFileSync(process.execPath, args, {
    cwd: root,
    encoding: 'utf8',
    env: { ...process.env, CDK8S_CHECK_UPGRADE: 'false', ...env },
  });
  return { seconds: Number(process.hrtime.bigint() - start) / 1e9, output };
}

const cli = app =>
  timed([join(root, 'node_modules', 'cdk8s-cli', 'bin', 'cdk8s'), 'synth', '--app', app, '--output', join(scratch, 'dist')]).seconds;
// into a folder of its own each: what a disk does about the files that it replaces is not the app's (TMPDIR=/dev/shm leaves the disk out altogether)
let folders = 0;
const vaults = count => {
  folders += 1;
  return timed(['bin/synth.cjs', 'bench/vaults.ts'], { VAULTS: String(count), CDK8S_OUTDIR: join(scratch, `many-${folders}`) });
};

try {
  const empty = join(root, 'node_modules', '.cache', 'empty.cjs');
  writeFileSync(empty, "const { App, Chart } = require('cdk8s');\nconst app = new App();\nnew Chart(app, 'empty');\napp.synth();\n");
  const [own, other, ratios] = [[], [], []];
  for (let round = 0; round <= rounds; round += 1) {
    const a = cli('node bin/synth.cjs');
    const b = cli(`node ${empty}`);
    if (round === 0) continue; // warms the caches up
    own.push(a);
    other.push(b);
    ratios.push(a / b);
  }
  console.log(`cdk8s synth of main.ts, type check included: ${range(own)} s`);
  console.log(`cdk8s synth of an empty compiled app:        ${range(other)} s`);
  console.log(`ratio, round by round: ${range(ratios)}; goal 1.2 or less`);

  const costs = [];
  const memory = { 1: [], 100: [] };
  for (let round = 0; round < rounds; round += 1) {
    const [one, hundred] = [vaults(1), vaults(100)];
    costs.push(((hundred.seconds - one.seconds) / 99) * 1000);
    memory[1].push(Number(one.output));
    memory[100].push(Number(hundred.output));
  }
  console.log(`one more Vault in the same app: ${range(costs)} ms; goal 10 ms or less`);
  console.log(`largest memory: ${median(memory[1]).toFixed(0)} MB with 1 Vault, ${median(memory[100]).toFixed(0)} MB with 100`);
} finally {
  rmSync(scratch, { recursive: true });
}
