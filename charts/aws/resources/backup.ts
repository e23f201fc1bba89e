import { type AwsEnvironment, iamArn, parseArn, partitionOf, tableArn } from '../../app/aws/environment';
import { allow, type IamStatement } from '../../app/aws/iam-role';
import { checkDataKey, kmsKeyArn, kmsKeyCheck, viaService } from '../../app/aws/kms';
import { label, logicalId } from '../../app/aws/labels';
import { omitUndefined } from '../../app/kubernetes/omit-undefined';
import { type Check, type Checks, integer, matching, propsCheck } from '../../app/validation/check';
import type { Problems } from '../../app/validation/problems';
import type { AwsResource, NamedPolicies, Templates, TemplateTags } from '../aws-resource';
import { arnOf, arnOutputs, byLogicalId, ref, retain } from '../cloudformation-syntax';
import type { EnvironmentRequirements } from '../environment-requirements';
import { type RoleModel, serviceTrust } from '../iam';
import { arnOutput, type Blocks, byName, preventDestroy, terraformTags } from '../terraform-syntax';
import { type BackupCopyProps, checkCopy } from './backup-copy';
import { type BackupLockProps, checkLock } from './backup-lock';
import { type BackupScheduleProps, checkSchedule, cron } from './backup-schedule';

/** A backup vault, plan and selection of AWS Backup for the table. */
export interface BackupProps {
  /**
   * When a backup begins, in UTC; within eight hours from then.
   * @default daily at 05:00
   */
  readonly schedule?: BackupScheduleProps;
  /**
   * Days until a backup is deleted.
   * @default 35
   */
  readonly retentionDays?: number;
  /**
   * The ARN of a standard SNS topic of yours, in the same account and region, that hears of every backup that failed, expired or was aborted. The topic's
   * policy must let events.amazonaws.com publish: docs/operations.md.
   * @default none, a failed backup is seen in AWS Backup alone
   */
  readonly failureTopic?: string;
  /**
   * A copy of every backup in another region or account, where a region that is gone, or an account that somebody took over, does not reach it.
   * @default none
   */
  readonly copyTo?: BackupCopyProps;
  /**
   * A lock on the backup vault: nobody deletes a backup before its time.
   * @default none
   */
  readonly lock?: BackupLockProps;
  /**
   * The id or ARN of a key of yours that encrypts the backups. A copy in another account needs one: a key that AWS manages cannot be shared (AWS Backup Developer
   * Guide, "Creating backup copies across AWS accounts"). Not the unseal key.
   * @default AWS Backup's own key
   */
  readonly kmsKey?: string;
}

const defaultRetentionDays = 35;

const checks: Checks<BackupProps> = {
  schedule: { ...propsCheck, fix: 'write for example { hour: 5, weekdays: ["SUN"] }' },
  retentionDays: integer(1, 36500, 'write a number of days, such as 35'),
  failureTopic: {
    // not those that end in .fifo: EventBridge sends no message group
    ok: value => parseArn(value)?.service === 'sns' && /^[A-Za-z0-9_-]{1,256}$/.test(parseArn(value)?.resource ?? ''),
    allowed: 'ARNs of standard SNS topics',
    fix: 'write for example "arn:aws:sns:eu-west-1:123456789012:alarms"',
  },
  copyTo: propsCheck,
  lock: propsCheck,
  kmsKey: kmsKeyCheck,
};
/** AWS Backup API reference, "CreateBackupVault". Room for the role's "-backup" is in it. */
const backedUpNameCheck: Check<string> = matching(
  /^[A-Za-z0-9_-]{2,50}$/,
  'tables whose names serve as names of backup vaults: 2 to 50 characters of a-z, A-Z, 0-9, "-" and "_"',
  'rename the table, or set backup: "off" and back it up otherwise',
);

/** A backup vault, a plan and a selection of that name, for one table. */
interface Backup {
  readonly name: string;
  readonly tableArn: string;
  readonly role: string;
  readonly schedule: string;
  readonly retentionDays: number;
  /** The ARN of the SNS topic that hears of failures; nobody does where undefined. */
  readonly failureTopic?: string;
  readonly copy?: Required<BackupCopyProps>;
  readonly lock?: BackupLockProps;
  /** The ARN of the key that encrypts it; AWS Backup's own where undefined. */
  readonly kmsKey?: string;
}

/** A backup vault, plan and selection of AWS Backup for each table, the role that makes the backups, and what tells of failures. */
export class Backups implements AwsResource {
  readonly policies: NamedPolicies = [];

  constructor(
    private readonly environment: EnvironmentRequirements,
    private readonly props: BackupProps | 'off' = {},
  ) {}

  validate(problems: Problems): void {
    if (this.props === 'off') return;
    const tables = this.environment.ofType('table').map(({ name }) => name);
    const props = problems.isGroup('backup', this.props, 'off') ? this.props : {};
    checkBackup(problems, props, tables, this.environment.aws);
    if (props.copyTo !== undefined && propsCheck.ok(props.copyTo))
      checkCopy(problems, props.copyTo, { kmsKey: props.kmsKey, tables, aws: this.environment.aws });
    if (props.lock !== undefined && propsCheck.ok(props.lock)) checkLock(problems, props.lock, props.retentionDays ?? defaultRetentionDays);
    const unsealKeys = this.environment.ofType('key').map(({ name }) => name);
    checkDataKey(problems, 'backup.kmsKey', props.kmsKey, {
      aws: this.environment.aws,
      unsealKeys,
      why: 'take another: who restores a backup need not unseal a Vault',
    });
  }

  /** What the roles that back up are called. */
  get roleNames(): readonly string[] {
    return this.props === 'off' ? [] : this.environment.ofType('table').map(({ name }) => backupRoleName(name));
  }

  /** The role that AWS Backup takes for each table. */
  get roles(): readonly RoleModel[] {
    const { aws } = this.environment;
    const { props } = this;
    return props === 'off' || aws === undefined
      ? []
      : this.environment.ofType('table').map(({ name }) => backupRole(backupModel(name, props, aws), aws));
  }

  /** What AWS Backup’s roles may do with the key of the user’s that encrypts backups: those that back up, and those that restore. */
  get keyStatements(): readonly IamStatement[] {
    const { aws } = this.environment;
    if (this.props === 'off' || this.props.kmsKey === undefined || aws === undefined) return [];
    const actions = ['CreateGrant', 'Decrypt', 'DescribeKey', 'GenerateDataKey'];
    return [{ ...allow('BackupKey', 'kms', actions, kmsKeyArn(this.props.kmsKey, aws)), conditions: viaService('backup', aws.region) }];
  }

  /** The ARNs of those roles that use a table. */
  roleArns(table: string): readonly string[] {
    const { aws } = this.environment;
    return this.props === 'off' || aws === undefined ? [] : [iamArn(aws, `role/${backupRoleName(table)}`)];
  }

  terraform(): Readonly<Record<string, Blocks>> {
    return {
      aws_backup_vault: byName(this.models, terraformVault),
      aws_backup_vault_lock_configuration: byName(
        this.models.filter(({ lock }) => lock !== undefined),
        terraformLock,
      ),
      aws_backup_plan: byName(this.models, terraformPlan),
      aws_backup_selection: byName(this.models, terraformSelection),
      aws_cloudwatch_event_rule: byName(this.watched, terraformFailureRule),
      aws_cloudwatch_event_target: byName(this.watched, terraformFailureTarget),
    };
  }

  terraformOutputs(): Blocks {
    return { backup_vault_arns: arnOutput('aws_backup_vault', this.models) };
  }

  cloudFormation({ list, map }: TemplateTags): Templates {
    return {
      ...byLogicalId('BackupVault', this.models, item => templateVault(item, map)),
      ...byLogicalId('BackupPlan', this.models, item => templatePlan(item, map)),
      ...byLogicalId('BackupSelection', this.models, templateSelection),
      ...byLogicalId('BackupFailed', this.watched, item => templateFailureRule(item, list)),
    };
  }

  cloudFormationOutputs(): Templates {
    return arnOutputs('BackupVault', this.models, id => arnOf(id, 'BackupVaultArn'));
  }

  private get models(): readonly Backup[] {
    const { aws } = this.environment;
    const { props } = this;
    if (props === 'off' || aws === undefined) return [];
    return this.environment.ofType('table').map(({ name }) => backupModel(name, props, aws));
  }

  /** Those whose failures somebody hears of. */
  private get watched(): readonly Backup[] {
    return this.models.filter(({ failureTopic }) => failureTopic !== undefined);
  }
}

function checkBackup(problems: Problems, props: BackupProps, tables: readonly string[], aws: AwsEnvironment | undefined): void {
  problems.checkAll('backup', props, checks);
  if (props.schedule !== undefined && propsCheck.ok(props.schedule)) checkSchedule(problems, props.schedule);
  const topic = parseArn(props.failureTopic ?? '');
  if (
    topic !== undefined &&
    aws !== undefined &&
    (topic.partition !== partitionOf(aws.region) || topic.region !== aws.region || topic.account !== aws.accountId)
  )
    problems.refuse(
      'backup.failureTopic',
      props.failureTopic,
      `topics of account ${aws.accountId} in ${aws.region}`,
      'an event rule reaches another region never and another account only with a role of its own: name a topic here, and forward from it',
    );
  for (const table of tables) problems.check('backup: table', table, backedUpNameCheck);
}

/** Minutes until a backup has to begin, and to end: AWS Backup's own, written down since Terraform's provider has others. */
const backupWindows = { start: 8 * 60, completion: 7 * 24 * 60 };

const backupRoleName = (table: string): string => `${table}-backup`;

const backupModel = (table: string, props: BackupProps, aws: AwsEnvironment): Backup => ({
  name: table,
  tableArn: tableArn(table, aws),
  role: backupRoleName(table),
  schedule: cron(props.schedule ?? {}),
  retentionDays: props.retentionDays ?? defaultRetentionDays,
  ...omitUndefined({
    failureTopic: props.failureTopic,
    copy: props.copyTo && { retentionDays: props.retentionDays ?? defaultRetentionDays, ...omitUndefined(props.copyTo) },
    lock: props.lock,
    kmsKey: props.kmsKey === undefined ? undefined : kmsKeyArn(props.kmsKey, aws),
  }),
});

const failureRuleName = (table: string): string => `${table}-backup-failed`;

/** The events of jobs that left no backup in this vault (AWS Backup Developer Guide, "Monitoring AWS Backup events using Amazon EventBridge"). */
const failurePattern = (vault: string): object => ({
  source: ['aws.backup'],
  'detail-type': ['Backup Job State Change'],
  detail: { state: ['FAILED', 'EXPIRED', 'ABORTED'], backupVaultName: [vault] },
});

/** What AWS Backup does with a DynamoDB table (AWS managed policy AWSBackupServiceRolePolicyForBackup), on this table alone. */
function backupRole({ name: table, role, copy }: Backup, aws: AwsEnvironment): RoleModel {
  const arn = tableArn(table, aws);
  const points = `arn:${partitionOf(aws.region)}:backup:${aws.region}:${aws.accountId}:recovery-point:*`;
  const statements: readonly IamStatement[] = [
    allow('Table', 'dynamodb', ['CreateBackup', 'DescribeTable', 'ListTagsOfResource', 'StartAwsBackupJob'], arn),
    allow('Backups', 'dynamodb', ['DeleteBackup', 'DescribeBackup'], `${arn}/backup/*`),
    // tags of the table come with its backups
    allow('Tags', 'backup', ['TagResource'], points),
    ...(copy === undefined
      ? []
      : [
          allow('CopyFrom', 'backup', ['CopyFromBackupVault'], points),
          allow('CopyInto', 'backup', ['CopyIntoBackupVault'], copy.backupVaultArn),
        ]),
  ];
  return { name: role, path: '/', trust: serviceTrust('backup.amazonaws.com'), statements };
}

const terraformVault = ({ name, kmsKey }: Backup): object => ({
  name,
  ...(kmsKey && { kms_key_arn: kmsKey }),
  tags: terraformTags,
  lifecycle: preventDestroy,
});

const terraformLock = ({ name, lock }: Backup): object => ({
  backup_vault_name: `\${aws_backup_vault.${label(name)}.name}`,
  min_retention_days: lock?.minRetentionDays,
  ...(lock?.maxRetentionDays && { max_retention_days: lock.maxRetentionDays }),
  ...(lock?.changeableForDays && { changeable_for_days: lock.changeableForDays }),
  lifecycle: preventDestroy,
});

const terraformPlan = ({ name, schedule, retentionDays, copy }: Backup): object => ({
  name,
  rule: {
    rule_name: name,
    target_vault_name: `\${aws_backup_vault.${label(name)}.name}`,
    schedule,
    start_window: backupWindows.start,
    completion_window: backupWindows.completion,
    lifecycle: { delete_after: retentionDays },
    ...(copy && { copy_action: { destination_vault_arn: copy.backupVaultArn, lifecycle: { delete_after: copy.retentionDays } } }),
  },
  tags: terraformTags,
});

const terraformSelection = ({ name, role: roleName, tableArn }: Backup): object => ({
  name,
  plan_id: `\${aws_backup_plan.${label(name)}.id}`,
  iam_role_arn: `\${aws_iam_role.${label(roleName)}.arn}`,
  resources: [tableArn],
});

const terraformFailureRule = ({ name }: Backup): object => ({
  name: failureRuleName(name),
  description: `Backups of the table ${name} that failed`,
  event_pattern: JSON.stringify(failurePattern(name)),
  tags: terraformTags,
});

const terraformFailureTarget = ({ name, failureTopic }: Backup): object => ({
  rule: `\${aws_cloudwatch_event_rule.${label(name)}.name}`,
  target_id: 'topic',
  arn: failureTopic,
});

const templateVault = ({ name, kmsKey, lock }: Backup, tags: object | undefined): object => ({
  Type: 'AWS::Backup::BackupVault',
  ...retain,
  Properties: {
    BackupVaultName: name,
    ...(kmsKey && { EncryptionKeyArn: kmsKey }),
    ...(lock && {
      LockConfiguration: {
        MinRetentionDays: lock.minRetentionDays,
        ...(lock.maxRetentionDays && { MaxRetentionDays: lock.maxRetentionDays }),
        ...(lock.changeableForDays && { ChangeableForDays: lock.changeableForDays }),
      },
    }),
    ...(tags && { BackupVaultTags: tags }),
  },
});

const templatePlan = ({ name, schedule, retentionDays, copy }: Backup, tags: object | undefined): object => ({
  Type: 'AWS::Backup::BackupPlan',
  Properties: {
    BackupPlan: {
      BackupPlanName: name,
      BackupPlanRule: [
        {
          RuleName: name,
          TargetBackupVault: ref(logicalId('BackupVault', name)),
          ScheduleExpression: schedule,
          StartWindowMinutes: backupWindows.start,
          CompletionWindowMinutes: backupWindows.completion,
          Lifecycle: { DeleteAfterDays: retentionDays },
          ...(copy && {
            CopyActions: [{ DestinationBackupVaultArn: copy.backupVaultArn, Lifecycle: { DeleteAfterDays: copy.retentionDays } }],
          }),
        },
      ],
    },
    ...(tags && { BackupPlanTags: tags }),
  },
});

const templateSelection = ({ name, role: roleName, tableArn }: Backup): object => ({
  Type: 'AWS::Backup::BackupSelection',
  Properties: {
    BackupPlanId: ref(logicalId('BackupPlan', name)),
    BackupSelection: { SelectionName: name, IamRoleArn: arnOf(logicalId('Role', roleName)), Resources: [tableArn] },
  },
});

const templateFailureRule = ({ name, failureTopic }: Backup, tags: object): object => ({
  Type: 'AWS::Events::Rule',
  Properties: {
    Name: failureRuleName(name),
    Description: `Backups of the table ${name} that failed`,
    EventPattern: failurePattern(name),
    Targets: [{ Id: 'topic', Arn: failureTopic }],
    ...tags,
  },
});
