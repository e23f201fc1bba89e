// Type-checks and runs main.ts (or the file named as the first argument): what both `npm run synth` and `cdk8s synth` execute.
// The type check and the loading of the libraries run side by side; no line of main.ts runs before its types are right.
import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join, relative, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { build } from 'esbuild';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const require = createRequire(import.meta.url);
const main = resolve(process.argv[2] ?? join(root, 'main.ts'));
const outdir = process.env.CDK8S_OUTDIR ?? 'dist';

/** The TypeScript compiler's own words on main.ts and everything that it imports. */
async function typeCheck() {
  const project = main === join(root, 'main.ts') ? 'tsconfig.synth.json' : 'tsconfig.json';
  try {
    await promisify(execFile)(process.execPath, [
      join(dirname(require.resolve('typescript/package.json')), 'bin', 'tsc'),
      '--noEmit',
      '--pretty',
      'false',
      '--project',
      join(root, project),
    ]);
  } catch (error) {
    if (!error.stdout) throw error;
    throw Object.assign(new Error(`${relative('.', main)} has type errors, nothing was written:\n${error.stdout}`), { name: 'SynthError' });
  }
}

async function bundle() {
  const outfile = join(root, 'node_modules', '.cache', 'cdk8s-vault', 'app.cjs');
  await build({
    entryPoints: [main],
    outfile,
    bundle: true,
    packages: 'external',
    platform: 'node',
    target: 'node20',
    loader: { '.sh': 'text' },
    sourcemap: 'inline',
  });
  for (const library of ['cdk8s', 'cdk8s-plus-27/lib/imports/k8s', 'yaml']) require(library);
  return outfile;
}

try {
  process.setSourceMapsEnabled(true);
  const [app] = await Promise.all([bundle(), typeCheck()]);
  require(app);
} catch (error) {
  console.error(error.name === 'SynthError' ? error.message : error.stack);
  if (process.env.CDK8S_OUTDIR && !existsSync(outdir)) {
    console.error(
      `${outdir} is gone: cdk8s synth deletes it before it runs main.ts. Bring it back with: git restore ${outdir} (npm run synth leaves it as it was)`,
    );
  }
  process.exitCode = 1;
}
