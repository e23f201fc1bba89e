// Type-checks, compiles and runs main.ts (or the file named as the first argument): what both `npm run synth` and `cdk8s synth` execute.
// The compiler works while the libraries load; no line of main.ts runs before its types are right.
import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, statSync, writeFileSync } from 'node:fs';
import module, { createRequire } from 'node:module';
import { dirname, join, relative, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const require = createRequire(import.meta.url);
const main = resolve(process.argv[2] ?? join(root, 'main.ts'));
const outdir = process.env.CDK8S_OUTDIR ?? 'dist';

/** Compiles main.ts and what it imports, and returns the compiled file. Fails with the compiler's own words. */
async function compile() {
  const cache = join(root, 'node_modules', '.cache', 'cdk8s-vault', createHash('sha256').update(main).digest('hex').slice(0, 8));
  const project = {
    extends: join(root, 'tsconfig.json'),
    compilerOptions: {
      noEmit: false,
      noEmitOnError: true,
      incremental: true,
      inlineSourceMap: true,
      skipLibCheck: true,
      rootDir: root,
      outDir: cache,
    },
    include: [],
    files: [main],
  };
  mkdirSync(cache, { recursive: true });
  writeFileSync(join(cache, 'tsconfig.json'), JSON.stringify(project));
  // the compiler itself, as its bin/tsc is a Node.js process that starts it; garbage collection would take longer than its work
  const { default: compiler } = await import(join(dirname(require.resolve('typescript/package.json')), 'lib', 'getExePath.js'));
  try {
    await promisify(execFile)(compiler(), ['--project', cache, '--pretty', 'false'], { env: { ...process.env, GOGC: 'off' } });
  } catch (error) {
    if (!error.stdout) throw error;
    throw Object.assign(new Error(`${relative('.', main)} has type errors, nothing was written:\n${error.stdout}`), { name: 'SynthError' });
  }
  return join(cache, relative(root, main).replace(/\.ts$/, '.js'));
}

async function loadLibraries() {
  module.enableCompileCache?.(); // from Node.js 22 on
  for (const library of ['cdk8s', 'cdk8s-plus-27/lib/imports/k8s', 'yaml']) require(library);
}

/** Where in this project an error came from. */
const ownFrames = error =>
  (error.stack ?? '')
    .split('\n')
    .filter(line => /^ +at /.test(line) && !/node_modules\/(?!\.cache)|node:/.test(line))
    .join('\n');

try {
  const [app] = await Promise.all([compile(), loadLibraries()]);
  // only now: before, Node.js would read the source maps of all libraries
  process.setSourceMapsEnabled(true);
  const before = existsSync(outdir) ? statSync(outdir).ctimeMs : 0;
  require(app);
  if (!existsSync(outdir) || statSync(outdir).ctimeMs === before)
    throw Object.assign(new Error(`${relative('.', main)} made no ${outdir}: it must end with app.synth()`), { name: 'SynthError' });
} catch (error) {
  console.error(error.name === 'SynthError' ? error.message : `${error.name}: ${error.message}\n${ownFrames(error)}`);
  // the CLI says where to write, and has deleted what was there
  if (process.env.CDK8S_OUTDIR && !existsSync(outdir)) {
    console.error(
      `${outdir} is gone: cdk8s synth deletes it before it runs main.ts. Bring it back with: git restore ${outdir} (npm run synth leaves it as it was)`,
    );
  }
  process.exitCode = 1;
}
