import { execFile, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, renameSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { filesOf } from '../support/files';

const root = join(__dirname, '..', '..');
let folder: string;
let dist: string;
beforeAll(() => {
  folder = mkdtempSync(join(__dirname, 'synth-'));
  dist = join(folder, 'dist');
});
afterAll(() => rmSync(folder, { recursive: true }));

/** Runs a main.ts with these props, as `npm run synth` does, or through the cdk8s CLI. */
function synth(props: string, through: 'npm run synth' | 'cdk8s synth') {
  const main = join(folder, 'main.ts');
  writeFileSync(
    main,
    `import { KustomizeApp, VaultServer } from '../../../charts';
const app = new KustomizeApp();
new VaultServer(app, 'vault', {
  namespace: 'vault',
  aws: { accountId: '123456789012', region: 'eu-west-1' },
  storage: { table: 'vault-data' },
  seal: { kmsKeyId: 'alias/vault-unseal' },
  tls: { secretName: 'vault-tls' },
  ${props}
});
app.synth();
`,
  );
  const app = join(root, 'bin', 'synth.cjs');
  const cli = join(root, 'node_modules', 'cdk8s-cli', 'bin', 'cdk8s');
  const args = through === 'npm run synth' ? [app, main] : [cli, 'synth', '--app', 'node ../../../bin/synth.cjs main.ts', '--output', dist];
  return spawnSync(process.execPath, args, { cwd: folder, encoding: 'utf8', env: environment() });
}

function environment(): NodeJS.ProcessEnv {
  const { CDK8S_OUTDIR: _, ...env } = process.env;
  return { ...env, CDK8S_CHECK_UPGRADE: 'false' };
}

const committed = 'what was there before';
function commitDist(): void {
  mkdirSync(dist, { recursive: true });
  writeFileSync(join(dist, 'before.yaml'), committed);
}

describe('npm run synth', () => {
  test('makes dist', () => {
    commitDist();
    expect(synth('', 'npm run synth')).toMatchObject({ status: 0, stderr: '' });
    expect(existsSync(join(dist, 'kustomization.yaml'))).toBe(true);
    expect(existsSync(join(dist, 'before.yaml'))).toBe(false);
  });

  test('does not mind what main.ts does not use', () => {
    commitDist();
    expect(synth("podAnnotations: (unused => ({}))('nothing'),", 'npm run synth')).toMatchObject({ status: 0, stderr: '' });
  });

  test.each([
    ['a type error', "replicas: 'three',", /main\.ts\(\d+,\d+\): error TS2322: Type 'string' is not assignable to type 'number'/],
    [
      'an unknown prop',
      'replica: 3,',
      /error TS2561: .*'replica' does not exist in type 'VaultServerProps'. Did you mean to write 'replicas'\?/,
    ],
    [
      'a wrong value',
      'replicas: -3,',
      /^1 problem, nothing was written:\n {2}\[vault\] replicas: got -3; allowed: whole numbers from 0 to 100; .*\n$/,
    ],
  ])('with %s says so, without a stack trace, and leaves dist as it was', (_, props, message) => {
    commitDist();
    const { status, stderr } = synth(props, 'npm run synth');
    expect(status).toBe(1);
    expect(stderr).toMatch(message);
    expect(stderr).not.toMatch(/^ +at /m);
    expect(readFileSync(join(dist, 'before.yaml'), 'utf8')).toBe(committed);
  });
});

describe('a main.ts of any kind', () => {
  const header =
    "import { existsSync, readFileSync } from 'node:fs';\nimport { join } from 'node:path';\nimport { KustomizeApp, OutputFile } from '../../../charts';\n";
  const run = (name: string, text: string) => {
    const main = join(folder, `${name}.ts`);
    writeFileSync(main, `${header}${text}`);
    return spawnSync(process.execPath, [join(root, 'bin', 'synth.cjs'), main], { cwd: folder, encoding: 'utf8', env: environment() });
  };

  test('that forgets app.synth() is told so', () => {
    commitDist();
    const { status, stderr } = run('idle', 'new KustomizeApp();');
    expect([status, stderr]).toEqual([1, 'idle.ts synthesised nothing: it must end with app.synth()\n']);
    expect(readFileSync(join(dist, 'before.yaml'), 'utf8')).toBe(committed);
  });

  test('that waits for something before it synthesises', () => {
    commitDist();
    const waits = 'void (async () => { await new Promise(resolve => setTimeout(resolve, 50)); new KustomizeApp().synth(); })();';
    expect(run('waits', waits)).toMatchObject({ status: 0, stderr: '' });
    expect(existsSync(join(dist, 'before.yaml'))).toBe(false);
  });

  test('that fails after it has waited', () => {
    commitDist();
    const { status, stderr } = run(
      'fails',
      "void (async () => { await null; new KustomizeApp().environment('X'); new KustomizeApp().synth(); throw new Error('later'); })();",
    );
    expect(status).toBe(1);
    expect(stderr).toMatch(/^Error: later\n +at .*fails\.ts:4:/);
    expect(stderr).not.toContain('.cache');
  });

  test('that is refused after it has waited', () => {
    const { status, stderr } = run(
      'refused',
      "void (async () => { await null; const app = new KustomizeApp(); app.environment('X'); app.synth(); })();",
    );
    expect([status, stderr]).toEqual([1, expect.stringMatching(/^1 problem, nothing was written:\n {2}\[X\] name: got "X";/)]);
  });

  test('that writes elsewhere', () => {
    commitDist();
    expect(run('elsewhere', "new KustomizeApp({ outdir: 'elsewhere' }).synth();")).toMatchObject({ status: 0, stderr: '' });
    expect(existsSync(join(folder, 'elsewhere'))).toBe(true);
    expect(readFileSync(join(dist, 'before.yaml'), 'utf8')).toBe(committed);
  });

  test('that reads a file beside it', () => {
    writeFileSync(join(folder, 'owners.txt'), 'platform');
    const reads =
      "const app = new KustomizeApp();\nnew OutputFile(app, 'f', { path: 'owners', content: () => readFileSync(join(__dirname, 'owners.txt'), 'utf8') });\napp.synth();";
    expect(run('reads', reads)).toMatchObject({ status: 0, stderr: '' });
    expect(readFileSync(join(dist, 'owners'), 'utf8')).toBe('platform');
  });

  test('that asks cdk8s for what this app does not do', () => {
    const { status, stderr } = run('asks', "new KustomizeApp({ outdir: 'dist', ...{ yamlOutputType: 'FILE_PER_CHART' } }).synth();");
    expect([status, stderr]).toEqual([
      1,
      '1 problem, nothing was written:\n  [KustomizeApp] yamlOutputType: got "FILE_PER_CHART"; allowed: outdir, resolvers; leave it out: it has no effect\n',
    ]);
  });
});

/** Ends a synth by force while it holds the lock of its compiled files. */
async function killWithLock(main: string): Promise<void> {
  const caches = join(root, 'node_modules', '.cache', 'cdk8s-vault');
  const child = spawn(process.execPath, [join(root, 'bin', 'synth.cjs'), main], { cwd: folder, env: environment() });
  const holdsLock = () =>
    readdirSync(caches)
      .map(name => join(caches, name, 'lock'))
      .some(lock => existsSync(lock) && readFileSync(lock, 'utf8') === String(child.pid));
  while (!holdsLock()) {
    // else there is nothing left to wait for
    expect(child.exitCode).toBeNull();
    await setTimeout(1);
  }
  child.kill('SIGKILL');
  await once(child, 'exit');
  expect(holdsLock()).toBe(true);
}

test.each(['after another has ended', 'after another was killed'])(
  'several synths at once, %s: each makes the whole dist, and nothing else is left or lost',
  async before => {
    commitDist();
    const own = join(folder, 'dist.old');
    mkdirSync(own, { recursive: true });
    const main = join(folder, 'main.ts');
    writeFileSync(main, readFileSync(join(root, 'main.ts'), 'utf8').replace("'./charts'", "'../../../charts'"));
    if (before === 'after another was killed') await killWithLock(main);
    const synths = Array.from({ length: 4 }, () =>
      promisify(execFile)(process.execPath, [join(root, 'bin', 'synth.cjs'), main], { cwd: folder, env: environment() }),
    );
    for (const { stderr } of await Promise.all(synths)) expect(stderr).toBe('');
    expect(filesOf(dist)).toEqual(filesOf(join(root, 'dist')));
    expect(
      readdirSync(folder)
        .filter(name => name.startsWith('dist'))
        .sort(),
    ).toEqual(['dist', 'dist.old']);
  },
);

describe('what was compiled before', () => {
  const imported = () => join(folder, 'replicas.ts');
  const run = () => {
    const main = join(folder, 'again.ts');
    if (!existsSync(main))
      writeFileSync(
        main,
        "import { KustomizeApp, OutputFile } from '../../../charts';\nimport { replicas } from './replicas';\nconst text: string = replicas;\nconst app = new KustomizeApp();\nnew OutputFile(app, 'f', { path: 'replicas', content: () => text });\napp.synth();\n",
      );
    return spawnSync(process.execPath, [join(root, 'bin', 'synth.cjs'), main], { cwd: folder, encoding: 'utf8', env: environment() });
  };
  /** Puts a file there that is older than what stood there, as `mv` and `cp -p` do. */
  const restore = (text: string) => {
    writeFileSync(`${imported()}.old`, text);
    utimesSync(`${imported()}.old`, 1, 1);
    renameSync(`${imported()}.old`, imported());
  };

  test.each([
    ['is used again', () => {}, 'three'],
    ['is not used after an older file came back', () => restore("export const replicas = 'five';\n"), 'five'],
  ])('%s', (_, change, expected) => {
    writeFileSync(imported(), "export const replicas = 'three';\n");
    for (let times = 0; times < 2; times += 1) expect(run()).toMatchObject({ status: 0, stderr: '' });
    change();
    expect(run()).toMatchObject({ status: 0, stderr: '' });
    expect(readFileSync(join(dist, 'replicas'), 'utf8')).toBe(expected);
  });

  test('is loaded as far as main.ts uses it', () => {
    const main = join(folder, 'loaded.ts');
    writeFileSync(
      main,
      `import { KustomizeApp, VaultRestore } from '../../../charts';
const loaded = (chart: string) => Object.keys(require.cache).some(file => file.endsWith(\`\${chart}.js\`));
console.log(loaded('vault-rollout'), typeof VaultRestore, loaded('vault-restore'));
new KustomizeApp().synth();
`,
    );
    const run = () =>
      spawnSync(process.execPath, [join(root, 'bin', 'synth.cjs'), main], { cwd: folder, encoding: 'utf8', env: environment() });
    run();
    expect(run()).toMatchObject({ status: 0, stdout: 'false function true\n' });
  });

  test('goes once its main.ts is gone, and no other', () => {
    const caches = join(root, 'node_modules', '.cache', 'cdk8s-vault');
    const made = Object.entries({ gone: join(folder, 'nowhere.ts'), kept: join(folder, 'again.ts') }).map(([name, main]) => {
      const cache = join(caches, `${name}-of-a-test`);
      mkdirSync(cache, { recursive: true });
      writeFileSync(join(cache, 'main'), main);
      utimesSync(cache, 1, 1);
      return cache;
    });
    writeFileSync(imported(), "export const replicas = 'seven';\n");
    expect(run()).toMatchObject({ status: 0, stderr: '' });
    expect(made.map(cache => existsSync(cache))).toEqual([false, true]);
    for (const cache of made) rmSync(cache, { recursive: true, force: true });
  });

  test('passes no wrong type: neither one that came with an older file, nor one that was refused before', () => {
    writeFileSync(imported(), "export const replicas = 'three';\n");
    expect(run()).toMatchObject({ status: 0, stderr: '' });
    restore('export const replicas = 5;\n');
    for (let times = 0; times < 2; times += 1) expect(run()).toMatchObject({ status: 1, stderr: expect.stringContaining('TS2322') });
  });
});

describe('cdk8s synth', () => {
  test('makes dist', () => {
    expect(synth('', 'cdk8s synth')).toMatchObject({ status: 0 });
    expect(existsSync(join(dist, 'kustomization.yaml'))).toBe(true);
  });

  test.each([
    ['a type error', "replicas: 'three',"],
    ['a wrong value', 'replicas: -3,'],
  ])('with %s fails, and the last line of the error says how to get dist back', (_, props) => {
    commitDist();
    const { status, stderr } = synth(props, 'cdk8s synth');
    expect(status).not.toBe(0);
    expect(stderr).toContain('nothing was written');
    expect(stderr).toContain('cdk8s synth deletes it before it runs main.ts. Bring it back with: git restore');
    expect(existsSync(dist)).toBe(false);
  });
});
