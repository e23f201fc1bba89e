import { readdirSync, readFileSync } from 'node:fs';
import { join, posix } from 'node:path';
import { parse as parseHcl } from '@cdktn/hcl2json';
import { describe, expect, test } from '@jest/globals';
import { Custody, KustomizeApp, VaultInit, VaultServer, type VaultServerProps } from '../../charts';
import { allProps } from '../server/all-props';
import { danglingReferences, schemaErrors } from '../support/cluster-rules';
import { filesOf } from '../support/files';
import { manifestsOf, minimal, objectsOf, yaml } from '../support/render';

function rendered(...servers: readonly (readonly [string, VaultServerProps])[]): ReadonlyMap<string, string> {
  const app = new KustomizeApp();
  for (const [id, props] of servers) new VaultServer(app, id, props);
  return app.render();
}

/** What is unique in AWS has a name of its own; everything else has its default. */
function twoTeams(teams: readonly string[] = ['team-a', 'team-b']): ReadonlyMap<string, string> {
  const app = new KustomizeApp();
  for (const namespace of teams) {
    const props = { ...minimal, namespace, createNamespace: true, storage: { table: namespace }, role: `${namespace}-server` };
    const vault = new VaultServer(app, `${namespace}-vault`, props);
    new VaultInit(app, `${namespace}-init`, { vault, custody: Custody.secretsManager(`${namespace}/recovery`), role: `${namespace}-init` });
  }
  return app.render();
}

function environments(): ReadonlyMap<string, string> {
  const app = new KustomizeApp();
  for (const name of ['staging', 'production'])
    new VaultServer(app.environment(name), 'vault', { ...minimal, storage: { table: name }, role: `${name}-server` });
  return app.render();
}

const trees: readonly [string, ReadonlyMap<string, string>][] = [
  ['the committed dist', filesOf(join(__dirname, '..', '..', 'dist'))],
  ['a server with every prop', rendered(['all', allProps])],
  [
    'one server, no lock, a Secret for TLS',
    rendered(['one', { ...minimal, replicas: 1, memoryLock: 'off', tls: { secretName: 'own' }, network: 'off', metrics: 'off' }]),
  ],
  ['two Vaults of one name in two namespaces', twoTeams()],
  ['environments alone', environments()],
  ['two servers in one namespace', rendered(['one', minimal], ['two', { ...minimal, name: 'second', storage: { table: 'second' } }])],
];

describe.each(trees)('%s', (_, files) => {
  const objects = manifestsOf(files);

  test('holds only what Kubernetes 1.34 knows', () => {
    expect(objects.length).toBeGreaterThan(5);
    expect(objects.flatMap(schemaErrors)).toEqual([]);
  });

  test('refers to nothing that is not there', () => {
    expect(danglingReferences(objects)).toEqual([]);
  });

  test('lists every manifest in the kustomization of its base, or of its component', () => {
    const listed = [...files]
      .filter(([path]) => posix.basename(path) === 'kustomization.yaml')
      .flatMap(([path, text]) => yaml(text).resources.map((resource: string) => posix.join(posix.dirname(path), resource)));
    const present = [...files.keys()].filter(path => /(^|\/)(namespace\.yaml|manifests\/.*)$/.test(path));
    expect(listed.sort()).toEqual(present.sort());
  });

  test('has no null', () => {
    for (const text of files.values()) expect(text).not.toMatch(/: null$|: ~$/m);
  });

  test('has a configuration that an HCL parser reads, with one storage', async () => {
    for (const configMap of objects.filter(object => object.data?.['vault.hcl'] !== undefined)) {
      const { storage } = (await parseHcl('vault.hcl', configMap.data['vault.hcl'])) as { storage: { dynamodb: unknown[] } };
      expect(storage.dynamodb).toHaveLength(1);
    }
  });
});

test('a second Vault of the same name renames no file of the first', () => {
  const [one, two] = [twoTeams(['team-a']), twoTeams()];
  // namespaces share a file, which lists both
  for (const [path, text] of one) if (path.startsWith('manifests/')) expect([path, two.get(path)]).toEqual([path, text]);
  expect(two.has('manifests/StatefulSet.vault.team-b.yaml')).toBe(true);
  expect(two.size).toBe(2 * (one.size - 2) + 2);
});

test('the checks of this file find what they look for', () => {
  const objects = objectsOf(rendered(['one', minimal]));
  const statefulSet = structuredClone(objects['StatefulSet/vault']);
  statefulSet.spec.template.spec.containers[0].readOnly = true;
  statefulSet.spec.replicas = 'three';
  statefulSet.spec.template.spec.containers[0].imagePullPolicy = 'Sometimes';
  expect(schemaErrors(statefulSet)).toHaveLength(3);

  const broken = structuredClone(Object.values(objects));
  const get = (kind: string, name: string) => broken.find(object => object.kind === kind && object.metadata.name === name);
  get('StatefulSet', 'vault').spec.template.spec.volumes[0].configMap.name = 'gone';
  get('StatefulSet', 'vault').spec.template.spec.volumes.push({ name: 'unused', emptyDir: {} });
  get('StatefulSet', 'vault').spec.template.metadata.annotations['eks.amazonaws.com/skip-containers'] = 'typo';
  get('Service', 'vault').spec.ports[0].targetPort = 8300;
  get('NetworkPolicy', 'vault').spec.podSelector.matchLabels.extra = 'label';
  get('RoleBinding', 'vault').roleRef.name = 'gone';
  get('ServiceAccount', 'vault').metadata.name = 'other';
  expect(danglingReferences(broken)).toEqual([
    'StatefulSet/vault: ConfigMap gone is not there',
    'StatefulSet/vault: nobody mounts volume unused',
    'StatefulSet/vault: ServiceAccount vault is not there',
    'StatefulSet/vault: skip-containers names typo, which is not there',
    'NetworkPolicy/vault selects no pod',
    'Service/vault: no container has port https 8300',
    'Service/vault: port 8200 is not its target port 8300',
    'RoleBinding/vault: Role gone is not there',
  ]);
});

describe('a change changes only what it must', () => {
  const changedFiles = (props: Partial<typeof minimal>) => {
    const [before, after] = [rendered(['vault', minimal]), rendered(['vault', { ...minimal, ...props }])];
    return [...new Set([...before.keys(), ...after.keys()])].filter(path => before.get(path) !== after.get(path));
  };

  test('nothing, when nothing changes', () => {
    expect(changedFiles({})).toEqual([]);
  });

  test.each<[string, Partial<typeof minimal>, string[]]>([
    ['replicas', { replicas: 5 }, ['manifests/StatefulSet.vault.yaml']],
    ['image', { images: { vault: { tag: '2.0.4' } } }, ['manifests/StatefulSet.vault.yaml']],
    ['configuration', { config: { ui: true } }, ['manifests/ConfigMap.vault-config.yaml', 'manifests/StatefulSet.vault.yaml']],
    ['table', { storage: { table: 'other' } }, ['manifests/ConfigMap.vault-config.yaml', 'manifests/StatefulSet.vault.yaml']],
    ['role', { role: 'other' }, ['manifests/ServiceAccount.vault.yaml', 'manifests/StatefulSet.vault.yaml']],
    ['clients', { network: { clients: [{ podLabels: {} }] } }, ['manifests/NetworkPolicy.vault-clients.yaml']],
  ])('%s', (_, props, files) => {
    expect(changedFiles(props).sort()).toEqual(files);
  });
});

test('objects are made from manifests, so that the escape hatch can carry fields newer than their types', () => {
  const root = join(__dirname, '..', '..', 'charts');
  const sources = readdirSync(root, { recursive: true, encoding: 'utf8' }).filter(path => path.endsWith('.ts'));
  expect(sources.length).toBeGreaterThan(20);
  // new k8s.KubeX(...) filters what it does not know, after patches
  for (const path of sources)
    expect([path, /new k8s\.|new certManager\./.test(readFileSync(join(root, path), 'utf8'))]).toEqual([path, false]);
});
