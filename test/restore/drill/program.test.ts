import { createServer } from 'node:net';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { Stop } from '../../../charts/app/jobs/runtime/stop.mts';
import { startGuard } from '../../../charts/restore/drill/program/guard.mts';
import { DrillPod } from './drill-pod';

const scratch = 'vault-data-drill-scratch';
const harmless = [
  ['core', 'keyring'],
  ['logical/0a1b/role', 'app'],
  ['sys/expire', 'x'],
];
let pod: DrillPod;

beforeEach(async () => {
  pod = await DrillPod.create();
  pod.aws.makeTable('vault-data');
  pod.aws.tableBackups.set('arn:aws:dynamodb:eu-west-1:123456789012:table/vault-data/backup/nightly', {
    table: 'vault-data',
    at: 100,
    state: 'AVAILABLE',
    items: [
      ...harmless,
      ['sys/expire', 'id/'],
      ['sys/expire/id', 'database/'],
      ['sys/expire/id/database/creds/app', 'h1'],
      ['logical/0a1b', 'static-role/'],
      ['logical/0a1b/static-role', 'reporting'],
      ['logical/0a1b/wal', 'b2c3'],
    ],
  });
});
afterEach(() => pod.remove());

/** Whatever came of it: no Vault and no table of a drill, and what is in production is as it was. */
const nothingLeft = (): void => {
  expect([pod.cluster.scaled.at(-1) ?? 0, [...pod.aws.tables.keys()], pod.production.tokens.size]).toEqual([0, ['vault-data'], 0]);
};

describe('a backup that is good', () => {
  test('passes, and leaves nothing behind', async () => {
    const { status, lines } = await pod.run();
    expect([status, lines.at(-1)]).toEqual([
      0,
      expect.stringMatching(/^passed: arn:.*\/backup\/nightly of 1970-01-01T00:01:40Z is a Vault that is alive, after \d+ s$/),
    ]);
    nothingLeft();
    expect(pod.copy.tokens.size).toBe(0);
  });

  test('is without leases, static roles and unfinished work before a Vault starts on it', async () => {
    let before: string[][] | undefined;
    pod.cluster.instead['PUT apis/apps/v1/namespaces/vault/deployments/vault-drill-server/scale'] = ({ body }) => {
      if (body.spec.replicas === 1) before = pod.aws.tables.get(scratch)?.items;
      return undefined;
    };
    expect((await pod.run()).status).toBe(0);
    expect(before).toEqual(harmless);
  });

  test('passes after a drill that was killed', async () => {
    pod.cluster.scaled.push(1);
    pod.aws.makeTable(scratch);
    expect((await pod.run()).status).toBe(0);
    nothingLeft();
  });

  test('what a killed one left is taken away, also where production is sealed', async () => {
    pod.cluster.scaled.push(1);
    pod.aws.makeTable(scratch);
    pod.production.sealed = true;
    expect((await pod.run()).status).toBe(1);
    nothingLeft();
  });

  test('starts no Vault once another has the Lease: that one may have restored the table anew', async () => {
    const spec = { holderIdentity: 'another', leaseDurationSeconds: 30, renewTime: new Date(Date.now() + 60_000).toISOString() };
    pod.aws.instead['POST '] = ({ headers }) => {
      if (String(headers['x-amz-target']).endsWith('RestoreTableFromBackup'))
        pod.cluster.put('leases/vault-drill', { metadata: { name: 'vault-drill' }, spec });
      return undefined;
    };
    expect((await pod.run()).lines).toContain('the drill failed: lost Lease vault-drill: held by another');
    // nor is the other's table taken away
    expect([pod.cluster.scaled, [...pod.aws.tables.keys()]]).toEqual([[0], ['vault-data', scratch]]);
  });

  test('says nothing of what the canary holds, nor of a token', async () => {
    expect((await pod.run()).lines.join('\n')).not.toContain('5ecre7');
  });
});

describe('it fails, and leaves nothing behind', () => {
  test.each<readonly [string, () => void, string]>([
    ['where there is no backup', () => pod.aws.tableBackups.clear(), 'there is no backup of table vault-data that is complete'],
    [
      'where the guard says that policies are not enforced',
      () => {
        pod.cluster.refuses = 'this pod reaches the database at db.example.com:5432';
      },
      'guard: this pod reaches the database at db.example.com:5432',
    ],
    [
      'where the copy stays sealed',
      () => {
        pod.copy.sealed = true;
      },
      'gave up waiting for the Vault of the drill to be unsealed: GET sys/health: Vault answered 503',
    ],
    [
      'where it is another Vault',
      () => {
        pod.copy.clusterId = 'cluster-2';
      },
      'the backup is of another Vault: its cluster_id is cluster-2, that of production cluster-1',
    ],
    [
      'where the canary is another one',
      () => {
        pod.copy.canary = { data: { word: 'other' } };
      },
      'kv/data/canary holds something else in the backup than in production',
    ],
    [
      'where there is no canary in the backup',
      () => {
        pod.copy.canary = undefined;
      },
      'there is nothing at kv/data/canary in the Vault of the drill: write a canary there',
    ],
    [
      'where the role is missing in production',
      () => {
        pod.production.instead['PUT auth/kubernetes/login'] = { status: 400, body: { errors: ['invalid role name "vault-drill"'] } };
      },
      'gave up waiting for a login to the Vault of production: the login as vault-drill: Vault answered 400',
    ],
  ])('%s', async (_, spoil, message) => {
    spoil();
    const { status, lines } = await pod.run();
    expect([status, lines.at(-1)]).toEqual([1, expect.stringContaining(message)]);
    nothingLeft();
  });

  test('where a lease is written while it takes them out: Vault is not started', async () => {
    const { tables } = pod.aws;
    pod.aws.failing.set('BatchWriteItem', { status: 200, body: { UnprocessedItems: {} } });
    const { status, lines } = await pod.run();
    expect([status, lines.at(-1)]).toEqual([
      1,
      expect.stringContaining('are still in table vault-data-drill-scratch: Vault is not started'),
    ]);
    expect([pod.cluster.scaled.includes(1), tables.has(scratch)]).toEqual([false, false]);
  });
});

test('told to stop while its Vault starts, it leaves no Vault behind, and the next drill cleans up', async () => {
  pod.copy.sealed = true;
  const running = pod.run();
  for (let tries = 0; !pod.cluster.scaled.includes(1); tries += 1) {
    expect(tries).toBeLessThan(500);
    await new Promise(resolve => setTimeout(resolve, 5));
  }
  pod.terminate();
  expect(await running).toMatchObject({ status: 143 });
  expect(pod.cluster.scaled.at(-1)).toBe(0);
  pod.copy.sealed = false;
  expect((await pod.run()).status).toBe(0);
  nothingLeft();
});

test('two drills exclude each other', async () => {
  pod.cluster.put('leases/vault-drill', {
    metadata: { name: 'vault-drill' },
    spec: { holderIdentity: 'another', leaseDurationSeconds: 30, renewTime: new Date().toISOString() },
  });
  const { status, lines } = await pod.run();
  expect([status, lines.at(-1)]).toEqual([1, 'gave up waiting for Lease vault-drill of namespace vault: held by another']);
});

describe('the guard', () => {
  const target = { what: 'the database', host: 'db', port: 5432 };
  const pace = { connect: 50, pause: 1, giveUpAfter: 100 };
  const guard = (host: string, port: number) =>
    startGuard({}, new Stop(() => undefined), () => undefined, { plan: { targets: [{ what: 'the database', host, port }] }, pace });

  test('fails where the database answers', async () => {
    const server = createServer();
    await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as { port: number };
    await expect(guard('127.0.0.1', port)).rejects.toThrow(
      `this pod reaches the database at 127.0.0.1:${port}: NetworkPolicies are not enforced here`,
    );
    server.close();
    // a refusal came from there too
    await expect(guard('127.0.0.1', port)).rejects.toThrow('this pod reaches the database');
  });

  test('fails where the name has no address: nothing is known then', async () => {
    const unknown = startGuard({}, new Stop(() => undefined), () => undefined, {
      plan: { targets: [target] },
      pace,
      reach: async () => 'unknown name',
    });
    await expect(unknown).rejects.toThrow('db has no address: correct the name of the database');
  });

  test('lets Vault start where nothing comes back', async () => {
    const outcomes = ['reached', 'blocked', 'reached', 'blocked', 'blocked', 'blocked'] as const;
    let tries = 0;
    // a policy may be in force a moment after the pod has started
    const reach = async () => outcomes[tries++] ?? 'reached';
    await startGuard({}, new Stop(() => undefined), () => undefined, {
      plan: { targets: [target] },
      pace,
      reach,
    });
    expect(tries).toBe(outcomes.length);
  });
});
