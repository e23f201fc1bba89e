import { absent } from '../../app/jobs/runtime/absent.mts';
import type { Aws } from '../../app/jobs/runtime/aws.mts';
import type { Lease } from '../../app/jobs/runtime/lease.mts';
import { object, optional, parse, string } from '../../app/jobs/runtime/shape.mts';
import { NotYet, type Say, type Waiter } from '../../app/jobs/runtime/wait.mts';
import type { BackupPlan } from '../plan.ts';

const key = 'cdk8s-vault/rollout-backup';
const record = object({ revision: string, kind: optional(string), backup: string, at: string });

const created = object({ BackupDetails: object({ BackupArn: string }) });
const described = object({ BackupDescription: object({ BackupDetails: object({ BackupStatus: string }) }) });
const started = object({ BackupJobId: string });
const job = object({ State: string, StatusMessage: optional(string) });

/** Milliseconds for which a backup of the same rollout is good: a run that was stopped goes on with it. */
const goodFor = 3600_000;

/** A backup of the table, made before the first server is replaced. Nothing here can delete one. */
export class Backup {
  readonly #aws: Aws;
  readonly #plan: BackupPlan;
  readonly #lease: Lease;
  readonly #say: Say;

  constructor(aws: Aws, plan: BackupPlan, lease: Lease, say: Say) {
    this.#aws = aws;
    this.#plan = plan;
    this.#lease = lease;
    this.#say = say;
  }

  /** An overlay may have given the servers another table than the one that this is a backup of. */
  assertOf(table: string | undefined): void {
    const plan = this.#plan;
    if (plan.kind === 'none' || table === undefined) return;
    const own = plan.kind === 'dynamodb' ? plan.table : plan.tableArn.replace(/^.*:table\//, '');
    if (table !== own)
      throw new Error(
        `the servers use table ${table}, and the backup would be of ${own}: nothing was changed. Write storage.table in main.ts, or back ${table} up and set BACKUP=false`,
      );
  }

  /** Returns once a backup for the way to this revision is complete. */
  async make(revision: string, waiter: Waiter): Promise<void> {
    if (this.#plan.kind === 'none') return this.#say('no backup: the chart was told so');
    const earlier = this.#earlier(revision);
    if (earlier !== undefined) {
      const failure = await this.#ended(earlier, waiter);
      if (failure === undefined) return;
      this.#say(`${failure}: another one is ordered`);
    }
    const failure = await this.#ended(await this.#order(revision, waiter), waiter);
    if (failure !== undefined) throw new Error(failure);
  }

  /** Waits until a backup is complete, or will never be: then it says why. */
  async #ended(backup: string, waiter: Waiter): Promise<string | undefined> {
    const failure = await waiter.until(`backup ${backup} to be complete`, () => this.#failure(backup));
    if (failure === undefined) this.#say(`backup ${backup} is complete`);
    return failure;
  }

  /** What an earlier run of this rollout ordered. */
  #earlier(revision: string): string | undefined {
    const text = this.#lease.annotation(key);
    if (text === undefined) return undefined;
    const found = parse(text, record, `the annotation ${key} of the Lease`);
    if (found.revision !== revision || found.kind !== this.#plan.kind || Date.now() - Date.parse(found.at) >= goodFor) return undefined;
    this.#say(`an earlier run of this rollout ordered backup ${found.backup} at ${found.at}`);
    return found.backup;
  }

  async #order(revision: string, waiter: Waiter): Promise<string> {
    const backup = await waiter.until('AWS to take the order for a backup', () => this.#start());
    const noted = JSON.stringify({ revision, kind: this.#plan.kind, backup, at: new Date().toISOString() });
    await waiter.until('the Lease to note the backup', () => this.#lease.annotate(key, noted));
    return backup;
  }

  async #start(): Promise<string> {
    const plan = this.#plan;
    if (plan.kind === 'dynamodb') {
      const name = `${plan.table}-rollout-${new Date().toISOString().replace(/[-:]|\.\d+/g, '')}`;
      const body = { TableName: plan.table, BackupName: name };
      return (await this.#aws.call('dynamodb', 'CreateBackup', body, created)).BackupDetails.BackupArn;
    }
    if (plan.kind !== 'aws-backup') throw new Error('no backup is planned');
    const body = { BackupVaultName: plan.backupVault, ResourceArn: plan.tableArn, IamRoleArn: plan.role };
    return (await this.#aws.rest('backup', 'PUT', '/backup-jobs', body, started)).BackupJobId;
  }

  async #failure(backup: string): Promise<string | undefined> {
    if (this.#plan.kind === 'dynamodb') {
      const found = await this.#aws
        .call('dynamodb', 'DescribeBackup', { BackupArn: backup }, described)
        .catch(absent('BackupNotFoundException'));
      const state = found?.BackupDescription.BackupDetails.BackupStatus ?? 'DELETED';
      if (state === 'DELETED') return `backup ${backup} is gone`;
      if (state !== 'AVAILABLE') throw new NotYet(`it is ${state}`);
      return undefined;
    }
    const { State: state, StatusMessage: why } = await this.#aws.rest(
      'backup',
      'GET',
      `/backup-jobs/${encodeURIComponent(backup)}`,
      undefined,
      job,
    );
    // AWS Backup API reference, "DescribeBackupJob": these do not change any more
    if (['ABORTED', 'FAILED', 'EXPIRED', 'PARTIAL'].includes(state)) return `backup ${backup} is ${state}: ${why ?? 'no reason given'}`;
    if (state !== 'COMPLETED') throw new NotYet(`it is ${state}`);
    return undefined;
  }
}
