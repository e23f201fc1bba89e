import { type AwsEnvironment, partitionOf, roleArnCheck, tableArn } from '../app/aws/environment';
import type { IamStatement } from '../app/aws/iam-role';
import { matching } from '../app/validation/check';
import type { Part } from '../app/validation/part';
import type { KnownProps, Problems } from '../app/validation/problems';
import type { IVault } from '../app/vault';
import type { BackupPlan } from './plan';

/** A backup by AWS Backup: into a vault of its own, which may be locked. */
export interface AwsBackupProps {
  /** The backup vault, by its name. */
  readonly backupVault: string;
  /** The ARN of the role that AWS Backup takes on to read the table; the Job may pass it on to AWS Backup alone. */
  readonly role: string;
}

const backupVaultCheck = matching(
  /^[A-Za-z0-9_-]{2,50}$/,
  'names of backup vaults: 2 to 50 letters, digits, "-" and "_"',
  'write for example "vault-backups"',
);

/** The backup that comes before the first server is replaced. */
export class TableBackup implements Part {
  constructor(
    private readonly vault: IVault,
    private readonly props: AwsBackupProps | 'dynamodb' | 'none' = 'dynamodb',
  ) {}

  validate(problems: Problems): void {
    const { props, vault } = this;
    if (problems.isGroup('backup', props, 'dynamodb', 'none')) {
      problems.checkNames('backup', props, { backupVault: true, role: true } satisfies KnownProps<AwsBackupProps>);
      problems.require('backup.backupVault', props.backupVault, backupVaultCheck);
      problems.require('backup.role', props.role, roleArnCheck);
    }
    if (vault.table === undefined && props !== 'none')
      problems.refuse(
        'backup',
        props,
        '"none" with a Vault that has no table',
        "write backup: 'none', and back up its storage before you start a rollout",
      );
  }

  get plan(): BackupPlan {
    const { props, vault } = this;
    if (vault.table === undefined || props === 'none') return { kind: 'none' };
    const { name, region } = vault.table;
    if (props === 'dynamodb') return { kind: 'dynamodb', table: name, region };
    return { kind: 'aws-backup', tableArn: tableArn(name, vault.aws, region), region, backupVault: props.backupVault, role: props.role };
  }

  /** Makes a backup and looks at it; nothing here deletes one. */
  get statements(): readonly IamStatement[] {
    const { plan, vault, props } = this;
    if (plan.kind === 'none') return [];
    const table = tableArn(vault.table?.name ?? '', vault.aws, plan.region);
    if (plan.kind === 'dynamodb')
      return [
        { sid: 'BackUp', actions: ['dynamodb:CreateBackup'], resources: [table] },
        { sid: 'LookAtBackups', actions: ['dynamodb:DescribeBackup'], resources: [`${table}/backup/*`] },
      ];
    const vaultArn = backupVaultArn(plan.backupVault, vault.aws, plan.region);
    return [
      { sid: 'BackUp', actions: ['backup:StartBackupJob'], resources: [vaultArn] },
      // it knows no resource (Service Authorization Reference, "AWS Backup")
      { sid: 'LookAtBackups', actions: ['backup:DescribeBackupJob'], resources: ['*'] },
      {
        sid: 'PassRole',
        actions: ['iam:PassRole'],
        resources: [(props as AwsBackupProps).role],
        conditions: { StringEquals: { 'iam:PassedToService': 'backup.amazonaws.com' } },
      },
    ];
  }
}

const backupVaultArn = (name: string, { accountId, region: home }: AwsEnvironment, region: string): string =>
  `arn:${partitionOf(home)}:backup:${region}:${accountId}:backup-vault:${name}`;
