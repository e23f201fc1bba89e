import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { ApiObject, Chart, JsonPatch } from 'cdk8s';
import type { Construct } from 'constructs';
import { KustomizeApp, OutputFile } from '../../charts';
import { HashedObject } from '../../charts/app/kustomize/hashed-object';
import { yaml } from '../support/render';

const configMap = (name: string, namespace = 'a') => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { name, namespace },
  data: { key: 'value' },
});
const chart = (scope: Construct, id: string, ...names: readonly string[]) => {
  const made = new Chart(scope, id);
  for (const name of names) new ApiObject(made, name, configMap(name));
  return made;
};

describe('where a chart stands decides where its YAML lands', () => {
  test('in the app: one file a resource below dist/manifests, listed by dist/kustomization.yaml', () => {
    const app = new KustomizeApp();
    chart(app, 'x', 'two', 'one');
    const files = app.render();
    expect([...files.keys()]).toEqual(['kustomization.yaml', 'manifests/ConfigMap.one.yaml', 'manifests/ConfigMap.two.yaml']);
    expect(yaml(files.get('kustomization.yaml'))).toEqual({
      apiVersion: 'kustomize.config.k8s.io/v1beta1',
      kind: 'Kustomization',
      resources: ['manifests/ConfigMap.one.yaml', 'manifests/ConfigMap.two.yaml'],
    });
  });

  test('in a component: dist/components/<name>, of kind Component', () => {
    const app = new KustomizeApp();
    chart(app.component('monitoring'), 'x', 'one');
    const files = app.render();
    expect([...files.keys()]).toEqual(['components/monitoring/kustomization.yaml', 'components/monitoring/manifests/ConfigMap.one.yaml']);
    expect(yaml(files.get('components/monitoring/kustomization.yaml'))).toMatchObject({
      kind: 'Component',
      apiVersion: 'kustomize.config.k8s.io/v1alpha1',
    });
  });

  test('in an environment: dist/<environment>, with components and files of its own', () => {
    const app = new KustomizeApp();
    const staging = app.environment('staging');
    chart(staging, 'x', 'one');
    chart(staging.component('monitoring'), 'x', 'two');
    new OutputFile(staging.component('monitoring'), 'file', { path: 'aws/x.json', content: () => '{}\n' });
    expect([...app.render().keys()]).toEqual([
      'staging/aws/x.json',
      'staging/components/monitoring/kustomization.yaml',
      'staging/components/monitoring/manifests/ConfigMap.two.yaml',
      'staging/kustomization.yaml',
      'staging/manifests/ConfigMap.one.yaml',
    ]);
  });

  test('one name in several namespaces: the first declared keeps the plain file, the others say where they are', () => {
    const app = new KustomizeApp();
    const made = chart(app, 'x', 'one');
    for (const namespace of ['b', 'c']) new ApiObject(made, namespace, configMap('one', namespace));
    const manifests = [...app.render().keys()].filter(path => path.startsWith('manifests/'));
    expect(manifests).toEqual(['manifests/ConfigMap.one.b.yaml', 'manifests/ConfigMap.one.c.yaml', 'manifests/ConfigMap.one.yaml']);
  });

  test('the same component or environment is made once', () => {
    const app = new KustomizeApp();
    expect(app.component('x')).toBe(app.component('x'));
    expect(app.environment('y')).toBe(app.environment('y'));
  });

  test('a namespace lies beside the manifests and is applied first', () => {
    const app = new KustomizeApp();
    const made = chart(app, 'x', 'one');
    new ApiObject(made, 'namespace', { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'a' } });
    const files = app.render();
    expect(files.has('namespace.yaml')).toBe(true);
    expect(yaml(files.get('kustomization.yaml')).resources).toEqual(['namespace.yaml', 'manifests/ConfigMap.one.yaml']);
  });
});

describe('refused, all at once', () => {
  test('two objects of one kind, namespace and name', () => {
    const app = new KustomizeApp();
    chart(app, 'x', 'one', 'two');
    chart(app, 'y', 'one', 'two');
    expect(() => app.render()).toThrow(
      new Error(
        [
          '2 problems, nothing was written:',
          '  [y/one] ConfigMap a/one in dist/ is already taken by [x/one]; give one of the charts another name, or its own app.environment(...)',
          '  [y/two] ConfigMap a/two in dist/ is already taken by [x/two]; give one of the charts another name, or its own app.environment(...)',
        ].join('\n'),
      ),
    );
  });

  test('two objects whose files would have one name, though their own differ', () => {
    const app = new KustomizeApp();
    const made = chart(app, 'x', 'one', 'one.b');
    new ApiObject(made, 'other', configMap('one', 'b'));
    expect(() => app.render()).toThrow('[x/other] the file manifests/ConfigMap.one.b.yaml is already taken by [x/one.b]');
  });

  test('an object of a component that the base has already', () => {
    const app = new KustomizeApp();
    chart(app, 'x', 'one');
    chart(app.component('c'), 'x', 'one');
    expect(() => app.render()).toThrow('[component:c/x/one] ConfigMap a/one in dist/ is already taken by [x/one]');
  });

  test.each(['kustomization.yaml', 'namespace.yaml', 'manifests/x.yaml', '../x', '/x', 'a/../b'])('a file at %s', path => {
    const app = new KustomizeApp();
    new OutputFile(app, 'file', { path, content: () => '' });
    expect(() => app.render()).toThrow(
      `[file] path: got "${path}"; allowed: relative paths that dist does not use itself; write for example "notes/owners.txt"`,
    );
  });

  test('a file in the folder of an environment', () => {
    const app = new KustomizeApp();
    chart(app.environment('staging'), 'x', 'one');
    new OutputFile(app, 'file', { path: 'staging/kustomization.yaml', content: () => '' });
    expect(() => app.render()).toThrow(
      '[file] path: got "staging/kustomization.yaml"; allowed: relative paths that dist does not use itself;',
    );
  });

  test.each([
    ['aws', 'aws/x'],
    ['aws/x', 'aws'],
  ])('a file that is a folder elsewhere: %s before %s', (...paths) => {
    const app = new KustomizeApp();
    for (const path of paths) new OutputFile(app, path === 'aws' ? 'one' : 'two', { path, content: () => '' });
    expect(() => app.render()).toThrow('[two] the path aws is already taken by [one]; give one of them another path');
  });

  test('the same objects in two environments are fine', () => {
    const app = new KustomizeApp();
    chart(app.environment('staging'), 'x', 'one');
    chart(app.environment('production'), 'x', 'one');
    expect(app.render().size).toBe(4);
  });

  test('names that dist uses itself', () => {
    const app = new KustomizeApp();
    app.environment('components');
    app.component('No_Good');
    app.component('aws');
    expect(() => app.render()).toThrow(
      new Error(
        [
          '2 problems, nothing was written:',
          '  [components] name: got "components"; allowed: names other than manifests, components, aws, which dist uses itself; choose another name',
          '  [component:No_Good] name: got "No_Good"; allowed: 1 to 63 characters of a-z, 0-9 and "-", starting with a letter and ending with a letter or digit; write a DNS label, such as "vault"',
        ].join('\n'),
      ),
    );
  });
});

describe('writing dist', () => {
  let folder: string;
  let outdir: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'kustomize-app-'));
    outdir = join(folder, 'dist');
    process.env['CDK8S_OUTDIR'] = outdir;
  });
  afterEach(() => {
    delete process.env['CDK8S_OUTDIR'];
    rmSync(folder, { recursive: true });
  });

  test('what is no longer made is gone, and nothing else is left behind', () => {
    mkdirSync(outdir);
    writeFileSync(join(outdir, 'stale.yaml'), '');
    const app = new KustomizeApp();
    chart(app, 'x', 'one');
    app.synth();
    expect(readdirSync(folder)).toEqual(['dist']);
    expect(readdirSync(outdir)).toEqual(['kustomization.yaml', 'manifests']);
  });

  test('bad input leaves dist as it was', () => {
    mkdirSync(outdir);
    writeFileSync(join(outdir, 'before.yaml'), 'before');
    const app = new KustomizeApp();
    chart(app, 'x', 'one').node.addValidation({ validate: () => ['no good'] });
    expect(() => app.synth()).toThrow('1 problem, nothing was written:\n  [x] no good');
    expect(readFileSync(join(outdir, 'before.yaml'), 'utf8')).toBe('before');
    expect(readdirSync(folder)).toEqual(['dist']);
  });

  test('an error while rendering leaves no dist where there was none', () => {
    const app = new KustomizeApp();
    new OutputFile(chart(app, 'x', 'one'), 'file', {
      path: 'x',
      content: () => {
        throw new Error('late');
      },
    });
    expect(() => app.synth()).toThrow('late');
    expect(existsSync(outdir)).toBe(false);
  });
});

describe('names with a content hash', () => {
  const hashed = (value: string) => {
    const app = new KustomizeApp();
    const made = new Chart(app, 'x');
    const object = new HashedObject(made, 'hashed', {
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: { namespace: 'a' },
      baseName: 'settings',
      data: { value },
    });
    new ApiObject(made, 'user', { ...configMap('user'), data: { uses: object.hashedName } });
    return { app, object };
  };

  test('the file keeps its name while the object changes its own with the content', () => {
    const names = ['one', 'two', 'one'].map(value => {
      const files = hashed(value).app.render();
      return yaml(files.get('manifests/ConfigMap.settings.yaml')).metadata.name;
    });
    expect(names[0]).toMatch(/^settings-[0-9a-f]{10}$/);
    expect(names[1]).not.toBe(names[0]);
    expect(names[2]).toBe(names[0]);
  });

  test('who refers to the object gets the final name, patches included', () => {
    const { app, object } = hashed('one');
    const before = yaml(app.render().get('manifests/ConfigMap.user.yaml')).data.uses;
    object.addJsonPatch(JsonPatch.add('/data/more', 'x'));
    const files = app.render();
    const after = yaml(files.get('manifests/ConfigMap.user.yaml')).data.uses;
    expect(after).not.toBe(before);
    expect(after).toBe(yaml(files.get('manifests/ConfigMap.settings.yaml')).metadata.name);
  });
});

test('YAML 1.1 words stay strings, and shared values are written out', () => {
  const app = new KustomizeApp();
  const made = new Chart(app, 'x');
  const shared = { on: 'yes', mode: '0755' };
  new ApiObject(made, 'one', { ...configMap('one'), first: shared, second: shared });
  const text = app.render().get('manifests/ConfigMap.one.yaml');
  expect(text).toContain('first:\n  mode: "0755"\n  "on": "yes"\nsecond:\n  mode: "0755"\n  "on": "yes"\n');
});
