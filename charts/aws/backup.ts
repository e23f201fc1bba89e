import { type AwsEnvironment, iamArn, parseArn, partitionOf, tableArn } from '../app/aws/environment';
import { allow } from '../app/aws/iam-role';
import { type Check, type Checks, integer, matching, propsCheck } from '../app/validation/check';
import type { Problems } from '../app/validation/problems';
import type { BackupProps } from './aws-resources-props';
import { checkSchedule, cron } from './backup-schedule';
import { rolePolicy, serviceTrust } from './iam';
import type { Backup, Role } from './model';
import { tableKeyStatement } from './table';

const checks: Checks<BackupProps> = {
  schedule: { ...propsCheck, fix: 'write for example { hour: 5, weekdays: ["SUN"] }' },
  retentionDays: integer(1, 36500, 'write a number of days, such as 35'),
  failureTopic: {
    // not those that end in .fifo: EventBridge sends no message group
    ok: value => parseArn(value)?.service === 'sns' && /^[A-Za-z0-9_-]{1,256}$/.test(parseArn(value)?.resource ?? ''),
    allowed: 'ARNs of standard SNS topics',
    fix: 'write for example "arn:aws:sns:eu-west-1:123456789012:alarms"',
  },
};

/** AWS Backup API reference, "CreateBackupVault". Room for the role's "-backup" is in it. */
const backedUpName: Check<string> = matching(
  /^[A-Za-z0-9_-]{2,50}$/,
  'tables whose names serve as names of backup vaults: 2 to 50 characters of a-z, A-Z, 0-9, "-" and "_"',
  'rename the table, or set backup: "off" and back it up otherwise',
);

export function checkBackup(problems: Problems, props: BackupProps, tables: readonly string[], aws: AwsEnvironment | undefined): void {
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
  for (const table of tables) problems.check('backup: table', table, backedUpName);
}

/** Minutes until a backup has to begin, and to end: AWS Backup's own, written down since Terraform's provider has others. */
export const backupWindows = { start: 8 * 60, completion: 7 * 24 * 60 };

export const backupRoleName = (table: string): string => `${table}-backup`;

export const backupModel = (table: string, props: BackupProps, aws: AwsEnvironment): Backup => ({
  name: table,
  tableArn: tableArn(table, aws),
  role: backupRoleName(table),
  schedule: cron(props.schedule ?? {}),
  retentionDays: props.retentionDays ?? 35,
  ...(props.failureTopic === undefined ? {} : { failureTopic: props.failureTopic }),
});

export const failureRuleName = (table: string): string => `${table}-backup-failed`;

/** The events of jobs that left no backup in this vault (AWS Backup Developer Guide, "Monitoring AWS Backup events using Amazon EventBridge"). */
export const failurePattern = (vault: string): object => ({
  source: ['aws.backup'],
  'detail-type': ['Backup Job State Change'],
  detail: { state: ['FAILED', 'EXPIRED', 'ABORTED'], backupVaultName: [vault] },
});

/** What AWS Backup does with a DynamoDB table (AWS managed policy AWSBackupServiceRolePolicyForBackup), on this table alone. */
export function backupRole(table: string, kmsKey: string | undefined, aws: AwsEnvironment): Role {
  const arn = tableArn(table, aws);
  return {
    name: backupRoleName(table),
    path: '/',
    trust: serviceTrust('backup.amazonaws.com'),
    policy: rolePolicy([
      allow('Table', 'dynamodb', ['CreateBackup', 'DescribeTable', 'ListTagsOfResource', 'StartAwsBackupJob'], arn),
      allow('Backups', 'dynamodb', ['DeleteBackup', 'DescribeBackup'], `${arn}/backup/*`),
      // tags of the table come with its backups
      allow('Tags', 'backup', ['TagResource'], `arn:${partitionOf(aws.region)}:backup:${aws.region}:${aws.accountId}:recovery-point:*`),
      ...(kmsKey === undefined ? [] : [tableKeyStatement(kmsKey, aws)]),
    ]),
  };
}

export const backupRoleArn = (table: string, aws: AwsEnvironment): string => iamArn(aws, `role/${backupRoleName(table)}`);
