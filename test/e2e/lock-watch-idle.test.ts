import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, jest, test } from '@jest/globals';
import type { Manifest } from '../support/render';
import { TestCa } from './support/certificates';
import { aws, kubectl } from './support/cluster';
import { WatchedInstallation } from './support/lock-watch';
import { eventually, sleep } from './support/shell';

jest.setTimeout(5 * 60_000);

const installation = new WatchedInstallation('vault-e2e-lock-idle');
const { namespace } = installation;
const ca = new TestCa();
const patienceSeconds = 30;
/** The watcher looks every 5 seconds; a lock that is stuck and nothing else has a pod deleted within this time, as the last test shows. */
const longEnough = (patienceSeconds + 15) * 1000;

const key = ['--table-name', namespace, '--key', JSON.stringify({ Path: { S: 'core' }, Key: { S: '_lock' } })];
const lock = async (): Promise<Manifest | undefined> => {
  const answer = await aws(['dynamodb', 'get-item', '--consistent-read', ...key]);
  return answer === '' ? undefined : JSON.parse(answer).Item;
};
const expires = (item: Manifest | undefined): number => Number(item?.['Expires'].N) / 1e6;
/** The lock in a hand that is no server's. */
async function seize(seconds: number): Promise<void> {
  const item = {
    Path: { S: 'core' },
    Key: { S: '_lock' },
    Value: { B: '' },
    ...(await lock()),
    Identity: { B: Buffer.from(randomUUID()).toString('base64') },
    Expires: { N: String((Date.now() + seconds * 1000) * 1e6) },
  };
  await aws(['dynamodb', 'put-item', '--table-name', namespace, '--item', JSON.stringify(item)]);
}
const drop = (): Promise<string> => aws(['dynamodb', 'delete-item', ...key]);

/** Goes on with what happens for so long that a stuck lock would have been found, and sees that the watcher deletes nothing. */
async function untouched(happens: () => Promise<unknown> = () => sleep(1000)): Promise<void> {
  const uids = async () => (await installation.pods()).map(({ metadata }) => metadata.uid);
  const [before, pods] = [await installation.said(), await uids()];
  for (const start = Date.now(); Date.now() - start < longEnough; ) await happens();
  const said = (await installation.said()).slice(before.length);
  if (said !== '') console.log(said);
  expect(said).not.toContain('deleting');
  expect(await uids()).toEqual(pods);
}

beforeAll(async () => {
  await ca.create();
  await installation.start(ca, { patienceSeconds });
});

afterAll(async () => {
  await installation.remove();
  ca.remove();
});

/** The active server, once its post-unseal is over too: its label comes before. */
async function leads(): Promise<string> {
  await installation.settled(3, 240);
  await sleep(12_000);
  return installation.settled(3);
}

describe('while the lock is not stuck, nobody is touched', () => {
  test('though the servers lead one after the other', async () => {
    await untouched(async () => {
      await installation.vault(await installation.settled(3), installation.root, ['operator', 'step-down']);
      await sleep(2000);
    });
  });

  test('though AWS refuses the servers everything: the lock expires', async () => {
    await leads();
    await installation.deny(installation.serverRole);
    await installation.nobodyLeads();
    await eventually('the lock to expire', 60, async () => expect(expires(await lock())).toBeLessThan(Date.now()));
    await untouched();
    expect(expires(await lock())).toBeLessThan(Date.now());
    await installation.allow(installation.serverRole);
    // a server that could not give the lock back may renew it now: then it is the watcher's business, and healed
  });

  test('though there is no lock, since no server may take it', async () => {
    const active = await leads();
    await installation.allow(installation.serverRole, 'dynamodb:UpdateItem');
    await installation.vault(active, installation.root, ['operator', 'step-down']);
    await installation.nobodyLeads();
    await untouched();
    expect(await lock()).toBeUndefined();
    await installation.allow(installation.serverRole);
  });

  test('though somebody holds it and does not renew it', async () => {
    await leads();
    await seize(600);
    await installation.nobodyLeads();
    const held = await lock();
    await untouched();
    expect(await lock()).toEqual(held);
    await drop();
  });

  test('though it changes hands', async () => {
    await leads();
    await seize(15);
    await installation.nobodyLeads();
    await untouched(async () => {
      await seize(15);
      await sleep(4000);
    });
    await drop();
  });
});

describe('while the lock is stuck, nobody is touched', () => {
  let active: string;
  let standbys: readonly string[];
  /** Ends the situation before: the next one has begun then, so that there is never a moment with the stuck lock alone. */
  let end: () => Promise<unknown> = async () => undefined;

  const deletePod = (name: string) => installation.kubectl(['delete', 'pod', name, '--wait=false']);
  const patch = (object: string, change: unknown) => installation.kubectl(['patch', object, '--type=merge', '-p', JSON.stringify(change)]);
  const finalizers = (pod: string, names: readonly string[]) => patch(`pod/${pod}`, { metadata: { finalizers: names } });
  /** Whom the watcher's NetworkPolicy lets it reach. */
  let egress: readonly Manifest[];
  const admit = (rules: readonly Manifest[]) => patch('networkpolicy/vault-lock-watch', { spec: { egress: rules } });

  const situations: Readonly<Record<string, { readonly begin: () => Promise<unknown>; readonly end: () => Promise<unknown> }>> = {
    'as long as a server is sealed': {
      begin: async () => {
        await installation.allow(installation.serverRole, 'kms:Decrypt');
        await deletePod(standbys[0] ?? '');
      },
      end: () => installation.allow(installation.serverRole),
    },
    'as long as a server is leaving': {
      begin: async () => {
        await finalizers(standbys[1] ?? '', ['cdk8s-vault.test/keep']);
        await deletePod(standbys[1] ?? '');
      },
      end: () => finalizers(standbys[1] ?? '', []),
    },
    'as long as a pod is missing': {
      begin: () => installation.kubectl(['create', 'quota', 'no-more', '--hard=pods=0']),
      end: async () => {
        await installation.kubectl(['delete', 'quota', 'no-more']);
        // its controller tries ever more rarely
        await installation.kubectl(['annotate', 'statefulset', 'vault', 'cdk8s-vault.test/again=now']);
      },
    },
    'as long as the watcher reaches neither Kubernetes nor AWS nor the servers': {
      begin: () => admit([]),
      // the next one opens the way to Kubernetes and AWS
      end: async () => undefined,
    },
    'as long as the servers do not answer it': {
      begin: () => admit(egress.filter(({ to }) => to?.[0].podSelector === undefined)),
      end: () => admit(egress),
    },
    'as long as AWS refuses it the lock': {
      begin: () => installation.deny(installation.watcherRole),
      end: () => installation.allow(installation.watcherRole),
    },
    'as long as another Job changes this Vault': {
      begin: async () => {
        const spec = { holderIdentity: 'somebody', leaseDurationSeconds: 3600, renewTime: new Date().toISOString().replace('Z', '000Z') };
        const lease = { apiVersion: 'coordination.k8s.io/v1', kind: 'Lease', metadata: { name: 'vault-changes', namespace }, spec };
        await installation.kubectl(['delete', 'lease', 'vault-changes', '--ignore-not-found']);
        await kubectl(['create', '-f', '-'], { input: JSON.stringify(lease) });
      },
      end: () => installation.kubectl(['delete', 'lease', 'vault-changes']),
    },
  };

  beforeAll(async () => {
    ({ egress } = (await installation.get('networkpolicy', 'vault-lock-watch')).spec);
    active = await leads();
    standbys = (await installation.pods()).map(({ metadata }) => metadata.name).filter(name => name !== active);
    await installation.stickLock(active);
  });

  test.each(Object.entries(situations))('%s', async (_, situation) => {
    await situation.begin();
    await end();
    ({ end } = situation);
    const before = await lock();
    await sleep(10_000);
    await untouched();
    const after = await lock();
    expect([after?.['Identity'], expires(after) > expires(before)]).toEqual([before?.['Identity'], true]);
  });

  test('and with the last of these gone, who holds it is deleted', async () => {
    const held = await lock();
    await end();
    await installation.settled(3, 120);
    const said = await installation.said();
    console.log(said);
    expect(said).toMatch(/the lock is stuck, but somebody else works on this Vault: .*somebody/);
    expect(said).toContain(`deleting ${active}: the lock has been held for`);
    expect((await lock())?.['Identity']).not.toEqual(held?.['Identity']);
    expect((await installation.watcher()).status.containerStatuses[0].restartCount).toBe(0);
  });
});
