import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import Ajv from 'ajv';
import type { BackupScheduleProps } from '../../charts';
import { AwsResources, type AwsResourcesProps, Custody, KustomizeApp, VaultServer } from '../../charts';
import { type Manifest, minimal } from '../support/render';
import { fromCloudFormation, fromTerraform, type NormalForm } from './normal-form';
import { awsFiles, dataKey, type Files, json, oidcProvider, template, terraformModule, topic, variants } from './support';

const all: readonly (readonly [string, Files])[] = [
  ...Object.entries(variants).map(([name, props]) => [name, awsFiles(props)] as const),
  ['custody apart', awsFiles({}, {}, Custody.secretsManager(['vault/a', 'vault/b'], { kmsKey: dataKey }))],
];
const made = awsFiles(variants['everything made']);
const named = (form: NormalForm, kind: string): Manifest[] =>
  Object.entries(form).flatMap(([name, value]) => (name.startsWith(`${kind} `) ? [value] : []));

describe.each(all)('%s', (_, files) => {
  test('Terraform and CloudFormation describe the same resources', () => {
    const [one, other] = [fromCloudFormation(files), fromTerraform(files)];
    expect(Object.keys(one).length).toBeGreaterThan(3);
    expect(other).toEqual(one);
  });

  test('Terraform’s provider knows every argument, and gets every one that it requires', () => {
    expect(terraformErrors(terraformModule(files))).toEqual([]);
  });

  test('what is kept outlives the stack in both forms', () => {
    for (const form of [fromCloudFormation(files), fromTerraform(files)])
      for (const kind of ['table', 'key', 'alias', 'secret', 'backup vault'])
        for (const resource of named(form, kind)) expect([kind, resource.kept]).toEqual([kind, true]);
  });
});

test('all four kinds that are kept, and the alias of the key, are there by default', () => {
  const names = Object.keys(fromCloudFormation(awsFiles()));
  for (const name of ['table vault-data', 'alias alias/vault-unseal', 'secret vault/recovery', 'backup vault vault-data'])
    expect(names).toContain(name);
  expect(named(fromCloudFormation(awsFiles()), 'key')).toHaveLength(1);
});

describe('the table', () => {
  test('has Vault’s schema, on demand, with recovery and protection', () => {
    expect(named(fromCloudFormation(awsFiles()), 'table')).toEqual([
      {
        kept: true,
        billing: 'PAY_PER_REQUEST',
        capacity: [undefined, undefined],
        attributes: [
          ['Path', 'S'],
          ['Key', 'S'],
        ],
        keys: ['Path', 'Key'],
        pointInTimeRecovery: true,
        protected: true,
        key: undefined,
        policy: undefined,
        tags: {},
      },
    ]);
  });

  test('provisioned: Terraform leaves its capacity to autoscaling', () => {
    expect(json(made, 'terraform/main.tf.json').resource.aws_dynamodb_table.vault_data).toMatchObject({
      read_capacity: 10,
      write_capacity: 20,
      lifecycle: { prevent_destroy: true, ignore_changes: ['read_capacity', 'write_capacity'] },
    });
  });

  test('denies items to everybody but the servers, AWS Backup and who may break glass', () => {
    const [table] = named(fromCloudFormation(made), 'table');
    const role = (name: string) => `arn:aws:iam::123456789012:role/${name}`;
    expect(table.policy).toEqual([
      {
        sid: 'OnlyVault',
        effect: 'Deny',
        who: '*',
        actions: expect.arrayContaining([
          'dynamodb:GetItem',
          'dynamodb:Scan',
          'dynamodb:PartiQLSelect',
          'dynamodb:ExportTableToPointInTime',
        ]),
        resources: ['arn:aws:dynamodb:eu-west-1:123456789012:table/vault-data'],
        conditions: {
          'ArnNotLike aws:PrincipalArn': 'who may break glass',
          'ArnNotEquals aws:PrincipalArn': [role('vault-server'), role('vault-data-backup')],
        },
      },
    ]);
  });
});

describe('the unseal key', () => {
  test('is ended, disabled or given another policy by who may break glass and the root user alone', () => {
    const [key] = named(fromCloudFormation(awsFiles()), 'key');
    expect(key.rotation).toEqual([true, 365]);
    expect(key.policy[1]).toEqual({
      sid: 'BreakGlass',
      effect: 'Deny',
      who: '*',
      actions: ['kms:DeleteAlias', 'kms:DisableKey', 'kms:PutKeyPolicy', 'kms:ScheduleKeyDeletion', 'kms:UpdateAlias'],
      resources: ['*'],
      conditions: {
        'ArnNotLike aws:PrincipalArn': 'who may break glass',
        'ArnNotEquals aws:PrincipalArn': ['arn:aws:iam::123456789012:root'],
      },
    });
  });
});

describe('the unseal key, on request', () => {
  const keyOf = (props: Exclude<AwsResourcesProps['key'], undefined>) => {
    const [key] = named(fromCloudFormation(awsFiles({ key: props })), 'key');
    return { multiRegion: key.multiRegion, denied: key.policy.slice(2) };
  };
  const onlyVault = (...actions: string[]) => ({
    sid: 'OnlyVault',
    effect: 'Deny',
    who: '*',
    actions,
    resources: ['*'],
    conditions: {
      'ArnNotLike aws:PrincipalArn': 'who may break glass',
      'ArnNotEquals aws:PrincipalArn': ['arn:aws:iam::123456789012:role/vault-server'],
    },
  });

  test('decrypts and grants for the servers and who may break glass alone', () => {
    expect(keyOf({ restrictAccess: true }).denied).toEqual([onlyVault('kms:CreateGrant', 'kms:Decrypt', 'kms:ReEncrypt*')]);
  });

  test('is a multi-Region key, and who may not decrypt may make no replica, whose policy would be theirs', () => {
    expect(keyOf({ restrictAccess: true, multiRegion: true })).toEqual({
      multiRegion: true,
      denied: [onlyVault('kms:CreateGrant', 'kms:Decrypt', 'kms:ReEncrypt*', 'kms:ReplicateKey')],
    });
    expect(keyOf({ multiRegion: true })).toEqual({ multiRegion: true, denied: [] });
  });

  test('is neither by default', () => {
    expect(keyOf({})).toEqual({ multiRegion: undefined, denied: [] });
  });

  test('spares every Vault that uses it, and no other', () => {
    const app = new KustomizeApp();
    for (const [name, kmsKeyId] of Object.entries({ one: 'alias/shared', two: 'alias/shared', three: 'alias/shared-not' }))
      new VaultServer(app, name, { ...minimal, name, role: name, storage: { table: name }, seal: { kmsKeyId } });
    new AwsResources(app, 'aws', { oidcProvider, key: { restrictAccess: true } });
    const files = new Map([...app.render()].map(([path, text]) => [path.replace(/^aws\//, ''), text]));
    const spared = named(fromCloudFormation(files), 'key').map(({ policy }) => policy[2].conditions['ArnNotEquals aws:PrincipalArn']);
    const arn = (name: string) => `arn:aws:iam::123456789012:role/${name}`;
    expect(spared.sort()).toEqual([[arn('one'), arn('two')], [arn('three')]].sort());
  });
});

describe('the secret of custody', () => {
  const policies = (files: Files) => named(fromCloudFormation(files), 'secret policy').map(({ policy }) => policy);
  const breakGlass = {
    sid: 'BreakGlass',
    effect: 'Deny',
    who: '*',
    actions: ['DeleteResourcePolicy', 'DeleteSecret', 'GetSecretValue', 'PutResourcePolicy', 'ReplicateSecretToRegions'].map(
      action => `secretsmanager:${action}`,
    ),
    // the policy goes along to a replica, whose ARN is another
    resources: ['*'],
    conditions: {
      'ArnNotLike aws:PrincipalArn': 'who may break glass',
      'ArnNotEquals aws:PrincipalArn': ['arn:aws:iam::123456789012:root'],
    },
  };

  test('is read, deleted or given another policy by who may break glass and the root user alone', () => {
    expect(policies(awsFiles())).toEqual([[breakGlass]]);
  });

  test('each where keys lie apart', () => {
    expect(policies(awsFiles({}, {}, Custody.secretsManager(['vault/a', 'vault/b'])))).toEqual([[breakGlass], [breakGlass]]);
  });

  test('is written by the init Job all the same', () => {
    const written: string[] = json(awsFiles(), 'iam/vault-init.policy.json').Statement.flatMap(({ Action: actions }: Manifest) => actions);
    expect(written).toContain('secretsmanager:PutSecretValue');
    expect(written.filter(action => breakGlass.actions.includes(action))).toEqual([]);
  });

  test.each<Partial<AwsResourcesProps>>([{ secrets: { restrictAccess: false } }, { secrets: 'existing' }])(
    'has no policy with %j',
    props => {
      expect(policies(awsFiles(props))).toEqual([]);
    },
  );
});

describe('autoscaling', () => {
  test('tracks the use of both capacities, from those of the table up', () => {
    const form = fromCloudFormation(made);
    const role =
      'arn:aws:iam::123456789012:role/aws-service-role/dynamodb.application-autoscaling.amazonaws.com/AWSServiceRoleForApplicationAutoScaling_DynamoDBTable';
    expect(named(form, 'scalable target table/vault-data')).toEqual([
      { service: 'dynamodb', range: [10, 40], role },
      { service: 'dynamodb', range: [20, 80], role },
    ]);
    const policy = (dimension: string) => ({
      type: 'TargetTrackingScaling',
      scales: `table/vault-data dynamodb:table:${dimension}CapacityUnits`,
      target: 60,
      metric: `DynamoDB${dimension}CapacityUtilization`,
    });
    expect(named(form, 'scaling policy')).toEqual([policy('Read'), policy('Write')]);
  });

  test('aims at 70 percent by default', () => {
    const autoscaling = { maxReadCapacity: 1, maxWriteCapacity: 2 };
    const form = fromCloudFormation(awsFiles({ table: { billingMode: 'PROVISIONED', readCapacity: 1, writeCapacity: 2, autoscaling } }));
    expect(named(form, 'scaling policy').map(({ target }) => target)).toEqual([70, 70]);
  });

  test('is not there unless asked for', () => {
    for (const table of [{}, { billingMode: 'PROVISIONED', readCapacity: 1, writeCapacity: 2 }] as const)
      expect(named(fromCloudFormation(awsFiles({ table })), 'scalable target')).toEqual([]);
  });
});

describe('backups', () => {
  test.each<[string, BackupScheduleProps]>([
    ['cron(0 5 * * ? *)', {}],
    ['cron(30 0 * * ? *)', { hour: 0, minute: 30 }],
    ['cron(0 5 ? * MON,THU *)', { weekdays: ['MON', 'THU'] }],
    ['cron(15 23 28 * ? *)', { hour: 23, minute: 15, dayOfMonth: 28 }],
  ])('begin at %s with %j', (expression, schedule) => {
    const [plan] = named(fromCloudFormation(awsFiles({ backup: { schedule } })), 'backup plan');
    expect(plan.rules).toEqual([['vault-data', 'vault-data', expression, 35]]);
  });

  test('that fail, expire or are aborted are told to a topic, those of this backup vault alone', () => {
    expect(named(fromCloudFormation(awsFiles({ backup: { failureTopic: topic() } })), 'event rule')).toEqual([
      {
        description: 'Backups of the table vault-data that failed',
        pattern: {
          source: ['aws.backup'],
          'detail-type': ['Backup Job State Change'],
          detail: { state: ['FAILED', 'EXPIRED', 'ABORTED'], backupVaultName: ['vault-data'] },
        },
        targets: ['arn:aws:sns:eu-west-1:123456789012:alarms'],
        tags: {},
      },
    ]);
  });

  test('are copied elsewhere by the role that makes them, for as long as the backup unless something else is said', () => {
    const destination = 'arn:aws:backup:eu-central-1:123456789012:backup-vault:vault-data';
    const files = awsFiles({ backup: { copyTo: { backupVaultArn: destination } } });
    expect(named(fromCloudFormation(files), 'backup plan')[0].copies).toEqual([[destination, 35]]);
    const statements: Manifest[] = json(files, 'iam/vault-data-backup.policy.json').Statement;
    expect(statements.filter(({ Sid }) => /^Copy/.test(Sid)).map(({ Action, Resource }) => [Action, Resource])).toEqual([
      [['backup:CopyFromBackupVault'], ['arn:aws:backup:eu-west-1:123456789012:recovery-point:*']],
      [['backup:CopyIntoBackupVault'], [destination]],
    ]);
  });

  test('are locked where somebody says so, and then for as long', () => {
    expect(named(fromCloudFormation(awsFiles()), 'backup vault')[0].lock).toBeUndefined();
    const lock = { minRetentionDays: 7 };
    expect(named(fromCloudFormation(awsFiles({ backup: { lock } })), 'backup vault')[0].lock).toEqual([7, undefined, undefined]);
  });

  test('are encrypted with a key of yours, which the roles of AWS Backup use through it alone', () => {
    const files = awsFiles({ backup: { kmsKey: dataKey } });
    const key = `arn:aws:kms:eu-west-1:123456789012:key/${dataKey}`;
    expect(named(fromCloudFormation(files), 'backup vault')[0].key).toBe(key);
    const statement = json(files, 'iam/vault-data-backup.policy.json').Statement.find(({ Sid }: Manifest) => Sid === 'BackupKey');
    expect(statement).toMatchObject({
      Resource: [key],
      Condition: { StringEquals: { 'kms:ViaService': ['backup.eu-west-1.amazonaws.com'] } },
    });
  });

  test('are told to nobody without a topic', () => {
    expect(named(fromCloudFormation(awsFiles()), 'event rule')).toEqual([]);
  });
});

describe('the endpoint', () => {
  test('lets pass what the roles may do with the table, and no more', () => {
    const [endpoint] = named(fromCloudFormation(awsFiles({ endpoint: { policy: 'vault-table-only' } })), 'endpoint');
    expect(endpoint.policy).toEqual([
      {
        sid: undefined,
        effect: 'Allow',
        who: '*',
        actions: json(awsFiles(), 'iam/vault-server.policy.json').Statement[0].Action,
        resources: ['arn:aws:dynamodb:eu-west-1:123456789012:table/vault-data'],
        conditions: {},
      },
    ]);
  });

  test('of two Vaults names no statement twice, and IAM’s variables are none of Terraform’s', () => {
    const app = new KustomizeApp();
    for (const name of ['one', 'two']) {
      const vault = new VaultServer(app, name, { ...minimal, name, role: name, storage: { table: name } });
      const resources = [['arn:aws:dynamodb:eu-west-1:123456789012:table/', '{aws:PrincipalTag/team}'].join('$')];
      vault.role.addStatements({ sid: 'More', actions: ['dynamodb:GetItem'], resources });
    }
    new AwsResources(app, 'aws', { oidcProvider, endpoint: { policy: 'vault-table-only' } });
    const { data } = JSON.parse(app.render().get('aws/terraform/main.tf.json') ?? '');
    const statements: Manifest[] = data.aws_iam_policy_document.endpoint.statement;
    expect(statements.map(({ sid }) => sid)).toEqual([undefined, undefined, undefined, undefined]);
    expect(statements[1].resources).toEqual([['arn:aws:dynamodb:eu-west-1:123456789012:table/', '{aws:PrincipalTag/team}'].join('$$')]);
  });

  test('open has AWS’s own policy; by default there is none', () => {
    expect(named(fromCloudFormation(awsFiles({ endpoint: { policy: 'full-access' } })), 'endpoint')[0].policy).toBeUndefined();
    expect(named(fromCloudFormation(awsFiles()), 'endpoint')).toEqual([]);
  });
});

describe('what the YAML does not contain', () => {
  test.each<[string, Partial<AwsResourcesProps> | undefined, string[]]>([
    ['minimal', {}, ['break_glass_principal_arns', 'tags']],
    ['everything made', variants['everything made'], ['break_glass_principal_arns', 'route_table_ids', 'tags', 'vpc_id']],
    ['only secrets made', { table: 'existing', key: 'existing', backup: 'off' }, ['break_glass_principal_arns', 'tags']],
    ['everything exists', variants['everything exists'], ['route_table_ids', 'tags', 'vpc_id']],
  ])('is a variable, and nothing else: %s', (_, props, names) => {
    const files = awsFiles(props);
    expect(Object.keys(json(files, 'terraform/variables.tf.json').variable).sort()).toEqual(names);
    // tags of a stack come with its deployment
    const parameters = Object.keys(template(files).Parameters ?? {}).map(name => name.replace(/(?<=.)(?=[A-Z])/g, '_').toLowerCase());
    expect(parameters.sort()).toEqual(names.filter(name => name !== 'tags'));
  });

  test('everything exists, no endpoint: no parameters at all', () => {
    expect(template(awsFiles({ table: 'existing', key: 'existing', secrets: 'existing' })).Parameters).toBeUndefined();
  });

  test('another account or region is refused by both', () => {
    const { Rules: rules } = template(awsFiles());
    expect(rules.AccountAndRegion.Assertions.map(({ Assert }: Manifest) => Assert['Fn::Equals'])).toEqual([
      [{ Ref: 'AWS::AccountId' }, '123456789012'],
      [{ Ref: 'AWS::Region' }, 'eu-west-1'],
    ]);
    const { data } = json(awsFiles(), 'terraform/main.tf.json');
    expect([data.aws_caller_identity, data.aws_region].map(({ current }) => current.lifecycle.postcondition.condition)).toEqual([
      `\${self.account_id == "123456789012"}`,
      `\${self.region == "eu-west-1"}`,
    ]);
  });
});

test('outputs name what was made', () => {
  expect(Object.keys(template(awsFiles()).Outputs)).toEqual([
    'TableVaultDataArn',
    'KeyVaultUnsealArn',
    'SecretVaultRecoveryArn',
    'RoleVaultInitArn',
    'RoleVaultServerArn',
    'RoleVaultDataBackupArn',
    'BackupVaultVaultDataArn',
  ]);
  expect(json(awsFiles(), 'terraform/outputs.tf.json').output.role_arns.value['vault-server']).toBe(`\${aws_iam_role.vault_server.arn}`);
});

interface ProviderSchemas {
  readonly [mode: string]: Readonly<Record<string, { readonly schema: object; readonly attributes: readonly string[] }>>;
}
const provider: ProviderSchemas = JSON.parse(readFileSync(join(__dirname, '..', 'schemas', 'terraform-aws.json'), 'utf8'));
const ajv = new Ajv({ strict: false, allErrors: true });

/** What the provider would refuse, and references that lead nowhere. */
function terraformErrors(module: Manifest): string[] {
  const errors: string[] = [];
  for (const mode of ['resource', 'data'])
    for (const [type, blocks] of Object.entries<Manifest>(module[mode]))
      for (const [label, block] of Object.entries(blocks)) {
        const schema = provider[mode]?.[type]?.schema;
        if (schema === undefined)
          errors.push(`${type} is in no schema: add it to test/schemas/make-terraform.mjs, and run that as its first lines say`);
        else if (!ajv.validate(schema, block))
          errors.push(
            ...(ajv.errors ?? []).map(error => `${type}.${label}${error.instancePath} ${error.message} ${JSON.stringify(error.params)}`),
          );
      }
  const text = JSON.stringify(module);
  for (const [, data, type = '', label = '', attribute = ''] of text.matchAll(/\$\{(data\.)?(aws_\w+)\.(\w+)\.(\w+)\}/g)) {
    const mode = data === undefined ? 'resource' : 'data';
    if (module[mode]?.[type]?.[label] === undefined) errors.push(`${type}.${label} does not exist`);
    if (!provider[mode]?.[type]?.attributes.includes(attribute)) errors.push(`${type} has no ${attribute}`);
  }
  for (const [, kind = '', name = ''] of text.matchAll(/\b(var|local)\.(\w+)/g))
    if ((kind === 'var' ? module.variable : module.locals)[name] === undefined) errors.push(`${kind}.${name} does not exist`);
  return [...new Set(errors)];
}

test('the check of the module finds what is wrong', () => {
  const module = terraformModule(made);
  const table = module.resource.aws_dynamodb_table.vault_data;
  table.point_in_time = { enabled: true };
  table.point_in_time_recovery.enabled = 'yes';
  table.tags = `\${local.labels}`;
  module.resource.aws_backup_vault.vault_data.name = undefined;
  module.resource.aws_kms_alias.vault_unseal.target_key_id = `\${aws_kms_key.other.key}`;
  expect(terraformErrors(JSON.parse(JSON.stringify(module)))).toEqual([
    'aws_dynamodb_table.vault_data must NOT have additional properties {"additionalProperty":"point_in_time"}',
    ...['must be boolean', 'must match pattern'].map(what => expect.stringContaining(`/point_in_time_recovery/enabled ${what}`)),
    expect.stringContaining('/point_in_time_recovery/enabled must match a schema in anyOf'),
    expect.stringContaining('/point_in_time_recovery must be array'),
    expect.stringContaining('/point_in_time_recovery must match a schema in anyOf'),
    'aws_backup_vault.vault_data must have required property \'name\' {"missingProperty":"name"}',
    'aws_kms_key.other does not exist',
    'aws_kms_key has no key',
    'local.labels does not exist',
  ]);
});
