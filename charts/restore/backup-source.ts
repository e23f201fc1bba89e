import type { Construct } from 'constructs';
import { iamArn, parseArn, partitionOf, tableArn } from '../app/aws/environment';
import type { IamStatement } from '../app/aws/iam-role';
import { AwsRequirement } from '../app/aws/requirement';
import { omitUndefined } from '../app/kubernetes/omit-undefined';
import { type Check, matching } from '../app/validation/check';
import type { Part } from '../app/validation/part';
import type { Problems } from '../app/validation/problems';
import type { IVault } from '../app/vault';
import type { SourcePlan } from './plan';

/** AWS Backup API reference, "CreateBackupVault". */
const nameOfBackupVaults = /^[A-Za-z0-9_-]{2,50}$/;
const backupVaultCheck = matching(
  nameOfBackupVaults,
  'names of backup vaults: 2 to 50 letters, digits, "-" and "_"; or "none"',
  'write for example "vault-backups"',
);

const tableArnCheck: Check<string> = {
  ok: value => parseArn(value)?.service === 'dynamodb' && /^table\/[a-zA-Z0-9_.-]{3,255}$/.test(parseArn(value)?.resource ?? ''),
  allowed: 'ARNs of DynamoDB tables',
  fix: 'write for example "arn:aws:dynamodb:eu-west-1:123456789012:table/vault-data"',
};

/** What writes the items of a new table (DynamoDB Developer Guide, "Using IAM with DynamoDB backup and restore"). */
const itemActions = ['BatchWriteItem', 'DeleteItem', 'GetItem', 'PutItem', 'Query', 'Scan', 'UpdateItem'].map(name => `dynamodb:${name}`);

export interface BackupSourceProps {
  readonly vault: IVault;
  /** The backup vault that the user named, or "none"; the table's where undefined. */
  readonly backupVault: string | undefined;
  /** The table whose backups are copied here; the Vault's own where undefined. */
  readonly copiesOf?: string | undefined;
  /** The names of the tables that are restored into, as IAM matches them. */
  readonly target: string;
  /** What the name of AWS Backup's role ends with. */
  readonly roleSuffix: string;
}

/** The backups of a Vault's table: where they are looked for, and who may restore them into which tables. */
export class BackupSource implements Part {
  /** What the program is told; empty with a Vault that has no table, which is refused. */
  readonly plan: SourcePlan;

  constructor(
    scope: Construct,
    private readonly props: BackupSourceProps,
  ) {
    const { vault, backupVault = vault.table?.name ?? '', roleSuffix } = props;
    if (vault.table === undefined) {
      this.plan = { table: '', tableArn: '', region: '', backupsOf: '' };
      return;
    }
    const { name: table, region } = vault.table;
    const usesAwsBackup = backupVault !== 'none' && nameOfBackupVaults.test(backupVault);
    const role = `${table}-${roleSuffix}`;
    this.plan = {
      table,
      tableArn: this.arn(table),
      region,
      backupsOf: props.copiesOf ?? this.arn(table),
      ...omitUndefined({ awsBackup: usesAwsBackup ? { vault: backupVault, role: iamArn(vault.aws, `role/${role}`) } : undefined }),
    };
    if (usesAwsBackup)
      new AwsRequirement(scope, 'aws-backup-role', vault.aws, region, {
        type: 'service-role',
        name: role,
        service: 'backup.amazonaws.com',
        statements: this.serviceStatements(),
      });
  }

  validate(problems: Problems): void {
    const { vault, backupVault, copiesOf } = this.props;
    if (vault.table === undefined)
      problems.refuse('vault.table', undefined, 'a Vault with a DynamoDB table', 'restore its storage by its own means');
    problems.check('backupVault', backupVault, backupVaultCheck);
    // IAM User Guide, "IAM and AWS STS quotas"
    const tooLong = (this.plan.awsBackup?.role.split('/').at(-1)?.length ?? 0) - 64;
    if (tooLong > 0)
      problems.refuse(
        'vault.table.name',
        this.plan.table,
        `at most ${this.plan.table.length - tooLong} characters: AWS Backup's role is named after it`,
        "write backupVault: 'none' and restore DynamoDB's own backups, or give the table a shorter name",
      );
    if (problems.check('copiesOf', copiesOf, tableArnCheck) && copiesOf !== undefined) {
      const partition = partitionOf(vault.aws.region);
      if (parseArn(copiesOf)?.partition !== partition)
        problems.refuse('copiesOf', copiesOf, `tables of partition ${partition}`, 'correct the ARN');
      else if (copiesOf === this.plan.tableArn)
        problems.refuse('copiesOf', copiesOf, 'another table than that of the Vault', 'leave it out: its own backups are found');
      else if (backupVault === undefined || backupVault === 'none')
        problems.refuse('backupVault', backupVault, 'the backup vault that the copies are in', 'name it');
    }
  }

  /** What the Job may do: find backups, look at them, and restore one into a table of these names. */
  statements(): readonly IamStatement[] {
    if (this.props.vault.table === undefined) return [];
    const { tableArn: table, awsBackup } = this.plan;
    const target = this.arn(this.props.target);
    return [
      // it knows no resource (Service Authorization Reference, "Amazon DynamoDB")
      { sid: 'FindBackups', actions: ['dynamodb:ListBackups'], resources: ['*'] },
      { sid: 'LookAtBackups', actions: ['dynamodb:DescribeBackup'], resources: [`${table}/backup/*`] },
      { sid: 'RestoreBackup', actions: ['dynamodb:RestoreTableFromBackup'], resources: [`${table}/backup/*`, target] },
      { sid: 'NewTable', actions: [...itemActions, 'dynamodb:DescribeTable'], resources: [target] },
      ...(awsBackup === undefined ? [] : this.awsBackupStatements(awsBackup)),
    ];
  }

  private awsBackupStatements({ vault: backupVault, role }: NonNullable<SourcePlan['awsBackup']>): readonly IamStatement[] {
    const { vault } = this.props;
    const region = vault.table?.region ?? '';
    const arn = (resource: string): string => `arn:${partitionOf(vault.aws.region)}:backup:${region}:${vault.aws.accountId}:${resource}`;
    const points = [arn('recovery-point:*'), `${this.plan.tableArn}/backup/*`];
    return [
      { sid: 'FindRecoveryPoints', actions: ['backup:ListRecoveryPointsByBackupVault'], resources: [arn(`backup-vault:${backupVault}`)] },
      { sid: 'RestoreRecoveryPoint', actions: ['backup:GetRecoveryPointRestoreMetadata', 'backup:StartRestoreJob'], resources: points },
      // it knows no resource (Service Authorization Reference, "AWS Backup")
      { sid: 'LookAtRestores', actions: ['backup:DescribeRestoreJob'], resources: ['*'] },
      {
        sid: 'PassRole',
        actions: ['iam:PassRole'],
        resources: [role],
        conditions: { StringEquals: { 'iam:PassedToService': 'backup.amazonaws.com' } },
      },
    ];
  }

  /** What AWS Backup does to restore a table (AWS managed policy AWSBackupServiceRolePolicyForRestores), into these tables alone. */
  private serviceStatements(): readonly IamStatement[] {
    const target = this.arn(this.props.target);
    return [
      { sid: 'Items', actions: [...itemActions, 'dynamodb:DescribeTable'], resources: [target] },
      { sid: 'Backups', actions: ['dynamodb:RestoreTableFromBackup'], resources: [`${this.plan.tableArn}/backup/*`] },
      { sid: 'NewTable', actions: ['dynamodb:RestoreTableFromAwsBackup', 'dynamodb:RestoreTableFromBackup'], resources: [target] },
    ];
  }

  private arn(table: string): string {
    const { vault } = this.props;
    return tableArn(table, vault.aws, vault.table?.region);
  }
}
