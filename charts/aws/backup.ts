import { type AwsEnvironment, partitionOf } from '../app/aws';
import { type Check, type Checks, integer, matching } from '../app/checks';
import type { IamStatement } from '../app/iam-role';
import type { Problems } from '../app/problems';
import type { BackupProps } from './aws-resources-props';
import { rolePolicy, serviceTrust } from './iam';
import type { Backup, Role } from './model';
import { tableArn, tableKeyStatement } from './table';

const checks: Checks<BackupProps> = {
  // EventBridge User Guide, "Cron expressions": minutes, hours, day of month, month, day of week, year
  schedule: matching(
    /^cron\([0-9*/,-]+ [0-9*/,-]+ [0-9*/,?LW-]+ [0-9A-Z*/,-]+ [0-9A-Z*/,?#L-]+ [0-9*/,-]+\)$/,
    'cron expressions of AWS, with six fields',
    'write for example "cron(0 5 * * ? *)"',
  ),
  retentionDays: integer(1, 36500, 'write a number of days, such as 35'),
};

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
  const statement = (sid: string, actions: readonly string[], resource: string): IamStatement => ({
    sid,
    actions: actions.map(action => `dynamodb:${action}`),
    resources: [resource],
  });
  return {
    name: backupRoleName(table),
    path: '/',
    trust: serviceTrust('backup.amazonaws.com', aws.accountId),
    policy: rolePolicy([
      statement('Table', ['CreateBackup', 'DescribeTable', 'ListTagsOfResource', 'StartAwsBackupJob'], arn),
      statement('Backups', ['DeleteBackup', 'DescribeBackup'], `${arn}/backup/*`),
      ...(kmsKey === undefined ? [] : [tableKeyStatement(kmsKey, aws)]),
    ]),
  };
}

export const backupRoleArn = (table: string, { accountId, region }: AwsEnvironment): string =>
  `arn:${partitionOf(region)}:iam::${accountId}:role/${backupRoleName(table)}`;
