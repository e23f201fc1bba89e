import { afterAll, beforeAll, expect, jest, test } from '@jest/globals';
import { TestCa } from './support/certificates';
import { aws, enforceIam, kubectl } from './support/cluster';
import { RestoredInstallation, tableOverlay } from './support/restore';
import { eventually } from './support/shell';

jest.setTimeout(10 * 60_000);

const installation = new RestoredInstallation('vault-e2e-restore');
const { namespace } = installation;
const ca = new TestCa();
let made: ReturnType<typeof installation.apply>;
let root: string;

const describeTable = async (table: string) => JSON.parse(await aws(['dynamodb', 'describe-table', '--table-name', table])).Table;
const secret = () => installation.vault('vault-0', root, ['kv', 'get', '-field=hello', 'kv/greeting'], { accept: [0, 1, 2] });

beforeAll(async () => {
  await installation.remove();
  await ca.create();
  made = installation.apply();
  await installation.makeAws(made.vault);
  await installation.makeRestoreRole(made.role);
  await enforceIam();
  await installation.makePrerequisites(made.vault, ca);
  await kubectl(['apply', '-k', made.dist]);
  const init = await eventually('vault-0 to answer', 120, () =>
    installation.exec('vault-0', ['vault', 'operator', 'init', '-format=json']),
  );
  root = JSON.parse(init.stdout).root_token;
  await installation.settled(3);
  await installation.vault('vault-0', root, ['secrets', 'enable', 'kv']);
  await installation.vault('vault-0', root, ['kv', 'put', 'kv/greeting', 'hello=world']);
});

afterAll(async () => {
  await installation.remove();
  ca.remove();
});

test('without a backup it says so, and makes no table', async () => {
  await installation.startFrom('vault-restore', 'early');
  const { said, failed } = await installation.ended('early');
  expect([failed, said]).toEqual([
    true,
    expect.stringContaining(`there is no backup of table ${namespace} that is complete: nothing was restored`),
  ]);
});

test('the table as it is, beside the servers that use it: a table with its settings, and nothing else is touched', async () => {
  const arn = (await describeTable(namespace)).TableArn;
  await aws(['dynamodb', 'tag-resource', '--resource-arn', arn, '--tags', 'Key=team,Value=platform']);
  await aws([
    'dynamodb',
    'update-continuous-backups',
    '--table-name',
    namespace,
    '--point-in-time-recovery-specification',
    'PointInTimeRecoveryEnabled=true',
  ]);
  await aws(['dynamodb', 'update-table', '--table-name', namespace, '--deletion-protection-enabled']);
  const alarm = ['--namespace', 'AWS/DynamoDB', '--metric-name', 'ThrottledRequests', '--dimensions', `Name=TableName,Value=${namespace}`];
  const rule = [
    '--statistic',
    'Sum',
    '--period',
    '60',
    '--evaluation-periods',
    '1',
    '--threshold',
    '1',
    '--comparison-operator',
    'GreaterThanThreshold',
  ];
  await aws(['cloudwatch', 'put-metric-alarm', '--alarm-name', `${namespace}-throttled`, ...alarm, ...rule]);
  const deny = { Effect: 'Deny', Principal: '*', Action: 'dynamodb:PartiQLSelect', Resource: arn };
  const own = JSON.stringify({ Version: '2012-10-17', Statement: [deny] });
  await aws(['dynamodb', 'put-resource-policy', '--resource-arn', arn, '--policy', own]);
  const units = 'ReadCapacityUnits=200,WriteCapacityUnits=100';
  await aws(['dynamodb', 'update-table', '--table-name', namespace, '--billing-mode', 'PROVISIONED', '--provisioned-throughput', units]);
  const scaled = (name: string) => ['--service-namespace', 'dynamodb', '--resource-id', `table/${name}`];
  const dimension = ['--scalable-dimension', 'dynamodb:table:ReadCapacityUnits'];
  const range = ['--min-capacity', '200', '--max-capacity', '400'];
  await aws(['application-autoscaling', 'register-scalable-target', ...scaled(namespace), ...dimension, ...range]);
  const tracking = { TargetValue: 70, PredefinedMetricSpecification: { PredefinedMetricType: 'DynamoDBReadCapacityUtilization' } };
  await aws([
    ...['application-autoscaling', 'put-scaling-policy', ...scaled(namespace), ...dimension, '--policy-name', `${namespace}-read`],
    ...['--policy-type', 'TargetTrackingScaling', '--target-tracking-scaling-policy-configuration', JSON.stringify(tracking)],
  ]);
  const before = (await installation.pods()).map(({ metadata }) => metadata.uid);

  await installation.startFrom('vault-restore', 'beside', { FROM: 'now', NEW_TABLE: `${namespace}-restored-beside` });
  const { said, failed } = await installation.ended('beside');
  console.log(said);
  expect([failed, said]).toEqual([false, expect.stringContaining(`done: table ${namespace}-restored-beside is whole`)]);

  const table = `${namespace}-restored-beside`;
  const described = await describeTable(table);
  expect(described).toMatchObject({
    DeletionProtectionEnabled: true,
    ProvisionedThroughput: { ReadCapacityUnits: 200, WriteCapacityUnits: 100 },
  });
  const [target] = JSON.parse(
    await aws([
      'application-autoscaling',
      'describe-scalable-targets',
      '--service-namespace',
      'dynamodb',
      '--resource-ids',
      `table/${table}`,
    ]),
  ).ScalableTargets;
  expect(target).toMatchObject({ MinCapacity: 200, MaxCapacity: 400 });
  // a stand-in for AWS lists those of every table
  const policies = JSON.parse(await aws(['application-autoscaling', 'describe-scaling-policies', ...scaled(table)])).ScalingPolicies;
  expect(policies).toContainEqual(
    expect.objectContaining({
      PolicyName: `${table}-read`,
      ResourceId: `table/${table}`,
      TargetTrackingScalingPolicyConfiguration: tracking,
    }),
  );
  const recovery = JSON.parse(await aws(['dynamodb', 'describe-continuous-backups', '--table-name', table])).ContinuousBackupsDescription;
  expect(recovery.PointInTimeRecoveryDescription).toMatchObject({ PointInTimeRecoveryStatus: 'ENABLED', RecoveryPeriodInDays: 35 });
  expect(JSON.parse(await aws(['dynamodb', 'list-tags-of-resource', '--resource-arn', described.TableArn])).Tags).toEqual([
    { Key: 'team', Value: 'platform' },
  ]);
  const { Policy: brought } = JSON.parse(await aws(['dynamodb', 'get-resource-policy', '--resource-arn', described.TableArn]));
  expect(JSON.parse(brought).Statement).toEqual([{ ...deny, Resource: described.TableArn }]);
  const alarms = JSON.parse(await aws(['cloudwatch', 'describe-alarms', '--alarm-name-prefix', table])).MetricAlarms;
  expect(alarms).toEqual([expect.objectContaining({ Dimensions: [{ Name: 'TableName', Value: table }] })]);
  expect((await installation.pods()).map(({ metadata }) => metadata.uid)).toEqual(before);
  expect((await secret()).stdout).toBe('world');
});

test('the table is lost: from the newest backup to a Vault with its data, as docs/restore.md tells', async () => {
  await aws(['dynamodb', 'create-backup', '--table-name', namespace, '--backup-name', 'nightly']);
  await installation.vault('vault-0', root, ['kv', 'put', 'kv/later', 'hello=lost']);
  await aws(['dynamodb', 'update-table', '--table-name', namespace, '--no-deletion-protection-enabled']);
  await aws(['dynamodb', 'delete-table', '--table-name', namespace]);
  const lost = Date.now();

  await installation.kubectl(['scale', 'statefulset', 'vault', '--replicas=0']);
  await installation.startFrom('vault-restore', 'lost');
  const { said, failed } = await installation.ended('lost');
  console.log(said);
  expect([failed, said]).toEqual([false, expect.stringContaining(`table ${namespace} is gone`)]);
  const [, table = ''] = /done: table (\S+) is whole/.exec(said) ?? [];
  const restored = Date.now();

  await eventually('the servers to be gone', 120, async () => expect(await installation.pods()).toEqual([]));
  await installation.useTable(table, made.vault);
  await kubectl(['apply', '-k', tableOverlay(installation.folder, table)]);
  await installation.settled(3, 240);
  const read = await eventually('the secret', 60, async () => {
    const answer = await secret();
    expect(answer.stdout).toBe('world');
    return Date.now();
  });
  const later = await installation.vault('vault-0', root, ['kv', 'get', 'kv/later'], { accept: [0, 2] });
  expect(later.stderr).toContain('No value found');
  console.log(
    `from the loss of the table to the restored one ${((restored - lost) / 1000).toFixed(0)} s, to the first read of three servers ${((read - lost) / 1000).toFixed(0)} s`,
  );
});
