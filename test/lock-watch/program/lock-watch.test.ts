import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { Kubernetes } from '../../../charts/app/jobs/runtime/kubernetes.mts';
import { Lease } from '../../../charts/app/jobs/runtime/lease.mts';
import { Servers } from '../../../charts/app/jobs/runtime/servers.mts';
import { Stop } from '../../../charts/app/jobs/runtime/stop.mts';
import { NotYet, Waiter } from '../../../charts/app/jobs/runtime/wait.mts';
import { Events } from '../../../charts/lock-watch/program/events.mts';
import type { Lock } from '../../../charts/lock-watch/program/lock.mts';
import { LockWatch } from '../../../charts/lock-watch/program/watch.mts';
import { FakeCluster, type FakePod } from '../../support/fakes/fake-cluster';
import { serviceAccountToken } from '../../support/job-pod';

const folder = mkdtempSync(join(tmpdir(), 'cdk8s-vault-lock-'));
let cluster: FakeCluster;
let watch: LockWatch;
let lines: string[];
let readLock: () => Promise<Lock | undefined>;
/** Watches with another patience, in milliseconds. */
let watchWith: (patience: number) => LockWatch;

beforeEach(async () => {
  cluster = new FakeCluster();
  await cluster.listenWith(['vault-0', 'vault-1', 'vault-2']);
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, 'ca.crt'), cluster.certificate);
  writeFileSync(join(folder, 'token'), serviceAccountToken(3600));
  const kubernetes = new Kubernetes(cluster.address, folder, 'vault');
  const ca = [...cluster.servers.values()].map(({ certificate }) => certificate).join('\n');
  const plan = { statefulSet: 'vault', selector: { a: 'b' }, internalService: 'x', port: 1 };
  lines = [];
  const say = (line: string): void => void lines.push(line);
  const stop = new Stop(say);
  watchWith = patience =>
    new LockWatch({
      servers: new Servers(
        kubernetes,
        plan,
        () => ca,
        name => cluster.servers.get(name)?.address ?? 'https://127.0.0.1:1',
      ),
      table: 'vault-data',
      readLock: () => readLock(),
      lease: new Lease(kubernetes, 'vault-changes', 'watcher', say),
      events: new Events(kubernetes, 'watcher'),
      waiter: new Waiter(say, stop, { giveUpAfter: 0, shortest: 1, longest: 1 }),
      stop,
      say,
      patience,
      interval: 1,
      grace: 1,
    });
  watch = watchWith(50);
});

afterEach(() => {
  cluster.closeAll();
  rmSync(folder, { recursive: true });
});

const all = (what: Partial<FakePod>): void => {
  for (const [name, pod] of cluster.pods) cluster.set(name, { ...pod, ...what });
};
/** A lock that somebody goes on renewing. */
const renewed = async (): Promise<Lock> => ({ identity: 'somebody', expires: Date.now() + 15_000 });
async function looks(times: number): Promise<void> {
  for (let time = 0; time < times; time += 1) {
    await watch.look();
    await new Promise(resolve => setTimeout(resolve, 20));
  }
}
/** Nobody leads, and the lock is renewed. */
function stick(): void {
  all({ role: 'standby' });
  readLock = renewed;
  cluster.comesBack = (_, pod) => ({ ...pod, role: 'standby' });
}

describe('a lock that is held by a server which does not lead', () => {
  test('who led last is replaced, with an event that says why, and nobody else', async () => {
    readLock = renewed;
    cluster.set('vault-0', { ...(cluster.pods.get('vault-0') as FakePod), role: 'standby' });
    cluster.set('vault-2', { ...(cluster.pods.get('vault-2') as FakePod), role: 'active' });
    await looks(2);
    stick();
    cluster.comesBack = (_, pod) => {
      setTimeout(() => cluster.set('vault-1', { ...(cluster.pods.get('vault-1') as FakePod), role: 'active' }));
      return pod;
    };
    await looks(6);
    expect(cluster.deleted).toEqual(['vault-2']);
    expect(lines).toEqual([
      expect.stringMatching(/^deleting vault-2: the lock has been held for \d+ s by a server that does not lead, and nobody is active$/),
      expect.stringMatching(/^vault-1 leads, \d+ s after the lock was found stuck$/),
    ]);
    expect(cluster.asked.find(({ path }) => path.endsWith('/events'))?.body).toMatchObject({
      type: 'Warning',
      reason: 'LockStuck',
      involvedObject: { kind: 'Pod', name: 'vault-2', uid: 'uid-of-vault-2' },
    });
  });

  test('where nobody knows who led, one server after the other, each once, until one leads', async () => {
    stick();
    await looks(20);
    expect(cluster.deleted).toEqual(['vault-0', 'vault-1', 'vault-2']);
    expect(lines.at(-1)).toMatch(/^every server was replaced once, and nobody leads: nothing more is done/);
  });
});

describe('it touches nobody', () => {
  const cases: readonly (readonly [string, () => void])[] = [
    ['while a server leads', () => all({ role: 'standby' })],
    ['while AWS is away', () => (readLock = () => Promise.reject(new NotYet('GetItem: connect ETIMEDOUT')))],
    ['where there is no lock', () => (readLock = async () => undefined)],
    ['where the lock has expired: others take it', () => (readLock = async () => ({ identity: 'somebody', expires: 1 }))],
    ['where the lock is held but not renewed: it will expire', () => (readLock = async () => ({ identity: 'somebody', expires: 9e15 }))],
    [
      'where the lock changes hands: somebody is about to lead',
      () => (readLock = async () => ({ identity: String(Math.random()), expires: Date.now() + 15_000 })),
    ],
    ['where a server is sealed', () => cluster.set('vault-1', { ...(cluster.pods.get('vault-1') as FakePod), role: 'sealed' })],
    ['where a server does not answer', () => cluster.set('vault-1', { ...(cluster.pods.get('vault-1') as FakePod), role: 'silent' })],
    ['where a server is leaving', () => cluster.set('vault-1', { ...(cluster.pods.get('vault-1') as FakePod), leaving: true })],
    ['where a pod is missing', () => cluster.set('vault-1', undefined)],
    ['where the API server is away', () => cluster.close()],
    [
      'while another Job changes this Vault',
      () =>
        cluster.put('leases/vault-changes', {
          metadata: { name: 'vault-changes' },
          spec: { holderIdentity: 'a-rollout', leaseDurationSeconds: 30, renewTime: new Date(Date.now() + 60_000).toISOString() },
        }),
    ],
  ];

  test.each(cases)('%s', async (what, happens) => {
    stick();
    happens();
    if (what === 'while a server leads') cluster.set('vault-0', { ...(cluster.pods.get('vault-0') as FakePod), role: 'active' });
    await looks(8);
    expect(cluster.deleted).toEqual([]);
  });

  test('and says so where what it sees tells nothing: no answer of a server that kubelet reaches, another table', async () => {
    stick();
    cluster.set('vault-1', { ...(cluster.pods.get('vault-1') as FakePod), role: 'silent' });
    await looks(4);
    cluster.set('vault-1', { ...(cluster.pods.get('vault-1') as FakePod), role: 'standby' });
    cluster.env = [{ name: 'AWS_DYNAMODB_TABLE', value: 'vault-restored' }];
    await looks(4);
    expect([cluster.deleted, lines]).toEqual([
      [],
      [
        expect.stringMatching(/^cannot see what is: vault-1 is ready, but gives no answer here: https:/),
        'cannot see what is: the lock of table vault-data is read, and the servers use vault-restored: write storage.table in main.ts',
      ],
    ]);
  });

  test('for as long as a change of the leader takes', async () => {
    // longer than any machine is slow
    watch = watchWith(3_600_000);
    stick();
    await looks(2);
    expect(cluster.deleted).toEqual([]);
  });
});
