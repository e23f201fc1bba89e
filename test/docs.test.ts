import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { declarations, namedByUsers, publicNames } from './support/declarations';
import { propsPage, undocumented } from './support/props-tables';

const root = join(__dirname, '..');
const readme = join(root, 'README.md');
const page = join(root, 'docs', 'props.md');
if (process.env['UPDATE_DOCS'] !== undefined) writeFileSync(page, propsPage());

describe('documentation says what the code says', () => {
  test('every prop has words, and every optional one a default', () => {
    expect(undocumented()).toEqual([]);
  });

  test('whatever a user has to name is exported from charts/index.ts', () => {
    expect(declarations.size).toBeGreaterThan(60);
    expect([...namedByUsers()].filter(name => !publicNames.has(name))).toEqual([]);
  });

  test('docs/props.md is that of the TSDoc: UPDATE_DOCS=1 npx jest --selectProjects unit --testPathPatterns docs writes it', () => {
    expect(readFileSync(page, 'utf8')).toBe(propsPage());
  });
});

const pages = [readme, join(root, 'CONTRIBUTING.md'), ...readdirSync(join(root, 'docs')).map(name => join(root, 'docs', name))];

test('every link between the pages leads somewhere', () => {
  const links = pages.flatMap(path =>
    [...readFileSync(path, 'utf8').matchAll(/\]\((?!https?:)([^)#]+)/g)].map(([, link = '']) => [path, join(dirname(path), link)] as const),
  );
  expect(links.length).toBeGreaterThan(5);
  expect(links.filter(([, target]) => !existsSync(target))).toEqual([]);
});

describe('the examples of the pages work', () => {
  // whole programs; what shows a part of one is no example to copy
  const examples = pages.flatMap(path =>
    [...readFileSync(path, 'utf8').matchAll(/```ts\n([\s\S]*?)```/g)]
      .map(([, code = '']) => code)
      .filter(code => code.includes('app.synth()')),
  );

  test('all type-check and synthesise', () => {
    expect(examples.length).toBeGreaterThan(3);
    const folder = mkdtempSync(join(__dirname, 'readme-'));
    try {
      for (const [index, code] of examples.entries()) {
        const main = join(folder, `example-${index}.ts`);
        writeFileSync(main, code.replace("'./charts'", "'../../charts'"));
        execFileSync(process.execPath, [join(root, 'bin', 'synth.cjs'), main], {
          env: { ...process.env, CDK8S_OUTDIR: join(folder, 'dist') },
          stdio: 'pipe',
        });
      }
    } finally {
      rmSync(folder, { recursive: true });
    }
  }, 60_000);
});
