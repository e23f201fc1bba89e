import { execFileSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { afterAll, describe, expect, test } from '@jest/globals';
import { ApiObject, Chart } from 'cdk8s';
import { parseAllDocuments } from 'yaml';
import { Custody, KustomizeApp, VaultInit, VaultServer, type VaultServerProps } from '../../charts';
import { danglingReferences, schemaErrors } from '../support/cluster-rules';
import { filesOf } from '../support/files';
import { type Manifest, minimal } from '../support/render';

const root = join(__dirname, '..', '..');
const folders: string[] = [];
afterAll(() => {
  for (const folder of folders) rmSync(folder, { recursive: true });
});

/** What `kubectl kustomize` makes of a folder, by "Kind/name" without hashes. */
function build(folder: string): Record<string, Manifest> {
  const text = execFileSync('kubectl', ['kustomize', folder], { encoding: 'utf8' });
  const objects = parseAllDocuments(text).map(document => document.toJS());
  return Object.fromEntries(objects.map(object => [`${object.kind}/${object.metadata.name.replace(/-[0-9a-f]{10}$/, '')}`, object]));
}

/** Writes a rendered app, and files beside it. */
function write(files: ReadonlyMap<string, string>): string {
  const folder = mkdtempSync(join(tmpdir(), 'kustomize-'));
  folders.push(folder);
  for (const [path, text] of files) {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), text);
  }
  return folder;
}

/** The bases in dist and the overlays: what belongs to the user of this project, whatever main.ts says. */
const kustomizations = ['dist', 'overlays']
  .filter(top => existsSync(join(root, top)))
  .flatMap(top => [...filesOf(join(root, top))].map(([path, text]) => [join(top, path), text] as const))
  .filter(([path, text]) => basename(path) === 'kustomization.yaml' && /^kind: Kustomization$/m.test(text))
  .map(([path]) => dirname(path));

describe('kubectl kustomize', () => {
  test.each(kustomizations)(
    'builds %s, where nothing dangles; an overlay that does not fit main.ts is to be changed or deleted',
    folder => {
      const objects = Object.values(build(join(root, folder)));
      expect(objects).not.toEqual([]);
      expect(objects.flatMap(schemaErrors)).toEqual([]);
      expect(danglingReferences(objects)).toEqual([]);
    },
  );

  test('builds environments and components of one app, each for itself', () => {
    const app = new KustomizeApp();
    for (const [environment, accountId] of [
      ['staging', '111111111111'],
      ['production', '222222222222'],
    ] as const) {
      const base = app.environment(environment);
      new VaultServer(base, 'vault', { ...minimal, aws: { ...minimal.aws, accountId } });
      const extra = new Chart(base.component('extra'), 'extra');
      new ApiObject(extra, 'map', {
        apiVersion: 'v1',
        kind: 'ConfigMap',
        metadata: { name: 'extra', namespace: 'vault' },
        data: { a: 'b' },
      });
    }
    const folder = write(app.render());
    writeFileSync(join(folder, 'kustomization.yaml'), JSON.stringify({ resources: ['staging'], components: ['staging/components/extra'] }));
    const [staging, production] = [build(folder), build(join(folder, 'production'))];
    expect(staging['ConfigMap/extra']).toBeDefined();
    expect(production['ConfigMap/extra']).toBeUndefined();
    expect(staging['ServiceAccount/vault'].metadata.annotations['eks.amazonaws.com/role-arn']).toBe(
      'arn:aws:iam::111111111111:role/vault-server',
    );
    expect(production['ServiceAccount/vault'].metadata.annotations['eks.amazonaws.com/role-arn']).toBe(
      'arn:aws:iam::222222222222:role/vault-server',
    );
  });
});

/** overlays/staging, as it comes with this project, over a base of one server with its init Job: a copy, since the other is there to be changed. */
function buildStaging(props: Partial<VaultServerProps>): Record<string, Manifest> {
  const app = new KustomizeApp();
  const vault = new VaultServer(app, 'vault', { ...minimal, ...props });
  new VaultInit(app, 'init', { vault, custody: Custody.secretsManager('vault/recovery') });
  const project = write(new Map([...app.render()].map(([path, text]) => [join('dist', path), text])));
  const overlay = join(project, 'overlays', 'staging');
  cpSync(join(__dirname, 'staging'), overlay, { recursive: true });
  return build(overlay);
}

describe('overlays/staging', () => {
  const objects = buildStaging({});
  const statefulSet = objects['StatefulSet/vault'];
  const [vault] = statefulSet.spec.template.spec.containers;
  const env = Object.fromEntries(vault.env.map(({ name, value }: { name: string; value: string }) => [name, value]));

  test('moves everything to its namespace, the names on the certificate too', () => {
    for (const { kind, metadata } of Object.values(objects).filter(object => object.kind !== 'ClusterRoleBinding'))
      expect([kind, metadata.namespace ?? metadata.name]).toEqual([kind, 'vault-staging']);
    const binding = objects['ClusterRoleBinding/vault-staging-vault-auth-delegator'];
    expect(binding.subjects).toEqual([{ kind: 'ServiceAccount', name: 'vault', namespace: 'vault-staging' }]);
    expect(objects['RoleBinding/vault'].subjects).toEqual([{ kind: 'ServiceAccount', name: 'vault', namespace: 'vault-staging' }]);
    const app = new KustomizeApp();
    const there = new VaultServer(app, 'vault', { ...minimal, namespace: 'vault-staging' });
    expect(objects['Certificate/vault-tls'].spec.dnsNames).toEqual(there.certificate.dnsNames);
  });

  const pods: Manifest[] = Object.values(objects).flatMap(({ spec }) => spec?.template?.spec ?? []);

  test('has one server', () => expect(statefulSet.spec.replicas).toBe(1));

  test('pulls every image from its registry, in the version of the base, with its Secret', () => {
    const containers: Manifest[] = pods.flatMap(pod => [...(pod.initContainers ?? []), ...pod.containers]);
    const mirror = '210987654321.dkr.ecr.eu-west-1.amazonaws.com/docker-hub';
    expect(Object.fromEntries(containers.map(({ name, image }) => [name, image]))).toEqual({
      'copy-vault': `${mirror}/hashicorp/vault:1.21.7`,
      'lock-memory': `${mirror}/amazon/aws-cli:2.35.9`,
      vault: `${mirror}/hashicorp/vault:1.21.7`,
      reload: `${mirror}/hashicorp/vault:1.21.7`,
      init: `${mirror}/library/node:24.21.0-slim`,
    });
    expect(pods.map(({ imagePullSecrets }) => imagePullSecrets)).toEqual([[{ name: 'registry' }], [{ name: 'registry' }]]);
  });

  test('runs servers and Job on its own nodes', () => {
    for (const pod of pods)
      expect(pod).toMatchObject({
        nodeSelector: { 'example.com/pool': 'vault' },
        tolerations: [{ key: 'dedicated', operator: 'Equal', value: 'vault', effect: 'NoSchedule' }],
      });
  });

  test('has its account and role, on the ServiceAccount and on the pods', () => {
    const role = 'arn:aws:iam::210987654321:role/vault-staging';
    expect(objects['ServiceAccount/vault'].metadata.annotations['eks.amazonaws.com/role-arn']).toBe(role);
    expect(statefulSet.spec.template.metadata.annotations).toMatchObject({
      'eks.amazonaws.com/role-arn': role,
      'eks.amazonaws.com/skip-containers': 'copy-vault,lock-memory,reload',
    });
  });

  test('has its table, key and region as environment, beside what the base says', () => {
    expect(env).toMatchObject({
      AWS_REGION: 'eu-west-1',
      AWS_DYNAMODB_TABLE: 'vault-staging',
      VAULT_AWSKMS_SEAL_KEY_ID: 'alias/vault-staging',
      AWS_STS_REGIONAL_ENDPOINTS: 'regional',
      VAULT_ADDR: 'https://127.0.0.1:8200',
    });
  });

  test('initialises with its own role, into its own secret', () => {
    expect(objects['ServiceAccount/vault-init'].metadata.annotations['eks.amazonaws.com/role-arn']).toBe(
      'arn:aws:iam::210987654321:role/vault-staging-init',
    );
    const [job] = Object.values(objects).filter(({ kind }) => kind === 'Job');
    const told: Manifest[] = job.spec.template.spec.containers[0].env;
    expect(told.filter(({ name }) => ['AWS_REGION', 'CUSTODY_SECRETS'].includes(name)).map(({ value }) => value)).toEqual([
      'eu-west-1',
      'vault-staging/recovery',
    ]);
    expect(told.find(({ name }) => name === 'VAULT_ADDR')?.value).toBe('https://vault-0.vault-internal.$(NAMESPACE).svc:8200');
  });

  test('still refers to nothing that is not there', () => {
    expect(Object.values(objects).flatMap(schemaErrors)).toEqual([]);
    expect(danglingReferences(Object.values(objects))).toEqual([]);
  });

  test('fits a base in another namespace', () => {
    const elsewhere = buildStaging({ namespace: 'secrets' });
    expect(Object.keys(elsewhere)).toEqual(Object.keys(objects));
    expect(elsewhere['ServiceAccount/vault']).toEqual(objects['ServiceAccount/vault']);
    expect(elsewhere['Certificate/vault-tls']).toEqual(objects['Certificate/vault-tls']);
  });

  test('fails on a server of another name, rather than leave it with the settings of the base', () => {
    expect(() => buildStaging({ name: 'other' })).toThrow('resource with name vault does not match');
  });
});
