import { afterEach, describe, expect, test } from '@jest/globals';
import type { FakePod } from '../../support/fakes/fake-cluster';
import { RolloutPod } from './rollout-pod';

let pod: RolloutPod;
const make = async (...args: Parameters<typeof RolloutPod.create>): Promise<RolloutPod> => {
  pod = await RolloutPod.create(...args);
  return pod;
};
afterEach(() => {
  expect(pod.lines.join('\n')).not.toContain('5ecre7');
  pod.remove();
});

const change = (name: string, what: Partial<FakePod>): void => {
  const before = pod.cluster.pods.get(name);
  if (before === undefined) throw new Error(`no pod ${name}`);
  pod.cluster.set(name, { ...before, ...what });
};
const allUpToDate = () => [...pod.cluster.pods.values()].every(({ revision }) => revision === 'new');

describe('servers that are out of date', () => {
  test('are replaced after a backup: standbys one by one, the active one last', async () => {
    await make();
    const { status, lines } = await pod.run();
    expect([status, lines.at(-1)]).toEqual([0, expect.stringMatching(/^done: 3 servers replaced in [\d.]+ s$/)]);
    expect(pod.cluster.evicted).toEqual(['vault-1', 'vault-2', 'vault-0']);
    expect([...pod.aws.backups.values()]).toEqual(['AVAILABLE']);
    const backup = lines.findIndex(line => line.includes('is complete'));
    expect(backup).toBeLessThan(lines.findIndex(line => line.startsWith('replacing')));
  });

  test('none: it says so, and makes no backup', async () => {
    await make();
    for (const name of pod.cluster.pods.keys()) change(name, { revision: 'new' });
    const { status, lines } = await pod.run();
    expect([status, lines.at(-1), pod.aws.backups.size]).toEqual([0, 'all servers are up to date: nothing to do', 0]);
  });

  test('one server alone', async () => {
    await make({}, 1);
    expect((await pod.run()).status).toBe(0);
    expect(pod.cluster.evicted).toEqual(['vault-0']);
  });

  test('only the active one', async () => {
    await make();
    for (const name of ['vault-1', 'vault-2']) change(name, { revision: 'new' });
    expect((await pod.run()).status).toBe(0);
    expect(pod.cluster.evicted).toEqual(['vault-0']);
  });

  test('those that do not serve go first: the fix of a broken image gets through', async () => {
    await make();
    change('vault-2', { role: 'silent', ready: false });
    expect((await pod.run()).status).toBe(0);
    expect(pod.cluster.evicted).toEqual(['vault-2', 'vault-1', 'vault-0']);
  });

  test('a sealed one that is out of date goes first too', async () => {
    await make();
    change('vault-1', { role: 'sealed', ready: false });
    expect((await pod.run()).status).toBe(0);
    expect(pod.cluster.evicted[0]).toBe('vault-1');
  });
});

describe('it does not begin', () => {
  const nothingDone = () => expect([pod.cluster.evicted, pod.aws.backups.size]).toEqual([[], 0]);

  test('where two say that they are active', async () => {
    await make();
    change('vault-1', { role: 'active' });
    const { status, lines } = await pod.run();
    expect([status, lines.at(-1)]).toEqual([
      1,
      'vault-0 and vault-1 both say that they are active: nothing was changed. Look at their logs first',
    ]);
    nothingDone();
  });

  test.each(['standby', 'cut off'] as const)('where nobody is active, and all are %s', async role => {
    await make();
    for (const name of pod.cluster.pods.keys()) change(name, { role });
    const { status, lines } = await pod.run();
    expect([status, lines.at(-1)]).toEqual([
      1,
      expect.stringMatching(new RegExp(`^no server is active \\(vault-0 ${role}, out of date; .*\\): nothing was changed`)),
    ]);
    nothingDone();
  });

  test('where servers that kubelet reaches give it no answer: their authority is another, say', async () => {
    await make();
    for (const name of pod.cluster.pods.keys()) change(name, { role: 'silent', ready: true });
    const { status, lines } = await pod.run();
    expect([status, lines.at(-1)]).toEqual([
      1,
      expect.stringMatching(/^gave up waiting for a look at the servers: vault-0 is ready, but gives no answer here: https:/),
    ]);
    nothingDone();
  });

  test('where an overlay has given the servers another table than the one it backs up', async () => {
    await make();
    pod.cluster.env = [{ name: 'AWS_DYNAMODB_TABLE', value: 'vault-restored' }];
    const { status, lines } = await pod.run();
    expect([status, lines.at(-1)]).toEqual([
      1,
      'the servers use table vault-restored, and the backup would be of vault-data: nothing was changed. Write storage.table in main.ts, or back vault-restored up and set BACKUP=false',
    ]);
    nothingDone();
  });

  test('where the new image is older than what serves, unless told', async () => {
    await make();
    pod.cluster.image = 'hashicorp/vault:1.20.9';
    const { status, lines } = await pod.run();
    expect([status, lines.at(-1)]).toEqual([
      1,
      expect.stringMatching(/^1\.20\.9 is older than 1\.21\.0, which serves: nothing was changed\. Vault promises no way back/),
    ]);
    nothingDone();
    pod.env['ALLOW_OLDER'] = 'true';
    expect((await pod.run()).status).toBe(0);
  });

  test('where nobody serves, and the new image is older than that of the pods', async () => {
    await make();
    for (const name of pod.cluster.pods.keys()) change(name, { role: 'silent', ready: false, image: 'hashicorp/vault:2.0.4' });
    expect((await pod.run()).lines.at(-1)).toMatch(/^1\.21\.7 is older than 2\.0\.4, which serves: nothing was changed/);
    nothingDone();
  });

  test('where the servers keep their version to themselves, and the new image is older than that of the pods', async () => {
    await make();
    pod.cluster.image = '10.20.30.40:5000/vault:1.20.9';
    for (const name of pod.cluster.pods.keys()) change(name, { version: '', image: '10.20.30.40:5000/vault:1.21.0' });
    expect((await pod.run()).lines.at(-1)).toMatch(/^1\.20\.9 is older than 1\.21\.0, which serves: nothing was changed/);
    nothingDone();
  });

  test('where neither says which version it is, unless told', async () => {
    await make();
    for (const name of pod.cluster.pods.keys()) change(name, { version: '', image: 'vault@sha256:abc' });
    expect((await pod.run()).lines.at(-1)).toBe(
      'the version of the servers cannot be told, neither by health nor by a tag: nothing was changed. Set ALLOW_OLDER=true once you know that it is no older one',
    );
    nothingDone();
    pod.env['ALLOW_OLDER'] = 'true';
    expect((await pod.run()).status).toBe(0);
  });

  test('while another Job changes this Vault', async () => {
    await make();
    pod.cluster.put('leases/vault-changes', {
      metadata: { name: 'vault-changes' },
      spec: { holderIdentity: 'vault-configuration-pod', leaseDurationSeconds: 30, renewTime: new Date(Date.now() + 60_000).toISOString() },
    });
    const { status, lines } = await pod.run();
    expect([status, lines.at(-1)]).toEqual([
      1,
      'gave up waiting for Lease vault-changes of namespace vault: held by vault-configuration-pod',
    ]);
    nothingDone();
  });

  test('without a backup', async () => {
    await make();
    pod.aws.failing.set('CreateBackup', {
      status: 400,
      body: { __type: 'com.amazonaws.dynamodb.v20120810#TableInUseException', message: 'Table is being updated' },
    });
    const { status, lines } = await pod.run();
    expect([status, lines.at(-1)]).toEqual([
      1,
      'gave up waiting for AWS to take the order for a backup: CreateBackup: TableInUseException: Table is being updated',
    ]);
    expect(pod.cluster.evicted).toEqual([]);
  });
});

describe('it looks again before each server', () => {
  const full = { status: 429, body: { reason: 'TooManyRequests', message: 'budget' } };

  test('one that has begun to lead while its budget kept it is left for the last', async () => {
    await make();
    let tries = 0;
    pod.cluster.refusal = name => {
      if (name !== 'vault-1' || tries > 0) return undefined;
      tries += 1;
      change('vault-0', { role: 'standby' });
      change('vault-1', { role: 'active' });
      return full;
    };
    const { status, lines } = await pod.run();
    expect([status, lines]).toEqual([
      0,
      expect.arrayContaining([expect.stringMatching(/^vault-1 is left alone for now: the servers have changed/)]),
    ]);
    expect(pod.cluster.evicted.at(-1)).toBe('vault-1');
  });

  test('one that a drain has taken meanwhile is waited for', async () => {
    await make();
    pod.cluster.refusal = name => {
      pod.cluster.refusal = () => undefined;
      const drained = pod.cluster.pods.get(name) as FakePod;
      pod.cluster.set(name, { ...drained, uid: 'another', revision: 'new', version: '1.21.1' });
      return full;
    };
    expect((await pod.run()).lines.at(-1)).toMatch(/^done: 3 servers replaced/);
    expect(pod.cluster.evicted).toEqual(['vault-2', 'vault-0']);
  });

  test('where the change was taken back meanwhile, nobody is replaced', async () => {
    await make();
    pod.cluster.refusal = () => {
      pod.cluster.revision = 'old';
      return full;
    };
    expect((await pod.run()).lines.at(-1)).toMatch(/^the StatefulSet was changed again \(revision old\): run the rollout again$/);
    expect(pod.cluster.evicted).toEqual([]);
  });

  test('one that answers late for a moment is not taken for broken', async () => {
    await make();
    pod.brokenAfter = 60_000;
    pod.cluster.comesBack = (_, next) => {
      change('vault-2', { role: 'silent', ready: false });
      setTimeout(() => change('vault-2', { role: 'standby', ready: true }), 50);
      pod.cluster.comesBack = (__, other) => other;
      return next;
    };
    expect((await pod.run()).lines).toContain('replacing vault-2, which is standby');
  });

  test('a standby that pretends to have heard from the active server is waited for until it has', async () => {
    await make({}, 2);
    const began = Date.now() - 5_000;
    pod.cluster.comesBack = (_, next) => ({ ...next, heardAgo: Date.now() - began });
    const { status, lines } = await pod.run();
    expect([status, lines.at(-1)]).toEqual([
      1,
      'gave up waiting for vault-1 to serve with the new revision: it has not heard from the active server yet',
    ]);
    expect(pod.cluster.evicted).toEqual(['vault-1']);
  });

  test('where another has taken the Lease meanwhile, nobody is replaced', async () => {
    await make();
    pod.cluster.refusal = () => {
      const spec = { holderIdentity: 'another', leaseDurationSeconds: 30, renewTime: new Date(Date.now() + 60_000).toISOString() };
      pod.cluster.put('leases/vault-changes', { metadata: { name: 'vault-changes' }, spec });
      return full;
    };
    expect((await pod.run()).lines.at(-1)).toBe('lost Lease vault-changes: held by another');
    expect(pod.cluster.evicted).toEqual([]);
  });
});

describe('it stops, and changes nothing more', () => {
  test('where the first server does not come back; run again with the fix, it goes on', async () => {
    await make();
    pod.cluster.comesBack = (_, next) => ({ ...next, role: 'silent', ready: false });
    const { status, lines } = await pod.run();
    expect([status, lines.at(-1)]).toEqual([1, 'gave up waiting for vault-1 to serve with the new revision: it is silent, not ready']);
    expect(pod.cluster.evicted).toEqual(['vault-1']);
    // the same again touches nobody
    expect((await pod.run()).lines.at(-1)).toMatch(
      /^gave up waiting for the servers to be as they should be: vault-1 silent, with the new revision$/,
    );
    expect(pod.cluster.evicted).toEqual(['vault-1']);
    // another image
    pod.cluster.revision = 'fixed';
    pod.cluster.comesBack = (_, next) => next;
    expect((await pod.run()).status).toBe(0);
    expect(pod.cluster.evicted.slice(1)).toEqual(['vault-1', 'vault-2', 'vault-0']);
  });

  test('where one that was replaced comes back sealed', async () => {
    await make();
    pod.cluster.comesBack = (name, next) => (name === 'vault-2' ? { ...next, role: 'sealed', ready: false } : next);
    const { lines } = await pod.run();
    expect(lines.at(-1)).toBe('gave up waiting for vault-2 to serve with the new revision: it is sealed, not ready');
    expect(pod.cluster.evicted).toEqual(['vault-1', 'vault-2']);
  });

  test('where a budget says no for longer than it waits', async () => {
    await make();
    pod.cluster.refusal = () => ({
      status: 429,
      body: { reason: 'TooManyRequests', message: "Cannot evict pod as it would violate the pod's disruption budget." },
    });
    const { status, lines } = await pod.run();
    expect([status, lines.at(-1)]).toEqual([
      1,
      expect.stringMatching(/^gave up waiting for vault-1 to be evicted: evicting vault-1: Kubernetes answered 429 \(Cannot evict pod/),
    ]);
  });

  test('where the StatefulSet is changed meanwhile', async () => {
    await make();
    pod.cluster.comesBack = (_, next) => {
      pod.cluster.revision = 'newer still';
      return next;
    };
    expect((await pod.run()).lines.at(-1)).toMatch(/run the rollout again$/);
    expect(pod.cluster.evicted).toEqual(['vault-1']);
  });

  test('where an image without a version in its tag turns out to be older', async () => {
    await make();
    pod.cluster.image = 'registry.example.com/vault@sha256:abc';
    pod.cluster.comesBack = (_, next) => ({ ...next, version: '1.20.0' });
    const { lines } = await pod.run();
    expect(lines.at(-1)).toMatch(/^1\.20\.0 is older than 1\.21\.0, which serves/);
    expect(pod.cluster.evicted).toEqual(['vault-1']);
  });

  test('where the maintenance window is over: what is left waits for the next', async () => {
    await make({ automatic: { cron: '0 3 * * 6', minutes: 5 } });
    pod.env['WINDOW_MINUTES'] = '0';
    const { status, lines } = await pod.run();
    expect([status, lines.at(-1)]).toEqual([0, 'the maintenance window is over: vault-1 and what follows waits for the next']);
    expect(pod.cluster.evicted).toEqual([]);
  });

  test('where its window was over when its pod came: the window is that of the clock', async () => {
    await make({ automatic: { cron: '0 3 * * 6', minutes: 5 } });
    const job = (minutesAgo: number) => `vault-rollout-${Math.floor(Date.now() / 60_000) - minutesAgo}`;
    expect((await pod.run('late', job(6))).lines.at(-1)).toMatch(/^the maintenance window is over/);
    expect((await pod.run('in-time', job(2))).status).toBe(0);
  });
});

test('AWS that throttles is waited for', async () => {
  await make();
  pod.aws.failing.set('CreateBackup', {
    status: 400,
    body: { __type: 'com.amazon.coral.availability#ThrottlingException', message: 'Rate exceeded' },
  });
  setTimeout(() => pod.aws.failing.delete('CreateBackup'), 100);
  const { status, lines } = await pod.run();
  expect(status).toBe(0);
  expect(lines).toContain('waiting for AWS to take the order for a backup: CreateBackup: ThrottlingException: Rate exceeded');
});

describe('killed and run again', () => {
  test.each([0, 1, 2, 3])('after %i servers: the rest follows, with the backup that was made', async count => {
    await make();
    pod.cluster.comesBack = (_, next) => {
      if (pod.cluster.evicted.length === count) pod.terminate();
      return next;
    };
    if (count === 0)
      pod.cluster.refusal = () => {
        pod.terminate();
        return 'break off';
      };
    expect((await pod.run()).status).toBe(143);
    pod.cluster.refusal = () => undefined;
    pod.cluster.comesBack = (_, next) => next;
    expect((await pod.run('another-pod')).status).toBe(0);
    expect(allUpToDate()).toBe(true);
    expect(pod.cluster.evicted).toHaveLength(3);
    expect(pod.cluster.evicted.at(-1)).toBe('vault-0');
    expect(pod.aws.backups.size).toBe(1);
  });
});

describe('a backup by AWS Backup', () => {
  const backup = { backupVault: 'vault-backups', role: 'arn:aws:iam::123456789012:role/backs-up' };

  test('is ordered and waited for', async () => {
    await make({ backup });
    const { status, lines } = await pod.run();
    expect(status).toBe(0);
    expect(lines).toContain('backup job-0 is complete');
    expect(pod.aws.asked.find(({ method, path }) => `${method} ${path}` === 'PUT backup-jobs')?.body).toEqual({
      BackupVaultName: 'vault-backups',
      ResourceArn: 'arn:aws:dynamodb:eu-west-1:123456789012:table/vault-data',
      IamRoleArn: 'arn:aws:iam::123456789012:role/backs-up',
    });
  });

  test('that failed before is ordered anew once it can be', async () => {
    await make({ backup });
    pod.aws.backupJobEnds = 'FAILED';
    expect((await pod.run()).status).toBe(1);
    pod.aws.backupJobEnds = 'COMPLETED';
    const { status, lines } = await pod.run();
    expect([status, lines]).toEqual([
      0,
      expect.arrayContaining(['backup job-0 is FAILED: the role may not: another one is ordered', 'backup job-1 is complete']),
    ]);
  });

  test('that fails stops it', async () => {
    await make({ backup });
    pod.aws.backupJobEnds = 'FAILED';
    const { status, lines } = await pod.run();
    expect([status, lines.at(-1)]).toEqual([1, 'backup job-0 is FAILED: the role may not']);
    expect(pod.cluster.evicted).toEqual([]);
  });
});

test('what a step to a version changes is said before it', async () => {
  await make();
  pod.cluster.image = 'hashicorp/vault:2.0.4';
  pod.cluster.comesBack = (_, next) => ({ ...next, version: '2.0.4' });
  const { lines } = await pod.run();
  expect(lines.filter(line => line.startsWith('note: '))).toEqual([
    expect.stringContaining('sys/generate-root and sys/rekey need a token'),
  ]);
});
