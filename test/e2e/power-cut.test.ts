import { afterAll, beforeAll, expect, jest, test } from '@jest/globals';
import { TestCa } from './support/certificates';
import { ClientPod } from './support/client';
import { enforceIam, get, kubectl } from './support/cluster';
import { RolledInstallation } from './support/rollout';
import { eventually, run, sleep } from './support/shell';

jest.setTimeout(10 * 60_000);

// commands that take the name of a node: without them nobody cuts a node's power
const [stop, start] = [process.env['STOP_NODE'], process.env['START_NODE']];
const onNodes = stop === undefined || start === undefined ? test.skip : test;

const installation = new RolledInstallation('vault-e2e-power');
const ca = new TestCa();
const clients = `${installation.namespace}-clients`;
let root: string;
let node: string | undefined;

beforeAll(async () => {
  if (stop === undefined) return;
  await ca.create();
  root = await installation.start(ca, enforceIam);
  await installation.vault('vault-0', root, ['secrets', 'enable', 'kv']);
  await installation.vault('vault-0', root, ['kv', 'put', 'kv/greeting', 'hello=world']);
  await kubectl(['create', 'namespace', clients]);
  await kubectl(['-n', clients, 'create', 'configmap', 'ca', `--from-literal=ca.crt=${ca.certificate}`]);
});

afterAll(async () => {
  if (stop === undefined) return;
  if (node !== undefined) await run([...(start ?? '').split(' '), node]);
  await kubectl(['delete', 'namespace', clients, '--ignore-not-found', '--timeout=60s']);
  await installation.remove();
  ca.remove();
});

onNodes.each<[string, number, (pod: string) => Promise<unknown>]>([
  ['nobody does anything', 100, async () => undefined],
  [
    'somebody deletes its pod by force after 20 s',
    60,
    async pod => {
      await sleep(20_000);
      await installation.kubectl(['delete', 'pod', pod, '--force', '--grace-period=0']);
    },
  ],
])('the node of the active server loses its power, and %s: how reads through vault-active come back', async (_, seconds, act) => {
  const active = await installation.settled(3);
  const lost: string = (await installation.get('pod', active)).spec.nodeName;
  const others = (await get('nodes')).items
    .map(({ metadata }: { metadata: { name: string } }) => metadata.name)
    .filter((name: string) => name !== lost);
  const reader = new ClientPod(clients, `reader-${active}`, { 'vault-client': 'true' }, others[0]);
  await reader.create();
  let cut = 0;
  const log = await reader.readWhile(
    `https://vault-active.${installation.namespace}.svc:8200/v1/kv/greeting`,
    root,
    async () => {
      await sleep(3_000);
      cut = Date.now();
      node = lost;
      await run([...(stop ?? '').split(' '), lost]);
      await Promise.all([sleep(seconds * 1000), act(active)]);
    },
    1,
  );
  const rates = log.ratesSince(cut);
  console.log(
    `${log}\nseconds after the power cut until 100 reads in a row succeed: ${(log.steadySince(cut, 100) / 1000).toFixed(1)}\nsuccess rate of each second: ${rates.map(rate => `${Math.round(rate * 100)}`).join(' ')}`,
  );
  expect(rates.at(-1)).toBe(1);
  await run([...(start ?? '').split(' '), lost]);
  node = undefined;
  await eventually('the node to come back', 120, async () => expect(await installation.settled(3)).toMatch(/vault-/));
});

onNodes('a node that goes in the middle of a roll: it stops, and goes on when the node is back', async () => {
  installation.apply({ config: { logLevel: 'debug' } });
  await kubectl(['apply', '-k', installation.dist]);
  const active = await installation.settled(3);
  await installation.begin('cut', { WAIT_SECONDS: '40' });
  const first = await eventually('the first server to be replaced', 120, async () => {
    const { stdout } = await installation.kubectl(['logs', 'job/cut'], { accept: [0, 1] });
    const [, name] = /(vault-\d) serves with the new revision/.exec(stdout) ?? [];
    if (name === undefined) throw new Error(stdout);
    return name;
  });
  // that of a standby, on which the Job's own pod does not run
  const [pod] = (await installation.get('pods', '-l', 'batch.kubernetes.io/job-name=cut')).items;
  const servers = (await installation.pods()).filter(
    ({ metadata, spec }) => metadata.name !== active && spec.nodeName !== pod.spec.nodeName,
  );
  const lost: string = servers.find(({ metadata }) => metadata.name !== first)?.spec.nodeName ?? servers[0]?.spec.nodeName;
  node = lost;
  await run([...(stop ?? '').split(' '), lost]);
  const job = await eventually('the Job to end', 200, async () => {
    const { status } = await installation.get('job', 'cut');
    if (!(status.succeeded > 0 || status.failed > 0)) throw new Error('it runs');
    return (await installation.kubectl(['logs', 'job/cut'], { accept: [0, 1] })).stdout;
  });
  console.log(job);
  expect(job).not.toContain('done: 3');
  expect((await installation.pods()).filter(pod => pod.metadata.labels['vault-active'] === 'true').map(pod => pod.metadata.name)).toContain(
    active,
  );
  await run([...(start ?? '').split(' '), lost]);
  node = undefined;
  const { said, failed } = await eventually('a roll that goes through', 300, async () => {
    const name = `again-${Date.now() % 100_000}`;
    const ended = await installation.roll(name);
    if (ended.failed) throw new Error(ended.said);
    return ended;
  });
  console.log(said);
  expect(failed).toBe(false);
  await installation.settled(3);
});
