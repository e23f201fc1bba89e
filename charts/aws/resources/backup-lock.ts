import { type Checks, integer } from '../../app/validation/check';
import type { Problems } from '../../app/validation/problems';

/** How long the backup vault keeps what is in it, whatever a user asks for (AWS Backup Developer Guide, "AWS Backup Vault Lock"). */
export interface BackupLockProps {
  /** The fewest days that a backup may be kept. */
  readonly minRetentionDays: number;
  /**
   * The most days that a backup may be kept.
   * @default no limit
   */
  readonly maxRetentionDays?: number;
  /**
   * Days, 3 or more, after which nobody can take the lock away, AWS included, and the vault can never be deleted before its backups are over.
   * @default never, whoever may `backup:DeleteBackupVaultLockConfiguration` can take it away
   */
  readonly changeableForDays?: number;
}

const days = integer(1, 36500, 'write a number of days, such as 35');
const checks: Checks<BackupLockProps> = {
  minRetentionDays: days,
  maxRetentionDays: days,
  changeableForDays: integer(3, 36500, 'write a number of days, 3 or more'),
};

/** `retentionDays`: how long backups are kept. */
export function checkLock(problems: Problems, lock: BackupLockProps, retentionDays: number): void {
  problems.checkAll('backup.lock', lock, checks);
  const { minRetentionDays: min, maxRetentionDays: max } = lock;
  if (!problems.require('backup.lock.minRetentionDays', min, checks.minRetentionDays)) return;
  // AWS Backup fails every job whose retention is outside
  if (min > retentionDays || (max !== undefined && max < retentionDays))
    problems.refuse(
      'backup.lock',
      { minRetentionDays: min, ...(max === undefined ? {} : { maxRetentionDays: max }) },
      `days around retentionDays, which are ${retentionDays}`,
      'correct one of them: every backup would fail',
    );
}
