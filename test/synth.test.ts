import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';

const root = join(__dirname, '..');
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
    `import { KustomizeApp, VaultServer } from '../../charts';
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
  const app = join(root, 'bin', 'synth.mjs');
  const cli = join(root, 'node_modules', 'cdk8s-cli', 'bin', 'cdk8s');
  const args = through === 'npm run synth' ? [app, main] : [cli, 'synth', '--app', 'node ../../bin/synth.mjs main.ts', '--output', dist];
  const { CDK8S_OUTDIR: _, ...env } = process.env;
  const environment = { ...env, CDK8S_CHECK_UPGRADE: 'false' };
  return spawnSync(process.execPath, args, { cwd: folder, encoding: 'utf8', env: environment });
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

test('a main.ts that forgets app.synth() is told so', () => {
  commitDist();
  const main = join(folder, 'idle.ts');
  writeFileSync(main, "import { KustomizeApp } from '../../charts';\nnew KustomizeApp();\n");
  const { status, stderr } = spawnSync(process.execPath, [join(root, 'bin', 'synth.mjs'), main], { cwd: folder, encoding: 'utf8' });
  expect([status, stderr]).toEqual([1, 'idle.ts made no dist: it must end with app.synth()\n']);
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
