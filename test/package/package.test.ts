import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, jest, test } from '@jest/globals';
import { filesOf } from '../support/files';

// The package as npm packs it, installed into apps of other people.
jest.setTimeout(5 * 60_000);

const root = join(__dirname, '..', '..');
const { peerDependencies, devDependencies, version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
const peers = Object.keys(peerDependencies);
/** The first example of the README, with the package in the place of the folder. */
const [, example = ''] = /```ts\n([\s\S]*?)```/.exec(readFileSync(join(root, 'README.md'), 'utf8')) ?? [];
const main = example.replace("'./charts'", "'cdk8s-vault'");

let folder: string;
let expected: ReadonlyMap<string, string>;

const run = (cwd: string, program: string, ...args: string[]): string => {
  try {
    return execFileSync(program, args, { cwd, encoding: 'utf8', stdio: 'pipe', env: { ...process.env, CDK8S_OUTDIR: 'dist' } });
  } catch (error) {
    const { stdout, stderr } = error as { stdout: string; stderr: string };
    throw new Error(`${program} ${args.join(' ')}:\n${stdout}\n${stderr}`);
  }
};

/** An empty app with the package, these versions of its peers, and more. */
function install(name: string, versions: readonly string[], ...more: string[]): string {
  const app = join(folder, name);
  mkdirSync(app);
  writeFileSync(join(app, 'package.json'), JSON.stringify({ name, private: true }));
  const packages = [...peers.map((peer, index) => `${peer}@${versions[index]}`), ...more];
  run(app, 'npm', 'install', '--silent', '--no-audit', '--no-fund', join(folder, `cdk8s-vault-${version}.tgz`), ...packages);
  return app;
}

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'package-'));
  run(root, 'npm', 'pack', '--silent', '--pack-destination', folder);
  const own = mkdtempSync(join(root, 'test', 'readme-'));
  try {
    writeFileSync(join(own, 'main.ts'), example.replace("'./charts'", "'../../charts'"));
    run(own, process.execPath, join(root, 'bin', 'synth.cjs'), 'main.ts');
    expected = filesOf(join(own, 'dist'));
  } finally {
    rmSync(own, { recursive: true });
  }
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** As `cdk8s init typescript-app` lays an app out, whose libraries are checked too. */
const layout = JSON.parse(readFileSync(join(root, 'node_modules', 'cdk8s-cli', 'templates', 'typescript-app', 'tsconfig.json'), 'utf8'));

describe('in an app that `cdk8s init typescript-app` laid out, the first example of the README makes the same bytes', () => {
  test('the layout silences nothing', () => {
    expect(layout.compilerOptions).toMatchObject({ strict: true, lib: ['es2016'], module: 'CommonJS' });
    expect(layout.compilerOptions.skipLibCheck).toBeUndefined();
  });

  const lowest = peers.map(peer => peerDependencies[peer].replace('^', ''));
  const own = peers.map(peer => devDependencies[peer]);
  test.each([
    ['lowest', lowest],
    ['own', own],
  ])('with the %s versions of what it needs', (name, versions) => {
    const app = install(name, versions, 'typescript@5.9', '@types/node@14');
    writeFileSync(join(app, 'tsconfig.json'), JSON.stringify(layout));
    writeFileSync(join(app, 'main.ts'), main);
    run(app, 'npx', '--no-install', 'tsc');
    run(app, process.execPath, 'main.js');
    expect(filesOf(join(app, 'dist'))).toEqual(expected);
  });
});

test('in an app of plain JavaScript too', () => {
  const app = install(
    'javascript',
    peers.map(peer => devDependencies[peer]),
  );
  const script = main.replace(/import \{(.*)\} from ('.*')/, 'const {$1} = require($2)');
  writeFileSync(join(app, 'main.js'), script);
  run(app, process.execPath, 'main.js');
  expect(filesOf(join(app, 'dist'))).toEqual(expected);
});
