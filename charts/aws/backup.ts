import { type AwsEnvironment, iamArn, partitionOf, tableArn } from '../app/aws';
import { type Check, type Checks, integer, matching } from '../app/checks';
import { allow } from '../app/iam-role';
import type { Problems } from '../app/problems';
import type { BackupProps } from './aws-resources-props';
import { rolePolicy, serviceTrust } from './iam';
import type { Backup, Role } from './model';
import { tableKeyStatement } from './table';

const checks: Checks<BackupProps> = {
  schedule: {
    ok: isCron,
    allowed: 'cron expressions of AWS: six fields, "?" for the day of the month or of the week',
    fix: 'write for example "cron(0 5 * * ? *)"',
  },
  retentionDays: integer(1, 36500, 'write a number of days, such as 35'),
};

/** EventBridge User Guide, "Cron expressions": minutes, hours, day of month, month, day of week, year. */
function isCron(text: string): boolean {
  const fields =
    /^cron\(([0-9*/,-]+) ([0-9*/,-]+) ([0-9*/,?LW-]+) ([0-9A-Z*/,-]+) ([0-9A-Z*/,?#L-]+) ([0-9*/,-]+)\)$/.exec(text)?.slice(1) ?? [];
  const upTo = (max: number, field = '') => (field.match(/\d+/g) ?? []).every(number => Number(number) <= max);
  const [minutes, hours, day, , weekday] = fields;
  return fields.length === 6 && upTo(59, minutes) && upTo(23, hours) && upTo(31, day) && (day === '?') !== (weekday === '?');
}

/** AWS Backup API reference, "CreateBackupVault". Room for the role's "-backup" is in it. */
const backedUpName: Check<string> = matching(
  /^[A-Za-z0-9_-]{2,50}$/,
  'tables whose names serve as names of backup vaults: 2 to 50 characters of a-z, A-Z, 0-9, "-" and "_"',
  'rename the table, or set backup: "off" and back it up otherwise',
);

export function checkBackup(problems: Problems, props: BackupProps, tables: readonly string[]): void {
  problems.checkAll('backup', props, checks);
  for (const table of tables) problems.check('backup: table', table, backedUpName);
}

/** Minutes until a backup has to begin, and to end: AWS Backup's own, written down since Terraform's provider has others. */
export const backupWindows = { start: 8 * 60, completion: 7 * 24 * 60 };

export const backupRoleName = (table: string): string => `${table}-backup`;

export const backupModel = (table: string, props: BackupProps, aws: AwsEnvironment): Backup => ({
  name: table,
  tableArn: tableArn(table, aws),
  role: backupRoleName(table),
  schedule: props.schedule ?? 'cron(0 5 * * ? *)',
  retentionDays: props.retentionDays ?? 35,
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
