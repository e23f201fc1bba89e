import { describe, expect, test } from '@jest/globals';
import { AwsResources, type AwsResourcesProps, KustomizeApp, OutputFile, VaultServer, type VaultServerProps } from '../../charts';
import { minimal } from '../support/render';
import { dataKey, oidcProvider, problems, topic } from './support';

type Case = readonly [props: object, message: string, server?: Partial<VaultServerProps>];
const inUsEast = (id = 'alias/vault-unseal') => ({ seal: { kmsKeyId: id, region: 'us-east-1' } });

describe('refused, with what is allowed and the fix', () => {
  test.each<Case>([
    [{ oidcProvider: undefined }, 'oidcProvider: got nothing; allowed: OIDC providers of EKS clusters, without "https://";'],
    [
      { oidcProvider: `https://${oidcProvider}` },
      `oidcProvider: got "https://${oidcProvider}"; allowed: OIDC providers of EKS clusters, without`,
    ],
    [{ oidcProvider: 'oidc.eks.eu-west-7a.amazonaws.com/id/X' }, 'allowed: OIDC providers of EKS clusters'],
    [
      { oidcProvider: 'oidc.eks.us-east-1.amazonaws.com/id/X' },
      'allowed: a provider of eu-west-1, the region of aws; correct one of the two',
    ],
    [{ oidcProvider: 'oidc.eks.eu-west-1.amazonaws.com.cn/id/X' }, 'allowed: a domain of partition aws; copy the issuer of the cluster'],
    [{ actions: 'all' }, 'actions: got "all"; allowed: "least", "documented";'],
    [{ secrets: 'none' }, 'secrets: got "none"; allowed: "existing";'],
    [{ secrets: { restrictAccess: 'yes' } }, 'secrets.restrictAccess: got "yes"; allowed: true, false;'],
    [{ table: 'none' }, 'table: got "none"; allowed: "existing", "created-by-vault";'],
    [{ key: 'none' }, 'key: got "none"; allowed: "existing";'],
    [{ backup: 'none' }, 'backup: got "none"; allowed: "off";'],
    [{ endpoint: { policy: 'closed' } }, 'endpoint.policy: got "closed"; allowed: "full-access", "vault-table-only";'],
    [{ table: { billingMode: 'FREE' } }, 'table.billingMode: got "FREE"; allowed: "PAY_PER_REQUEST", "PROVISIONED";'],
    [
      { table: { billingMode: 'PROVISIONED', readCapacity: 0, writeCapacity: 1 } },
      'table.readCapacity: got 0; allowed: whole numbers from 1 to 2147483647;',
    ],
    [
      { table: { billingMode: 'PROVISIONED', readCapacity: 1 } },
      'table.writeCapacity: got nothing; allowed: whole numbers from 1 to 2147483647;',
    ],
    [{ table: { readCapacity: 1 } }, 'table.readCapacity: got 1; allowed: nothing on demand; set billingMode to "PROVISIONED"'],
    [{ table: { pointInTimeRecovery: 'yes' } }, 'table.pointInTimeRecovery: got "yes"; allowed: true, false;'],
    [{ table: { deletionProtection: 'yes' } }, 'table.deletionProtection: got "yes"; allowed: true, false;'],
    [{ table: { restrictAccess: 'yes' } }, 'table.restrictAccess: got "yes"; allowed: true, false;'],
    [{ table: { kmsKey: 'my-key' } }, 'table.kmsKey: got "my-key"; allowed: a key id, a key ARN,'],
    [{ table: { kmsKey: 'alias/table' } }, 'table.kmsKey: got "alias/table"; allowed: key ids and key ARNs; IAM names keys, not aliases:'],
    [{ table: { kmsKey: 'alias/vault-unseal' } }, 'table.kmsKey: got "alias/vault-unseal"; allowed: another key than the unseal key;'],
    [
      { table: { kmsKey: dataKey } },
      `table.kmsKey: got "${dataKey}"; allowed: another key than the unseal key;`,
      { seal: { kmsKeyId: dataKey } },
    ],
    [{ table: { kmsKey: `arn:aws:kms:us-east-1:123456789012:key/${dataKey}` } }, 'allowed: keys in eu-west-1;'],
    [
      { table: { autoscaling: { maxReadCapacity: 5, maxWriteCapacity: 5 } } },
      'table.autoscaling: got {"maxReadCapacity":5,"maxWriteCapacity":5}; allowed: nothing on demand; set billingMode to "PROVISIONED"',
    ],
    ...Object.entries({
      'table.autoscaling: got 80; allowed: an object of props;': 80,
      'table.autoscaling.maxReadCapacity: got nothing; allowed: whole numbers from 1 to 2147483647;': { maxWriteCapacity: 20 },
      "table.autoscaling.maxReadCapacity: got 9; allowed: 10 or more, the table's own capacity; raise it, or lower that": {
        maxReadCapacity: 9,
        maxWriteCapacity: 20,
      },
      'table.autoscaling.maxWriteCapacity: got 1.5; allowed: whole numbers from 1 to 2147483647;': {
        maxReadCapacity: 10,
        maxWriteCapacity: 1.5,
      },
      'table.autoscaling.targetUtilization: got 95; allowed: whole numbers from 20 to 90;': {
        maxReadCapacity: 10,
        maxWriteCapacity: 20,
        targetUtilization: 95,
      },
    }).map(
      ([message, autoscaling]): Case => [
        { table: { billingMode: 'PROVISIONED', readCapacity: 10, writeCapacity: 20, autoscaling } },
        message,
      ],
    ),
    [{ key: { restrictAccess: 'yes' } }, 'key.restrictAccess: got "yes"; allowed: true, false;'],
    [{ key: { multiRegion: 'yes' } }, 'key.multiRegion: got "yes"; allowed: true, false;'],
    [{ key: { rotationDays: 30 } }, 'key.rotationDays: got 30; allowed: whole numbers from 90 to 2560;'],
    [
      { key: { rotationDays: 90 } },
      'key: got {"rotationDays":90}; allowed: nothing where seal.kmsKeyId names a key by its id;',
      { seal: { kmsKeyId: dataKey } },
    ],
    [
      { backup: { schedule: 'cron(0 5 * * ? *)' } },
      'backup.schedule: got "cron(0 5 * * ? *)"; allowed: an object of props; write for example { hour: 5, weekdays: ["SUN"] }',
    ],
    ...Object.entries({
      'hour: got 24; allowed: whole numbers from 0 to 23;': { hour: 24 },
      'hour: got NaN; allowed: whole numbers from 0 to 23;': { hour: Number.NaN },
      'minute: got 60; allowed: whole numbers from 0 to 59;': { minute: 60 },
      'weekdays: got ["FOO"]; allowed: a list that is not empty and names nothing twice, each of: "MON",': { weekdays: ['FOO'] },
      'weekdays: got []; allowed: a list that is not empty': { weekdays: [] },
      'weekdays: got "MON"; allowed: a list that is not empty': { weekdays: 'MON' },
      'weekdays: got ["MON"]; allowed: nothing beside dayOfMonth; leave one of the two out': { weekdays: ['MON'], dayOfMonth: 1 },
      'dayOfMonth: got 29; allowed: whole numbers from 1 to 28; write a day that every month has, such as 1': { dayOfMonth: 29 },
    }).map(([message, schedule]): Case => [{ backup: { schedule } }, `backup.schedule.${message}`]),
    ...['alarms', 'arn:aws:sqs:eu-west-1:123456789012:alarms', 'arn:aws:sns:eu-west-1:123456789012:alarms.fifo', Number.NaN].map(
      (failureTopic): Case => [
        { backup: { failureTopic } },
        `backup.failureTopic: got ${typeof failureTopic === 'string' ? `"${failureTopic}"` : failureTopic}; allowed: ARNs of standard SNS topics;`,
      ],
    ),
    ...['aws:sns:us-east-1:123456789012', 'aws:sns:eu-west-1:210987654321', 'aws-cn:sns:eu-west-1:123456789012'].map(
      (place): Case => [
        { backup: { failureTopic: `arn:${place}:alarms` } },
        `backup.failureTopic: got "arn:${place}:alarms"; allowed: topics of account 123456789012 in eu-west-1;`,
      ],
    ),
    ...Object.entries({
      'copyTo.backupVaultArn: got nothing; allowed: ARNs of backup vaults;': { copyTo: {} },
      'copyTo.backupVaultArn: got "vault-data"; allowed: ARNs of backup vaults;': { copyTo: { backupVaultArn: 'vault-data' } },
      'copyTo.backupVaultArn: got "arn:aws:backup:eu-west-1:123456789012:backup-vault:vault-data"; allowed: vaults in another region or account; leave it out: the backups are there':
        { copyTo: { backupVaultArn: 'arn:aws:backup:eu-west-1:123456789012:backup-vault:vault-data' } },
      'copyTo.backupVaultArn: got "arn:aws-cn:backup:cn-north-1:123456789012:backup-vault:vault-data"; allowed: vaults of partition aws;': {
        copyTo: { backupVaultArn: 'arn:aws-cn:backup:cn-north-1:123456789012:backup-vault:vault-data' },
      },
      'kmsKey: got nothing; allowed: a key of yours with a copy in another account;': {
        copyTo: { backupVaultArn: 'arn:aws:backup:eu-central-1:210987654321:backup-vault:vault-data' },
      },
      'kmsKey: got "alias/backups"; allowed: key ids and key ARNs;': { kmsKey: 'alias/backups' },
      'lock.minRetentionDays: got nothing; allowed: whole numbers from 1 to 36500;': { lock: {} },
      'lock: got {"minRetentionDays":90}; allowed: days around retentionDays, which are 35;': { lock: { minRetentionDays: 90 } },
      'lock: got {"minRetentionDays":1,"maxRetentionDays":30}; allowed: days around retentionDays, which are 35;': {
        lock: { minRetentionDays: 1, maxRetentionDays: 30 },
      },
      'lock.changeableForDays: got 1; allowed: whole numbers from 3 to 36500;': { lock: { minRetentionDays: 7, changeableForDays: 1 } },
    }).map(([message, backup]): Case => [{ backup }, `backup.${message}`]),
    [
      { secrets: { replicas: [{ region: 'eu-west-1' }] } },
      'secrets.replicas[0].region: got "eu-west-1"; allowed: other regions of partition aws;',
    ],
    [{ secrets: { replicas: [{ region: 'here' }] } }, 'secrets.replicas[0].region: got "here"; allowed: regions of the partitions'],
    [
      { secrets: { replicas: [{ region: 'eu-central-1', kmsKey: 'alias/keys' }] } },
      'secrets.replicas[0].kmsKey: got "alias/keys"; allowed: key ids and key ARNs;',
    ],
    ...([Number.NaN, null, [], true] as const).flatMap((value): Case[] => {
      const got = value === null ? 'nothing' : JSON.stringify(value).replace('null', 'NaN');
      return [
        [{ key: value }, `key: got ${got}; allowed: "existing", an object of props; leave it out for the default`],
        [{ table: value }, `table: got ${got}; allowed: "existing", "created-by-vault", an object of props;`],
        [{ backup: value }, `backup: got ${got}; allowed: "off", an object of props;`],
      ];
    }),
    [{ key: { rotationDays: Number.NaN } }, 'key.rotationDays: got NaN; allowed: whole numbers from 90 to 2560;'],
    [{ table: { kmsKey: Number.NaN } }, 'table.kmsKey: got NaN; allowed: a key id, a key ARN,'],
    [
      { table: { billingMode: 'PROVISIONED', readCapacity: Number.NaN, writeCapacity: 1 } },
      'table.readCapacity: got NaN; allowed: whole numbers from 1 to 2147483647;',
    ],
    [{ tags: { team: undefined } }, 'tags.team: got nothing; allowed: up to 256 letters,'],
    [{ tags: { team: 5 } }, 'tags.team: got 5; allowed: up to 256 letters,'],
    [{ tags: 'team=x' }, 'tags: got "team=x"; allowed: an object of props;'],
    [{ endpoint: {} }, 'endpoint.policy: got nothing; allowed: "full-access", "vault-table-only";'],
    [{ table: { kmsKey: `arn:aws-cn:kms:eu-west-1:123456789012:key/${dataKey}` } }, 'allowed: keys in eu-west-1;'],
    [
      { tags: { team: 'x', Team: 'y' } },
      'allowed: up to 50 tags: keys of 1 to 128 letters, digits, spaces and "_.:/=+-@" that differ in more than case',
    ],
    [
      {},
      'role: got "vault-data-backup"; allowed: names that differ in letters and digits from every other role;',
      { role: 'vault-data-backup' },
    ],
    [{ backup: { retentionDays: 0 } }, 'backup.retentionDays: got 0; allowed: whole numbers from 1 to 36500;'],
    [
      {},
      'backup: table: got "vault.data"; allowed: tables whose names serve as names of backup vaults:',
      { storage: { table: 'vault.data' } },
    ],
    [{ tags: { 'aws:x': 'y' } }, 'tags: got {"aws:x":"y"}; allowed: up to 50 tags:'],
    [{ tags: { x: '%y' } }, 'tags.x: got "%y"; allowed: up to 256 letters,'],
    [
      {},
      'key: got "alias/vault-unseal"; allowed: keys in eu-west-1: a stack is in one region, and this key is in us-east-1; make it yourself: key: "existing"',
      inUsEast(),
    ],
    [
      {},
      'table: got "vault-data"; allowed: tables in eu-west-1: a stack is in one region, and this table is in us-east-1; make it and its backups yourself: table: "existing", backup: "off"',
      { storage: { table: 'vault-data', region: 'us-east-1' } },
    ],
  ])('%j: %s', (props, message, server = {}) => {
    const found = problems(props as Partial<AwsResourcesProps>, server);
    expect(found).toHaveLength(1);
    expect(found[0]).toContain(`[aws] ${message.startsWith('allowed') ? '' : message}`);
    expect(found[0]).toContain(message);
  });

  test('fine: a table and a key in another region that you make yourself', () => {
    const server = { storage: { table: 'vault-data', region: 'us-east-1' }, ...inUsEast() };
    expect(problems({ table: 'existing', key: 'existing', backup: 'off' }, server)).toEqual([]);
  });

  test('fine: the issuer of a cluster with IPv6', () => {
    expect(problems({ oidcProvider: 'oidc-eks.eu-west-1.api.aws/id/0123456789ABCDEF0123456789ABCDEF' })).toEqual([]);
  });
});

test('fine: several tags, a topic of this account and region', () => {
  expect(problems({ tags: { team: 'platform', stage: '' }, backup: { failureTopic: topic() } })).toEqual([]);
});

test('what AWS cannot take does not compile', () => {
  const accept = (props: Partial<AwsResourcesProps>) => props;
  // @ts-expect-error a schedule is not a string
  accept({ backup: { schedule: 'cron(0 5 * * ? *)' } });
  // @ts-expect-error no such day
  accept({ backup: { schedule: { weekdays: ['FOO'] } } });
  // @ts-expect-error days of the week or of the month
  accept({ backup: { schedule: { weekdays: ['MON'], dayOfMonth: 1 } } });
  // @ts-expect-error nothing to scale on demand
  accept({ table: { autoscaling: { maxReadCapacity: 10, maxWriteCapacity: 10 } } });
});

describe('several Vaults', () => {
  const app = (...servers: readonly Partial<VaultServerProps>[]) => {
    const made = new KustomizeApp();
    for (const [index, server] of servers.entries())
      new VaultServer(made, `vault-${index}`, { ...minimal, name: `vault-${index}`, role: `vault-${index}`, ...server });
    new AwsResources(made, 'aws', { oidcProvider });
    return made;
  };

  test('in one base share a stack, and may share a key', () => {
    const files = app({}, { storage: { table: 'other' } }).render();
    const text = files.get('aws/cloudformation.yaml') ?? '';
    expect(['TableVaultData:', 'TableOther:', 'RoleVault0:', 'RoleVault1:'].filter(id => !text.includes(`  ${id}\n`))).toEqual([]);
    expect(text.match(/Type: AWS::KMS::Key\n/g)).toHaveLength(1);
  });

  test('in one base cannot be in two accounts', () => {
    expect(() => app({}, { storage: { table: 'other' }, aws: { ...minimal.aws, accountId: '210987654321' } }).render()).toThrow(
      'allowed: 123456789012 eu-west-1, as the other charts of this environment; put what lies in another account or region into its own app.environment(...)',
    );
  });

  test('whose names differ in signs alone are refused: they would be one in the documents', () => {
    expect(() => app({}, { storage: { table: 'vault_data' } }).render()).toThrow(
      '[aws] table: got "vault_data"; allowed: names that differ in letters and digits from every other table\'s; rename it',
    );
  });

  test('in two environments have documents of their own', () => {
    const made = new KustomizeApp();
    for (const [name, accountId] of [
      ['staging', '210987654321'],
      ['production', '123456789012'],
    ] as const) {
      new VaultServer(made.environment(name), 'vault', { ...minimal, aws: { ...minimal.aws, accountId } });
      new AwsResources(made.environment(name), 'aws', { oidcProvider });
    }
    const files = made.render();
    expect(files.get('staging/aws/iam/vault-server.policy.json')).toContain('210987654321');
    expect(files.get('staging/aws/cloudformation.yaml')).not.toContain('123456789012');
    expect(files.get('production/aws/cloudformation.yaml')).not.toContain('210987654321');
  });
});

test.each([
  ['storage: table', { storage: { table: undefined } }, 'storage.table: got nothing'],
  ['seal: kmsKeyId', { seal: { kmsKeyId: undefined } }, 'seal.kmsKeyId: got nothing'],
  ['aws', { aws: { accountId: undefined, region: undefined } }, 'aws.accountId: got nothing'],
])('a server without %s is refused with its own words', (_, server, message) => {
  const found = problems({}, server as unknown as Partial<VaultServerProps>);
  expect(found.filter(line => line.includes(message))).toHaveLength(1);
});

test('without a Vault there is nothing to make', () => {
  const app = new KustomizeApp();
  new AwsResources(app, 'aws', { oidcProvider });
  expect(() => app.render()).toThrow('allowed: an environment with a VaultServer; put AwsResources where the VaultServer stands');
});

test('the folder aws is its own: two of them, or another file in it, are refused', () => {
  const app = new KustomizeApp();
  new VaultServer(app, 'vault', minimal);
  new AwsResources(app, 'aws', { oidcProvider });
  new AwsResources(app, 'again', { oidcProvider });
  new OutputFile(app, 'file', { path: 'aws/notes.txt', content: () => '' });
  expect(() => app.render()).toThrow(
    /\[again\/folder\] the folder aws is already taken by \[aws\/folder\][\s\S]*\[file\] the path aws is already taken/,
  );
});
