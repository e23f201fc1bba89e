import { afterAll, beforeAll, expect, jest, test } from '@jest/globals';
import { VaultLockWatch } from '../../charts';
import type { Manifest } from '../support/render';
import { TestCa } from './support/certificates';
import { enforceIam, Installation, isReady, kubectl } from './support/cluster';
import { eventually, sleep } from './support/shell';
import { standIn } from './support/stack';

jest.setTimeout(10 * 60_000);

const installation = new Installation('vault-e2e-lock');
const ca = new TestCa();
let root: string;
let app: ReturnType<typeof synth>;

function synth() {
  let watch: VaultLockWatch | undefined;
  const made = installation.synth({}, (kustomize, vault) => {
    watch = new VaultLockWatch(kustomize, 'lock-watch', { vault, role: `${installation.namespace}-lock-watch` });
  });
  if (watch?.role === undefined) throw new Error('no role');
  return { ...made, role: watch.role };
}

const said = async (): Promise<string> => (await installation.kubectl(['logs', 'deploy/vault-lock-watch', '--tail=-1'])).stdout;

beforeAll(async () => {
  await installation.remove();
  app = synth();
  await installation.makeAws(app.vault);
  // the stand-in for AWS knows no fine-grained access to a table, and takes a condition on it for one that does not hold
  const statements = app.role
    .statements()
    .map(({ conditions, ...rest }) => ({ ...rest, ...(standIn || conditions === undefined ? {} : { conditions }) }));
  await installation.makeRole(Object.assign(Object.create(app.role), { statements: () => statements }));
  await enforceIam();
  await ca.create();
  await installation.makePrerequisites(app.vault, ca);
  await kubectl(['apply', '-k', app.dist]);
  const made = await eventually('vault-0 to answer', 120, () =>
    installation.exec('vault-0', ['vault', 'operator', 'init', '-format=json']),
  );
  root = JSON.parse(made.stdout).root_token;
  await installation.settled(3);
  await eventually('the watcher to run', 60, async () => {
    const [pod] = (await installation.get('pods', '-l', 'app.kubernetes.io/component=lock-watch')).items;
    expect(isReady(pod)).toBe(true);
  });
});

afterAll(async () => {
  await installation.remove();
  ca.remove();
});

test('a change of the leader is none of its business', async () => {
  const active = await installation.settled(3);
  await installation.vault(active, root, ['operator', 'step-down']);
  await eventually('another leader', 60, async () => expect(await installation.settled(3)).toMatch(/vault-/));
  expect(await said()).not.toContain('deleting');
});

test('a lock that a server keeps without leading is healed without a hand, and an event says why', async () => {
  // the watcher must have seen who leads, and labels who led follow after a moment
  await sleep(12_000);
  const active = await installation.settled(3);
  const { uid } = (await installation.get('pod', active)).metadata;
  // as it was seen: the server cannot give the lock back, and goes on renewing it
  await installation.allow(app.vault.role, 'dynamodb:DeleteItem');
  const start = Date.now();
  await installation.vault(active, root, ['operator', 'step-down']);
  await eventually('nobody to lead', 30, async () => {
    const pods: Manifest[] = await installation.pods();
    expect(pods.filter(({ metadata }) => metadata.labels['vault-active'] === 'true')).toEqual([]);
  });
  await installation.allow(app.vault.role);
  await eventually('a leader', 180, async () => expect(await installation.settled(3)).toMatch(/vault-/));
  console.log(`from the step-down to three ready servers and a leader: ${((Date.now() - start) / 1000).toFixed(1)} s\n${await said()}`);
  expect(await said()).toMatch(new RegExp(`deleting ${active}: the lock has been held for \\d+ s by a server that does not lead`));
  expect((await said()).match(/deleting/g)).toHaveLength(1);
  expect((await installation.get('pod', active)).metadata.uid).not.toBe(uid);
  const events: Manifest[] = (await installation.get('events', '--field-selector', 'reason=LockStuck')).items;
  expect(events.map(({ involvedObject }) => involvedObject.name)).toEqual([active]);
});
