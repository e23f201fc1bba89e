import { afterAll, beforeAll, expect, jest, test } from '@jest/globals';
import type { Manifest } from '../support/render';
import { TestCa } from './support/certificates';
import { aws, enforceIam, kubectl } from './support/cluster';
import { RolledInstallation } from './support/rollout';
import { eventually } from './support/shell';

jest.setTimeout(10 * 60_000);

const installation = new RolledInstallation('vault-e2e-rollout');
const { namespace } = installation;
const ca = new TestCa();

const uids = async (): Promise<readonly string[]> => (await installation.pods()).map(({ metadata }: Manifest) => metadata.uid);
const versions = async (): Promise<readonly string[]> =>
  (await installation.pods()).map(({ metadata }: Manifest) => metadata.labels['vault-version']);
const apply = (...args: Parameters<RolledInstallation['apply']>) => kubectl(['apply', '-k', installation.apply(...args).dist]);

beforeAll(async () => {
  await ca.create();
  await installation.start(ca, enforceIam);
});

afterAll(async () => {
  await installation.remove();
  ca.remove();
});

test('with all servers up to date, it says so and makes no backup', async () => {
  const { said, failed } = await installation.roll('nothing');
  console.log(said);
  expect([failed, said]).toEqual([false, expect.stringContaining('all servers are up to date: nothing to do')]);
  expect(JSON.parse(await aws(['dynamodb', 'list-backups', '--table-name', namespace])).BackupSummaries).toEqual([]);
});

test('a changed configuration: a backup, the standbys one by one, the active server last', async () => {
  const active = await installation.settled(3);
  await apply({ config: { logLevel: 'debug' } });
  const { said, failed } = await installation.roll('configuration');
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
  await apply({ images: { vault: { tag: '1.21.1' } } });
  const { said, failed } = await installation.roll('upgrade');
  console.log(said);
  expect(failed).toBe(false);
  await installation.settled(3);
  expect(await versions()).toEqual(['1.21.1', '1.21.1', '1.21.1']);
});

test('an older version is refused, and nothing is changed', async () => {
  await apply();
  const before = await uids();
  const { said, failed } = await installation.roll('back');
  expect([failed, said]).toEqual([true, expect.stringContaining('1.21.0 is older than 1.21.1, which serves: nothing was changed')]);
  expect(await uids()).toEqual(before);
});

test('an image that cannot start: it stops after the first standby, Vault stays up, and the fix goes through', async () => {
  const broken = { images: { vault: { repository: 'hashicorp/vault', tag: '1.21.9' } } };
  await apply(broken);
  const first = await installation.roll('broken', { WAIT_SECONDS: '30' });
  console.log(first.said);
  expect(first).toEqual({ failed: true, said: expect.stringMatching(/gave up waiting for vault-\d to serve with the new revision/) });
  expect((await installation.pods()).filter(pod => pod.metadata.labels['vault-active'] === 'true')).toHaveLength(1);
  // once more: nothing else is touched
  const before = await uids();
  expect((await installation.roll('broken-again', { WAIT_SECONDS: '30' })).failed).toBe(true);
  expect(await uids()).toEqual(before);
  await apply({ images: { vault: { tag: '1.21.1' } } });
  const fix = await installation.roll('fix');
  console.log(fix.said);
  expect(fix.failed).toBe(false);
  await installation.settled(3);
});

test('two at once: one works, and the other waits for the Lease and finds nothing to do', async () => {
  await apply({ images: { vault: { tag: '1.21.1' } }, config: { logLevel: 'warn' } });
  await Promise.all(['one', 'two'].map(name => installation.begin(name)));
  const both = await Promise.all(['one', 'two'].map(name => installation.ended(name)));
  expect(both.map(({ failed }) => failed)).toEqual([false, false]);
  const said = both.map(each => each.said).sort((a, b) => b.length - a.length);
  expect(said[0]).toContain('done: 3 servers replaced');
  expect(said[1]).toMatch(/waiting for Lease vault-changes.*held by vault-rollout|waiting for Lease vault-changes[\s\S]*nothing to do/);
});

test('killed in the middle and run again: the rest follows, with the same backup', async () => {
  await apply({ images: { vault: { tag: '1.21.1' } }, config: { logLevel: 'error' } });
  const count = async () => JSON.parse(await aws(['dynamodb', 'list-backups', '--table-name', namespace])).BackupSummaries.length;
  const before = await count();
  await installation.begin('killed');
  await eventually('the second server to be replaced', 120, async () => {
    const { stdout } = await installation.kubectl(['logs', 'job/killed'], { accept: [0, 1] });
    expect(stdout.match(/replacing/g)).toHaveLength(2);
  });
  await installation.kubectl(['delete', 'pods', '-l', 'batch.kubernetes.io/job-name=killed', '--grace-period=0', '--force']);
  const { said, failed } = await installation.roll('goes-on');
  console.log(said);
  expect([failed, said]).toEqual([false, expect.stringContaining('an earlier run of this rollout ordered backup')]);
  expect(await count()).toBe(before + 1);
  await installation.settled(3);
});

test.each([
  ['the backup is complete', /backup \S+ is complete/g, 1],
  ['the first server serves', /serves with the new revision/g, 1],
  ['the second server serves', /serves with the new revision/g, 2],
  ['the active server is being replaced', /which is active/g, 1],
])('killed when %s, and run again: the rest follows, with one backup', async (step, says, times) => {
  const name = step.replaceAll(' ', '-');
  const count = async () => JSON.parse(await aws(['dynamodb', 'list-backups', '--table-name', namespace])).BackupSummaries.length;
  const before = await count();
  await apply({ images: { vault: { tag: '1.21.1' } }, config: { defaultLeaseTtl: `${100 + before}h` } });
  await installation.begin(name);
  await eventually(step, 120, async () => {
    const { stdout } = await installation.kubectl(['logs', `job/${name}`], { accept: [0, 1] });
    expect(stdout.match(says)?.length ?? 0).toBeGreaterThanOrEqual(times);
  });
  await installation.kubectl(['delete', 'pods', '-l', `batch.kubernetes.io/job-name=${name}`, '--grace-period=0', '--force']);
  const { said, failed } = await installation.roll(`${name}-again`);
  console.log(said);
  expect([failed, await count()]).toEqual([false, before + 1]);
  await installation.settled(3);
  const { updateRevision } = (await installation.get('statefulset', 'vault')).status;
  const revisions = (await installation.pods()).map(({ metadata }: Manifest) => metadata.labels['controller-revision-hash']);
  expect(revisions).toEqual([updateRevision, updateRevision, updateRevision]);
});

test('AWS that refuses the backup for a while is waited for, and nothing is replaced meanwhile', async () => {
  const { role, dist } = installation.apply({ images: { vault: { tag: '1.21.1' } }, config: { logLevel: 'warn' } });
  await kubectl(['apply', '-k', dist]);
  const before = await uids();
  await installation.allow(role, 'dynamodb:CreateBackup');
  await installation.begin('refused');
  await eventually('it to wait for AWS', 60, async () => {
    const { stdout } = await installation.kubectl(['logs', 'job/refused'], { accept: [0, 1] });
    expect(stdout).toContain('waiting for AWS to take the order for a backup');
  });
  expect(await uids()).toEqual(before);
  await installation.allow(role);
  const { said, failed } = await installation.ended('refused');
  expect([failed, said]).toEqual([false, expect.stringContaining('done: 3 servers replaced')]);
  await installation.settled(3);
});

test('a server that starts sealed in the middle: it stops there, and goes on once the key is back', async () => {
  const { vault, dist } = installation.apply({ images: { vault: { tag: '1.21.1' } }, config: { logLevel: 'info' } });
  await kubectl(['apply', '-k', dist]);
  const active = await installation.settled(3);
  await installation.allow(vault.role, 'kms:Decrypt');
  const stopped = await installation.roll('sealed', { WAIT_SECONDS: '30' });
  console.log(stopped.said);
  expect(stopped).toEqual({
    failed: true,
    said: expect.stringMatching(/gave up waiting for vault-\d to serve with the new revision: it is sealed/),
  });
  expect(stopped.said.match(/replacing/g)).toHaveLength(1);
  expect((await installation.pods()).find(pod => pod.metadata.labels['vault-active'] === 'true')?.metadata.name).toBe(active);
  // nothing else is touched while it is sealed
  const before = await uids();
  expect((await installation.roll('still-sealed', { WAIT_SECONDS: '30' })).said).toMatch(
    /gave up waiting for the servers to be as they should be/,
  );
  expect(await uids()).toEqual(before);
  await installation.allow(vault.role);
  const { said, failed } = await installation.roll('unsealed');
  expect([failed, said]).toEqual([false, expect.stringContaining('done: 2 servers replaced')]);
  await installation.settled(3);
});

test('in a maintenance window it begins by itself, where pods are out of date', async () => {
  await apply({ images: { vault: { tag: '1.21.1' } }, config: { logLevel: 'trace' } }, { automatic: { cron: '* * * * *', minutes: 5 } });
  const name = await eventually('a Job of the clock that is done', 240, async () => {
    const jobs: Manifest[] = (await installation.get('jobs', '-l', 'app.kubernetes.io/component=rollout')).items;
    const done = jobs.find(({ metadata, status }) => /^vault-rollout-\d+$/.test(metadata.name) && status.succeeded > 0);
    if (done === undefined) throw new Error('none');
    return done.metadata.name as string;
  });
  const said = (await installation.kubectl(['logs', `job/${name}`])).stdout;
  console.log(said);
  expect(said).toContain('done: 3 servers replaced');
  await installation.settled(3);
});
