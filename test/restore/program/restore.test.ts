import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { RestorePod } from './restore-pod';

let pod: RestorePod;
beforeEach(async () => {
  pod = await RestorePod.create();
  pod.aws.makeTable('vault-data', { items: [['core', 'keyring']] });
});
afterEach(() => pod.remove());

const arn = (name: string): string => `arn:aws:dynamodb:eu-west-1:123456789012:table/vault-data/backup/${name}`;
const backUp = (name: string, at: number, state = 'AVAILABLE'): string => {
  pod.aws.tableBackups.set(arn(name), { table: 'vault-data', at, state, items: [['core', name]] });
  return arn(name);
};
const point = 'arn:aws:backup:eu-west-1:123456789012:recovery-point:1EB3B5E7';
const restored = () => [...pod.aws.tables.keys()].filter(name => name !== 'vault-data');

describe('what is restored', () => {
  test('is the newest backup that is complete, into a table that has the time in its name', async () => {
    for (const [name, at] of [
      ['a', 100],
      ['b', 300],
      ['c', 200],
    ] as const)
      backUp(name, at);
    backUp('d', 400, 'CREATING');
    const { status, lines } = await pod.run();
    expect([status, lines]).toEqual([
      0,
      expect.arrayContaining([`3 backups and 0 recovery points of table vault-data; the newest is ${arn('b')} of 1970-01-01T00:05:00Z`]),
    ]);
    expect(restored()).toEqual([expect.stringMatching(/^vault-data-restored-\d{6}t\d{6}$/)]);
    expect(pod.aws.tables.get(restored()[0] ?? '')?.items).toEqual([['core', 'b']]);
  });

  test('is a recovery point of AWS Backup where that is newer, by AWS Backup’s own role', async () => {
    backUp('a', 100);
    pod.aws.points.set(point, { at: 500, state: 'COMPLETED' });
    expect((await pod.run({ NEW_TABLE: 'vault-data-restored-x' })).status).toBe(0);
    expect(pod.aws.ordered).toEqual([
      {
        RecoveryPointArn: point,
        IamRoleArn: 'arn:aws:iam::123456789012:role/vault-data-restore',
        IdempotencyToken: expect.stringMatching(/^[\da-f-]{36}$/),
        Metadata: { originalTableName: 'vault-data', targetTableName: 'vault-data-restored-x' },
      },
    ]);
  });

  test('is a backup that is named, of either kind', async () => {
    const named = backUp('a', 100);
    backUp('b', 300);
    pod.aws.points.set(point, { at: 500, state: 'COMPLETED' });
    await pod.run({ FROM: named, NEW_TABLE: 'vault-data-restored-1' });
    await pod.run({ FROM: point, NEW_TABLE: 'vault-data-restored-2' });
    expect(pod.aws.ordered.map(({ BackupArn, RecoveryPointArn }) => BackupArn ?? RecoveryPointArn)).toEqual([named, point]);
  });

  test('is the table as it was at a time, or as it is', async () => {
    await pod.run({ FROM: '2026-11-26T03:00:00+01:00', NEW_TABLE: 'vault-data-restored-1' });
    await pod.run({ FROM: 'now', NEW_TABLE: 'vault-data-restored-2' });
    expect(pod.aws.ordered).toEqual([
      expect.objectContaining({ RestoreDateTime: Date.UTC(2026, 10, 26, 2) / 1000, SourceTableName: 'vault-data' }),
      expect.objectContaining({ UseLatestRestorableTime: true, SourceTableName: 'vault-data' }),
    ]);
  });

  test('goes on where an earlier run was killed', async () => {
    backUp('a', 100);
    pod.aws.makeTable('vault-data-restored-x', { state: 'CREATING 3', recoveryDays: undefined });
    const { status, lines } = await pod.run({ NEW_TABLE: 'vault-data-restored-x' });
    expect([status, pod.aws.ordered]).toEqual([0, []]);
    expect(lines).toContain('table vault-data-restored-x is there: an earlier run ordered it, and this one goes on');
    expect(pod.aws.tables.get('vault-data-restored-x')?.recoveryDays).toBe(35);
  });
});

describe('what a restore loses is brought back', () => {
  test('point-in-time recovery, deletion protection, key, policy, tags, capacity, autoscaling, alarms', async () => {
    const key = 'arn:aws:kms:eu-west-1:123456789012:key/1234abcd-12ab-34cd-56ef-1234567890ab';
    const table = 'arn:aws:dynamodb:eu-west-1:123456789012:table/vault-data';
    pod.aws.makeTable('vault-data', {
      described: {
        ProvisionedThroughput: { ReadCapacityUnits: 20, WriteCapacityUnits: 10 },
        SSEDescription: { KMSMasterKeyArn: key },
        DeletionProtectionEnabled: true,
      },
      recoveryDays: 7,
      policy: JSON.stringify({ Statement: [{ Effect: 'Deny', Resource: table }] }),
      tags: [
        { Key: 'team', Value: 'platform' },
        { Key: 'aws:cloudformation:stack-name', Value: 'vault' },
      ],
    });
    const target = { ServiceNamespace: 'dynamodb', ResourceId: 'table/vault-data', ScalableDimension: 'dynamodb:table:ReadCapacityUnits' };
    pod.aws.scaling.targets.push({ ...target, MinCapacity: 20, MaxCapacity: 200, RoleARN: 'x' });
    pod.aws.scaling.policies.push({
      ...target,
      PolicyName: 'vault-data-read',
      TargetTrackingScalingPolicyConfiguration: { TargetValue: 70 },
    });
    const alarm = { Namespace: 'AWS/DynamoDB', MetricName: 'ReadThrottleEvents', Dimensions: [{ Name: 'TableName', Value: 'vault-data' }] };
    pod.aws.alarms.push(
      { ...alarm, AlarmName: 'throttled', AlarmArn: 'arn:x', StateValue: 'OK' },
      { ...alarm, AlarmName: 'TargetTracking-table/vault-data-AlarmHigh' },
      { ...alarm, AlarmName: 'another', Dimensions: [{ Name: 'TableName', Value: 'orders' }] },
    );
    backUp('a', 100);

    const { status, lines } = await pod.run({ NEW_TABLE: 'vault-data-restored-x' });
    expect([status, lines.at(-1)]).toEqual([0, expect.stringContaining('cloudformation | ')]);
    expect(pod.aws.ordered).toEqual([
      expect.objectContaining({
        BillingModeOverride: 'PROVISIONED',
        SSESpecificationOverride: { Enabled: true, SSEType: 'KMS', KMSMasterKeyId: key },
      }),
    ]);
    const { described, recoveryDays, policy, tags } = pod.aws.tables.get('vault-data-restored-x') ?? {};
    expect({ described, recoveryDays, policy: JSON.parse(policy ?? ''), tags }).toEqual({
      described: {
        BillingModeSummary: { BillingMode: 'PROVISIONED' },
        DeletionProtectionEnabled: true,
        ProvisionedThroughput: { ReadCapacityUnits: 20, WriteCapacityUnits: 10 },
      },
      recoveryDays: 7,
      policy: { Statement: [{ Effect: 'Deny', Resource: `${table}-restored-x` }] },
      tags: [{ Key: 'team', Value: 'platform' }],
    });
    const moved = { ...target, ResourceId: 'table/vault-data-restored-x' };
    expect(pod.aws.scaling.targets.slice(1)).toEqual([{ ...moved, MinCapacity: 20, MaxCapacity: 200 }]);
    expect(pod.aws.scaling.policies.slice(1)).toEqual([
      {
        ...moved,
        PolicyName: 'vault-data-restored-x-read',
        PolicyType: 'TargetTrackingScaling',
        TargetTrackingScalingPolicyConfiguration: { TargetValue: 70 },
      },
    ]);
    expect(pod.aws.alarms.slice(3)).toEqual([
      { ...alarm, AlarmName: 'vault-data-restored-x-throttled', Dimensions: [{ Name: 'TableName', Value: 'vault-data-restored-x' }] },
    ]);
  });

  test('as far as it is known: a table that is gone leaves what is safe', async () => {
    backUp('a', 100);
    pod.aws.tables.delete('vault-data');
    const { status, lines } = await pod.run({ NEW_TABLE: 'vault-data-restored-x' });
    expect([status, lines[0]]).toEqual([
      0,
      expect.stringContaining('table vault-data is gone: its tags, policy, scaling, alarms and key are not known'),
    ]);
    const { described, recoveryDays } = pod.aws.tables.get('vault-data-restored-x') ?? {};
    expect([described?.DeletionProtectionEnabled, recoveryDays]).toEqual([true, 35]);
  });
});

test('SETTINGS=false asks neither CloudWatch nor autoscaling: who lacks those rights still restores', async () => {
  backUp('a', 100);
  for (const action of ['DescribeAlarms', 'DescribeScalableTargets'])
    pod.aws.failing.set(action, { status: 400, body: { __type: 'AccessDeniedException', message: 'no' } });
  const { status, lines } = await pod.run({ SETTINGS: 'false', NEW_TABLE: 'vault-data-restored-x' });
  expect([status, lines[0]]).toEqual([0, 'SETTINGS=false. The new table gets what is safe']);
  expect(pod.aws.tables.get('vault-data-restored-x')?.recoveryDays).toBe(35);
});

test('its last lines say what to change', async () => {
  backUp('a', 100);
  const { lines } = await pod.run({ NEW_TABLE: 'vault-data-restored-20261126t030000z' });
  expect(
    lines.slice(lines.findIndex(line => line.startsWith('done'))).join('\n'),
  ).toBe(`done: table vault-data-restored-20261126t030000z is whole. Nothing uses it yet
main.ts: storage: { table: 'vault-data-restored-20261126t030000z' }
or an overlay: AWS_DYNAMODB_TABLE=vault-data-restored-20261126t030000z on container vault of StatefulSet vault
the policy of the servers' role: table/vault-data-restored-20261126t030000z instead of table/vault-data
terraform | import {
terraform |   to = aws_dynamodb_table.vault_data_restored_20261126t030000z
terraform |   id = "vault-data-restored-20261126t030000z"
terraform | }
cloudformation | [{"ResourceType":"AWS::DynamoDB::Table","LogicalResourceId":"TableVaultDataRestored20261126t030000z","ResourceIdentifier":{"TableName":"vault-data-restored-20261126t030000z"}}]`);
});

describe('nothing is restored', () => {
  test.each([
    ['where there is no backup', {}, 'there is no backup of table vault-data that is complete: nothing was restored'],
    [
      'from a time without a zone',
      { FROM: '2026-11-26T03:00:00' },
      'FROM is 2026-11-26T03:00:00: write newest, now, the ARN of a backup, or a time with its zone',
    ],
    ['from a word', { FROM: 'yesterday' }, 'FROM is yesterday: write'],
    ['from a backup that is not there', { FROM: arn('z') }, `there is no backup ${arn('z')}`],
    ['from a recovery point that is not there', { FROM: point }, `${point} is no recovery point of table vault-data that is complete`],
    [
      'into a table that the role may not make',
      { NEW_TABLE: 'vault-data' },
      'NEW_TABLE is vault-data: write vault-data-restored- and small letters and digits behind it',
    ],
    ['with a wait that is none', { WAIT_SECONDS: 'long' }, 'WAIT_SECONDS is long: write a number of seconds'],
  ])('%s', async (_, env, message) => {
    const { status, lines } = await pod.run(env);
    expect([status, lines.at(-1)]).toEqual([1, expect.stringContaining(message)]);
    expect(restored()).toEqual([]);
  });

  test('where the time is before point-in-time recovery began: AWS’s own words', async () => {
    pod.aws.failing.set('RestoreTableToPointInTime', {
      status: 400,
      body: { __type: 'com.amazonaws.dynamodb.v20120810#InvalidRestoreTimeException', message: 'RestoreDateTime is too early' },
    });
    const { lines } = await pod.run({ FROM: '2020-01-01T00:00:00Z' });
    expect(lines.at(-1)).toBe('RestoreTableToPointInTime: InvalidRestoreTimeException: RestoreDateTime is too early');
  });

  test('where AWS Backup’s job fails: its reason', async () => {
    pod.aws.points.set(point, { at: 500, state: 'COMPLETED' });
    pod.aws.restoreJobEnds = { Status: 'FAILED', StatusMessage: 'the role may not' };
    expect((await pod.run()).lines.at(-1)).toBe('restore job restore-0 is FAILED: the role may not');
  });

  test('an order that AWS throttles is sent again', async () => {
    backUp('a', 100);
    pod.aws.failing.set('RestoreTableFromBackup', {
      status: 400,
      body: { __type: 'com.amazonaws.dynamodb.v20120810#LimitExceededException', message: 'too many' },
    });
    const running = pod.run();
    for (let tries = 0; !pod.lines.some(line => line.includes('LimitExceeded')); tries += 1) {
      expect(tries).toBeLessThan(500);
      await new Promise(resolve => setTimeout(resolve, 5));
    }
    pod.aws.failing.clear();
    const { status, lines } = await running;
    expect([status, lines.join('\n')]).toEqual([
      0,
      expect.stringContaining(
        'waiting for AWS to take the order for the restore: RestoreTableFromBackup: LimitExceededException: too many',
      ),
    ]);
  });
});

test('the table in use is only read', async () => {
  backUp('a', 100);
  await pod.run();
  const changing = pod.aws.asked.filter(
    ({ headers, body }) => body?.TableName === 'vault-data' && !/\.(Describe|List)/.test(headers['x-amz-target'] ?? ''),
  );
  expect(changing).toEqual([]);
});
