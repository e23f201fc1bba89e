import { afterAll, beforeAll, expect, jest, test } from '@jest/globals';
import type { Manifest } from '../support/render';
import { TestCa } from './support/certificates';
import { WatchedInstallation } from './support/lock-watch';
import { eventually, sleep } from './support/shell';

jest.setTimeout(10 * 60_000);

const installation = new WatchedInstallation('vault-e2e-lock');
const ca = new TestCa();

beforeAll(async () => {
  await ca.create();
  await installation.start(ca);
});

afterAll(async () => {
  await installation.remove();
  ca.remove();
});

test('a change of the leader is none of its business', async () => {
  const active = await installation.settled(3);
  await installation.vault(active, installation.root, ['operator', 'step-down']);
  await eventually('another leader', 60, async () => expect(await installation.settled(3)).toMatch(/vault-/));
  expect(await installation.said()).not.toContain('deleting');
});

test('a lock that a server keeps without leading is healed without a hand, and an event says why', async () => {
  // the watcher must have seen who leads, and labels who led follow after a moment
  await sleep(12_000);
  const active = await installation.settled(3);
  const { uid } = (await installation.get('pod', active)).metadata;
  const start = Date.now();
  await installation.stickLock(active);
  await eventually('a leader', 180, async () => expect(await installation.settled(3)).toMatch(/vault-/));
  const said = await installation.said();
  console.log(`from the step-down to three ready servers and a leader: ${((Date.now() - start) / 1000).toFixed(1)} s\n${said}`);
  expect(said).toMatch(new RegExp(`deleting ${active}: the lock has been held for \\d+ s by a server that does not lead`));
  expect(said.match(/deleting/g)).toHaveLength(1);
  expect((await installation.get('pod', active)).metadata.uid).not.toBe(uid);
  const events: Manifest[] = (await installation.get('events', '--field-selector', 'reason=LockStuck')).items;
  expect(events.map(({ involvedObject }) => involvedObject.name)).toEqual([active]);
});
