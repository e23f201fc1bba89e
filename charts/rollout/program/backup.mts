import type { Aws } from '../../app/jobs/runtime/aws.mts';
import type { Lease } from '../../app/jobs/runtime/lease.mts';
import { object, optional, parse, string } from '../../app/jobs/runtime/shape.mts';
import { NotYet, type Say, type Waiter } from '../../app/jobs/runtime/wait.mts';
import type { BackupPlan } from '../plan.ts';

const key = 'cdk8s-vault/rollout-backup';
const record = object({ revision: string, backup: string, at: string });

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

  /** Returns once a backup for the way to this revision is complete. */
  async make(revision: string, waiter: Waiter): Promise<void> {
    const plan = this.#plan;
    if (plan.kind === 'none') return this.#say('no backup: the chart was told so');
    const backup = this.#earlier(revision) ?? (await this.#order(revision, waiter));
    await waiter.until(`backup ${backup} to be complete`, () => this.#complete(backup));
    this.#say(`backup ${backup} is complete`);
  }

  /** What an earlier run of this rollout ordered. */
  #earlier(revision: string): string | undefined {
    const text = this.#lease.annotation(key);
    if (text === undefined) return undefined;
    const found = parse(text, record, `the annotation ${key} of the Lease`);
    if (found.revision !== revision || Date.now() - Date.parse(found.at) >= goodFor) return undefined;
    this.#say(`an earlier run of this rollout ordered backup ${found.backup} at ${found.at}`);
    return found.backup;
  }

  async #order(revision: string, waiter: Waiter): Promise<string> {
    const backup = await waiter.until('AWS to take the order for a backup', () => this.#start());
    await this.#lease.annotate(key, JSON.stringify({ revision, backup, at: new Date().toISOString() }));
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

  async #complete(backup: string): Promise<void> {
    if (this.#plan.kind === 'dynamodb') {
      const { BackupDescription } = await this.#aws.call('dynamodb', 'DescribeBackup', { BackupArn: backup }, described);
      const state = BackupDescription.BackupDetails.BackupStatus;
      if (state !== 'AVAILABLE') throw new NotYet(`it is ${state}`);
      return;
    }
    const { State: state, StatusMessage: why } = await this.#aws.rest(
      'backup',
      'GET',
      `/backup-jobs/${encodeURIComponent(backup)}`,
      undefined,
      job,
    );
    // AWS Backup API reference, "DescribeBackupJob": these do not change any more
    if (['ABORTED', 'FAILED', 'EXPIRED', 'PARTIAL'].includes(state))
      throw new Error(`backup ${backup} is ${state}: ${why ?? 'no reason given'}`);
    if (state !== 'COMPLETED') throw new NotYet(`it is ${state}`);
  }
}
