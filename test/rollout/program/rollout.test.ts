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

  test('where nobody is active, and nobody is broken', async () => {
    await make();
    change('vault-0', { role: 'cut off' });
    change('vault-1', { role: 'cut off' });
    change('vault-2', { role: 'cut off' });
    for (const name of pod.cluster.pods.keys()) change(name, { role: 'standby' });
    const { status, lines } = await pod.run();
    expect([status, lines.at(-1)]).toEqual([
      1,
      expect.stringMatching(/^no server is active \(vault-0 standby, out of date; .*\): nothing was changed/),
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
