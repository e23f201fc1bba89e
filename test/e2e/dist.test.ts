import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, jest, test } from '@jest/globals';
import { filesOf } from '../support/files';
import { type Manifest, yaml } from '../support/render';
import { aws, enforceIam, get, Installation, kubectl } from './support/cluster';
import { Stack, standIn } from './support/stack';

jest.setTimeout(5 * 60_000);

// The committed dist as it is, in its own region and namespace, under its own names; only the OIDC provider is the test's.
// It takes away what dist names, so it runs against a stand-in for AWS alone, and in a namespace that it made.
if (!standIn)
  process.stderr.write('e2e/dist is left out: it makes and deletes what the committed dist names, which may be in use in a real account\n');
const onStandIn = standIn ? test : test.skip;

const dist = join(__dirname, '..', '..', 'dist');
const manifests = [...filesOf(join(dist, 'manifests')).values()].map((text): Manifest => yaml(text));
const { metadata, spec } = manifests.find(({ kind }) => kind === 'StatefulSet');
const variable = (name: string): string => spec.template.spec.containers[0].env.find((variable: Manifest) => variable.name === name).value;
const region = variable('AWS_REGION');
const installation = new Installation(metadata.namespace);
const stack = new Stack('vault-e2e-dist', dist, region);
const mark = 'cdk8s-vault-e2e=dist';

async function remove(): Promise<void> {
  await kubectl(['delete', 'namespace', '-l', mark, '--timeout=120s']);
  await kubectl(['delete', 'clusterrolebinding', '-l', mark]);
  await stack.remove();
}

const custody = async (): Promise<Manifest> => {
  const [{ Name: secret }] = stack.resources('AWS::SecretsManager::Secret') as [Manifest];
  const query = ['--secret-id', secret, '--query', 'SecretString', '--output', 'text'];
  return JSON.parse(await aws(['secretsmanager', 'get-secret-value', ...query], region));
};

beforeAll(async () => {
  if (!standIn) return;
  await remove();
  // fails where somebody else's is there
  await kubectl(['create', 'namespace', installation.namespace]);
  await kubectl(['label', 'namespace', installation.namespace, mark]);
  await stack.deploy();
  await stack.mend();
  await enforceIam();
});

afterAll(async () => {
  if (standIn) await remove();
});

onStandIn('from nothing to ready servers, keys in custody, and a Vault that is configured', async () => {
  const start = Date.now();
  const { stderr } = await kubectl(['apply', '-k', dist]);
  await kubectl(['label', 'clusterrolebinding', '-l', 'app.kubernetes.io/managed-by=cdk8s-vault', mark]);
  await installation.jobsComplete(2);
  await installation.settled(spec.replicas);
  const said = (await installation.kubectl(['logs', '-l', 'app.kubernetes.io/component=configuration', '--tail=-1'])).stdout;
  expect(said).toMatch(/done: \d+ created, \d+ changed, \d+ unchanged, 0 drifted, 0 refused/);
  console.log(`${region}: ready ${((Date.now() - start) / 1000).toFixed(1)} s after apply; it said:\n${stderr}`);
});

onStandIn('servers and Job call AWS in the region of dist', async () => {
  const job = manifests.find(({ kind, metadata: { name } }) => kind === 'Job' && name.startsWith('vault-init')).spec.template.spec
    .containers[0];
  expect(job.env).toContainEqual({ name: 'AWS_REGION', value: region });
  const [{ TableName: table }] = stack.resources('AWS::DynamoDB::Table') as [Manifest];
  const { Count: items } = JSON.parse(await aws(['dynamodb', 'scan', '--table-name', table, '--select', 'COUNT'], region));
  expect(items).toBeGreaterThan(10);
});

onStandIn('the root token in custody is dead, and a recovery key generates another', async () => {
  const { recovery_keys_base64: keys, root_token: dead } = await custody();
  expect(await installation.vaultAs(dead, 'token', 'lookup')).toMatchObject({
    status: 2,
    stderr: expect.stringMatching(/permission denied|invalid token/),
  });
  const root = await installation.generateRoot(keys[0]);
  expect((await installation.vaultAs(root, 'token', 'lookup', '-format=json')).stdout).toContain('"root"');
  expect(await installation.vaultAs(root, 'token', 'revoke', '-self')).toMatchObject({ status: 0 });
});

onStandIn('applied again, nothing is configured but what kubectl cannot compare', async () => {
  const { stdout } = await kubectl(['apply', '-k', dist]);
  const said = stdout
    .trim()
    .split('\n')
    .map(line => line.split(' '));
  expect(said.length).toBe(manifests.length + (await namespaces()).length);
  // kubectl sends a budget's selector again, since a strategic merge patch replaces it as a whole
  const configured = said.filter(([, what]) => what !== 'unchanged').map(([object]) => object?.replace(/\/.*/, ''));
  expect(configured).toEqual(['poddisruptionbudget.policy']);
});

async function namespaces(): Promise<Manifest[]> {
  const made = yaml(readFileSync(join(dist, 'kustomization.yaml'), 'utf8')).resources.includes('namespace.yaml');
  return made ? [await get('namespace', installation.namespace)] : [];
}
