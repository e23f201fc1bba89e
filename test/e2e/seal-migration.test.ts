import { afterAll, beforeAll, expect, jest, test } from '@jest/globals';
import { TestCa } from './support/certificates';
import { aws, enforceIam, Installation, kubectl, kubectlCommand } from './support/cluster';
import { eventually, run } from './support/shell';

jest.setTimeout(10 * 60_000);

const installation = new Installation('vault-e2e-seal');
const { namespace } = installation;
const ca = new TestCa();
const [first, second] = [`alias/${namespace}`, `alias/${namespace}-new`];
let root: string;
let keys: readonly string[];

/** Applies what main.ts says of the seal, and lets the servers' role use these keys and no other. */
async function seal(kmsKeyId: string, migrateFrom?: string): Promise<void> {
  const { dist, vault } = installation.synth({
    seal: { kmsKeyId, ...(migrateFrom === undefined ? {} : { migrateFrom: { kmsKeyId: migrateFrom } }) },
  });
  await installation.allow(vault.role);
  await kubectl(['apply', '-k', dist]);
}

const replace = (pod: string) => installation.kubectl(['delete', 'pod', pod]);

/** Whether a server is sealed; undefined while it does not answer. */
async function sealed(pod: string): Promise<boolean | undefined> {
  const { stdout } = await installation.exec(pod, ['vault', 'status', '-format=json'], { accept: [0, 1, 2, 126, 137] });
  return stdout.startsWith('{') ? JSON.parse(stdout).sealed : undefined;
}

/** Whether a server that has just started says that it waits for recovery keys. */
const migrates = async (pod: string): Promise<boolean> =>
  (await installation.kubectl(['logs', pod, '-c', 'vault'])).stdout.includes('entering seal migration mode');

const waits = (pod: string) =>
  eventually(`${pod} to wait for recovery keys`, 90, async () => expect([await sealed(pod), await migrates(pod)]).toEqual([true, true]));

/** Types recovery keys at the prompt, as a person does: `script` (util-linux) makes the terminal that Vault asks for. */
async function type(pod: string): Promise<void> {
  const prompt = [...kubectlCommand, '-n', namespace, 'exec', '-it', pod, '-c', 'vault', '--', 'vault', 'operator', 'unseal', '-migrate'];
  for (const key of keys) {
    const { stdout } = await run(['script', '-qec', prompt.join(' '), '/dev/null'], { input: `${key}\n` });
    expect(stdout).toContain('Unseal Key (will be hidden)');
  }
}

const read = async () => (await installation.vault('vault-0', root, ['kv', 'get', '-field=hello', 'kv/greeting'])).stdout;

/** As docs/restore.md tells: standbys one at a time, the active server last; each with the recovery keys. */
async function migrate(from: string, to: string): Promise<void> {
  await seal(to, from);
  const active = await installation.settled(3);
  const standbys = ['vault-0', 'vault-1', 'vault-2'].filter(pod => pod !== active);
  for (const pod of standbys) {
    await replace(pod);
    await waits(pod);
    await type(pod);
    await installation.settled(3);
  }
  await replace(active);
  await eventually('the last server to answer', 120, async () => expect(await sealed(active)).toBeDefined());
  const asksToo = await migrates(active);
  console.log(`the last server, ${active}, ${asksToo ? 'waits for the keys too' : 'unseals by itself'}`);
  if (asksToo) await type(active);
  const leader = await installation.settled(3);
  expect((await installation.kubectl(['logs', leader, '-c', 'vault'])).stdout).toContain('upgrading stored keys');
}

/** The old key is taken away, and every server starts without it. */
async function finish(key: string): Promise<void> {
  await seal(key);
  for (const pod of ['vault-0', 'vault-1', 'vault-2']) {
    await replace(pod);
    await installation.settled(3);
  }
}

beforeAll(async () => {
  await installation.remove();
  await ca.create();
  const { dist, vault } = installation.synth();
  await installation.makeAws(vault);
  const key = await aws(['kms', 'create-key', '--query', 'KeyMetadata.KeyId', '--output', 'text']);
  await aws(['kms', 'create-alias', '--alias-name', second, '--target-key-id', key]);
  await enforceIam();
  await installation.makePrerequisites(vault, ca);
  await kubectl(['apply', '-k', dist]);
  const init = ['vault', 'operator', 'init', '-recovery-shares=3', '-recovery-threshold=2', '-format=json'];
  const made = JSON.parse((await eventually('vault-0 to answer', 120, () => installation.exec('vault-0', init))).stdout);
  root = made.root_token;
  keys = made.recovery_keys_b64.slice(0, 2);
  await installation.settled(3);
  await installation.vault('vault-0', root, ['secrets', 'enable', 'kv']);
  await installation.vault('vault-0', root, ['kv', 'put', 'kv/greeting', 'hello=world']);
});

afterAll(async () => {
  await installation.remove();
  ca.remove();
});

test('interrupted half-way: with the old configuration back, every server is as it was', async () => {
  await seal(second, first);
  const active = await installation.settled(3);
  const [standby = ''] = ['vault-0', 'vault-1', 'vault-2'].filter(pod => pod !== active);
  await replace(standby);
  await waits(standby);
  await seal(first);
  await replace(standby);
  await installation.settled(3);
  expect(await read()).toBe('world');
});

test('from one key to another', async () => {
  await migrate(first, second);
  await finish(second);
  expect(await read()).toBe('world');
});

test('and back', async () => {
  await migrate(second, first);
  await finish(first);
  expect(await read()).toBe('world');
});
