import { afterAll, beforeAll, expect, jest, test } from '@jest/globals';
import { VaultRollout, type VaultRolloutProps, type VaultServerProps } from '../../charts';
import type { Manifest } from '../support/render';
import { TestCa } from './support/certificates';
import { aws, enforceIam, Installation, kubectl } from './support/cluster';
import { eventually } from './support/shell';

jest.setTimeout(10 * 60_000);

const installation = new Installation('vault-e2e-rollout');
const { namespace } = installation;
const ca = new TestCa();
const old: Partial<VaultServerProps> = { images: { vault: { tag: '1.21.0' } } };

function synth(server: Partial<VaultServerProps> = {}, props: Partial<VaultRolloutProps> = {}) {
  let rollout: VaultRollout | undefined;
  const made = installation.synth({ ...old, ...server }, (app, vault) => {
    rollout = new VaultRollout(app, 'rollout', { vault, role: `${namespace}-rollout`, ...props });
  });
  if (rollout?.role === undefined) throw new Error('no role');
  return { ...made, role: rollout.role };
}

/** Starts a rollout as a person does, and returns what it said once it has ended. */
async function roll(name: string): Promise<{ readonly said: string; readonly failed: boolean }> {
  await installation.kubectl(['create', 'job', '--from=cronjob/vault-rollout', name]);
  return eventually(`${name} to end`, 400, async () => {
    const { status } = await installation.get('job', name);
    if (!(status.succeeded > 0 || status.failed > 0))
      throw new Error((await installation.kubectl(['logs', `job/${name}`], { accept: [0, 1] })).stdout);
    return { said: (await installation.kubectl(['logs', `job/${name}`])).stdout, failed: status.failed > 0 };
  });
}

beforeAll(async () => {
  await installation.remove();
  const app = synth();
  await installation.makeAws(app.vault);
  await installation.makeRole(app.role);
  await enforceIam();
  await ca.create();
  await installation.makePrerequisites(app.vault, ca);
  await kubectl(['apply', '-k', app.dist]);
  await eventually('vault-0 to answer', 120, () => installation.exec('vault-0', ['vault', 'operator', 'init', '-format=json']));
  await installation.settled(3);
});

afterAll(async () => {
  if (process.env['KEEP'] === undefined) await installation.remove();
  ca.remove();
});

test('with all servers up to date, it says so and makes no backup', async () => {
  const { said, failed } = await roll('nothing');
  console.log(said);
  expect([failed, said]).toEqual([false, expect.stringContaining('all servers are up to date: nothing to do')]);
  expect(JSON.parse(await aws(['dynamodb', 'list-backups', '--table-name', namespace])).BackupSummaries).toEqual([]);
});

test('a changed configuration: a backup, the standbys one by one, the active server last', async () => {
  const active = await installation.settled(3);
  await kubectl(['apply', '-k', synth({ config: { logLevel: 'debug' } }).dist]);
  const { said, failed } = await roll('configuration');
  console.log(said);
  expect(failed).toBe(false);
  const replaced = [...said.matchAll(/replacing (vault-\d), which is (\w+)/g)].map(([, name, role]) => [name, role]);
  expect(replaced).toHaveLength(3);
  expect(replaced.map(([, role]) => role)).toEqual(['standby', 'standby', 'active']);
  expect(replaced[2]?.[0]).toBe(active);
  expect(JSON.parse(await aws(['dynamodb', 'list-backups', '--table-name', namespace])).BackupSummaries).toHaveLength(1);
  expect(await installation.settled(3)).not.toBe(active);
});

test('a new version: from 1.21.0 to 1.21.1', async () => {
  await kubectl(['apply', '-k', synth({ images: { vault: { tag: '1.21.1' } } }).dist]);
  const { said, failed } = await roll('upgrade');
  console.log(said);
  expect(failed).toBe(false);
  await installation.settled(3);
  const versions = (await installation.pods()).map(({ metadata }: Manifest) => metadata.labels['vault-version']);
  expect(versions).toEqual(['1.21.1', '1.21.1', '1.21.1']);
});

test('an older version is refused, and nothing is changed', async () => {
  await kubectl(['apply', '-k', synth().dist]);
  const uids = async () => (await installation.pods()).map(({ metadata }: Manifest) => metadata.uid);
  const before = await uids();
  const { said, failed } = await roll('back');
  expect([failed, said]).toEqual([true, expect.stringContaining('1.21.0 is older than 1.21.1, which serves: nothing was changed')]);
  expect(await uids()).toEqual(before);
});
