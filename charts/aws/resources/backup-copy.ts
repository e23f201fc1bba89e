import { type AwsEnvironment, parseArn, partitionOf } from '../../app/aws/environment';
import { type Checks, integer } from '../../app/validation/check';
import type { Problems } from '../../app/validation/problems';

/** Where backups are copied to. */
export interface BackupCopyProps {
  /** The ARN of a backup vault of yours in another region or account: docs/disaster.md tells how to make it. */
  readonly backupVaultArn: string;
  /**
   * Days until a copy is deleted.
   * @default as long as the backup
   */
  readonly retentionDays?: number;
}

const checks: Checks<BackupCopyProps> = {
  backupVaultArn: {
    ok: value => parseArn(value)?.service === 'backup' && /^backup-vault:[A-Za-z0-9_-]{2,50}$/.test(parseArn(value)?.resource ?? ''),
    allowed: 'ARNs of backup vaults',
    fix: 'write for example "arn:aws:backup:eu-central-1:123456789012:backup-vault:vault-data"',
  },
  retentionDays: integer(1, 36500, 'write a number of days, such as 35'),
};
/** `kmsKey`: what encrypts the backups; `tables`: those that are backed up. */
export function checkCopy(
  problems: Problems,
  copyTo: BackupCopyProps,
  {
    kmsKey,
    tables,
    aws,
  }: { readonly kmsKey: string | undefined; readonly tables: readonly string[]; readonly aws: AwsEnvironment | undefined },
): void {
  problems.checkAll('backup.copyTo', copyTo, checks);
  if (!problems.require('backup.copyTo.backupVaultArn', copyTo.backupVaultArn, checks.backupVaultArn) || aws === undefined) return;
  const arn = parseArn(copyTo.backupVaultArn);
  if (arn?.partition !== partitionOf(aws.region))
    problems.refuse(
      'backup.copyTo.backupVaultArn',
      copyTo.backupVaultArn,
      `vaults of partition ${partitionOf(aws.region)}`,
      'correct the ARN',
    );
  else if (arn.account === aws.accountId && arn.region === aws.region)
    problems.refuse(
      'backup.copyTo.backupVaultArn',
      copyTo.backupVaultArn,
      'vaults in another region or account',
      tables.some(table => arn.resource === `backup-vault:${table}`)
        ? 'leave it out: the backups are there'
        : 'name one that this region’s end does not reach',
    );
  else if (arn.account !== aws.accountId && kmsKey === undefined)
    problems.refuse(
      'backup.kmsKey',
      undefined,
      'a key of yours with a copy in another account',
      'name one whose policy lets that account decrypt',
    );
}
