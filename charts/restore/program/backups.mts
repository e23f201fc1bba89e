import { randomUUID } from 'node:crypto';
import { absent } from '../../app/jobs/runtime/absent.mts';
import { type Aws, AwsError } from '../../app/jobs/runtime/aws.mts';
import { anything, list, number, object, optional, record, string } from '../../app/jobs/runtime/shape.mts';
import { NotYet, type Say, type Waiter } from '../../app/jobs/runtime/wait.mts';
import type { SourcePlan } from '../plan.ts';
import { allPages } from './pages.mts';
import type { Encryption } from './settings.mts';

/** A backup of DynamoDB's, or a recovery point of AWS Backup's, of a second. */
interface Backup {
  readonly kind: 'backup' | 'recovery-point';
  readonly arn: string;
  readonly at: number;
}

/** What a table is restored from: a backup, or the table as it was. */
export type Source = Backup | { readonly kind: 'time'; readonly at: number | 'now' };

const backupList = object({
  BackupSummaries: list(object({ BackupArn: string, BackupStatus: string, BackupCreationDateTime: number })),
  LastEvaluatedBackupArn: optional(string),
});
const pointList = object({
  RecoveryPoints: list(object({ RecoveryPointArn: string, Status: string, CreationDate: number })),
  NextToken: optional(string),
});
const described = object({
  BackupDescription: object({ BackupDetails: object({ BackupStatus: string, BackupCreationDateTime: number }) }),
});
const restoreJob = object({ Status: string, StatusMessage: optional(string) });
const tableState = object({ Table: object({ TableStatus: string }) });

const seconds = (time: number): string => new Date(time * 1000).toISOString().replace(/\.\d+/, '');

/** A source as people read it. */
export const describe = (source: Source): string =>
  source.kind === 'time' ? `the table as of ${source.at === 'now' ? 'now' : seconds(source.at)}` : `${source.arn} of ${seconds(source.at)}`;

/** The backups of one table, wherever they are. Nothing here can delete one. */
export class Backups {
  readonly #aws: Aws;
  readonly #plan: SourcePlan;
  readonly #say: Say;

  constructor(aws: Aws, plan: SourcePlan, say: Say) {
    this.#aws = aws;
    this.#plan = plan;
    this.#say = say;
  }

  /** The newest backup that is complete, of the table that is or was there. */
  async newest(waiter: Waiter): Promise<Backup> {
    const own = await waiter.until('the list of backups', () => this.#own());
    const points = await waiter.until('the list of recovery points', () => this.#recoveryPoints());
    const [newest] = [...own, ...points].sort((a, b) => b.at - a.at);
    if (newest === undefined) throw new Error(`there is no backup of table ${this.#plan.table} that is complete: nothing was restored`);
    this.#say(`${own.length} backups and ${points.length} recovery points of table ${this.#plan.table}; the newest is ${describe(newest)}`);
    return newest;
  }

  /** A backup by its ARN. */
  async named(arn: string, waiter: Waiter): Promise<Backup> {
    if (!arn.includes(':dynamodb:')) {
      const found = (await waiter.until('the list of recovery points', () => this.#recoveryPoints())).find(point => point.arn === arn);
      if (found === undefined) throw new Error(`${arn} is no recovery point of table ${this.#plan.table} that is complete`);
      return found;
    }
    const { BackupStatus: state, BackupCreationDateTime: at } = await waiter.until(`an answer about ${arn}`, async () => {
      try {
        return (await this.#aws.call('dynamodb', 'DescribeBackup', { BackupArn: arn }, described)).BackupDescription.BackupDetails;
      } catch (error) {
        if (error instanceof AwsError && error.code === 'BackupNotFoundException') throw new Error(`there is no backup ${arn}`);
        throw error;
      }
    });
    if (state !== 'AVAILABLE') throw new Error(`backup ${arn} is ${state}: nothing was restored`);
    return { kind: 'backup', arn, at };
  }

  /** Orders the restore of a source into a table that is not there yet, and waits until it is whole. */
  async restore(source: Source, into: string, encryption: Encryption, waiter: Waiter, patient: Waiter): Promise<void> {
    // an order that is sent again for want of an answer is the same; one of another run is not (AWS Backup API reference, "StartRestoreJob")
    const token = randomUUID();
    const job = await waiter.until('AWS to take the order for the restore', () => this.#order(source, into, encryption, token));
    this.#say(`ordered: table ${into} from ${describe(source)}`);
    if (job !== undefined) await patient.until(`restore job ${job}`, () => this.#jobDone(job));
    await this.finished(into, patient);
  }

  /** Waits until a table that was ordered is whole. */
  async finished(into: string, patient: Waiter): Promise<void> {
    await patient.until(`table ${into} to be restored`, async () => {
      const state = (await this.state(into)) ?? 'not there';
      if (state !== 'ACTIVE') throw new NotYet(`it is ${state}`);
    });
  }

  /** The state of a table; undefined where there is none. */
  async state(table: string): Promise<string | undefined> {
    const found = await this.#aws
      .call('dynamodb', 'DescribeTable', { TableName: table }, tableState)
      .catch(absent('ResourceNotFoundException'));
    return found?.Table.TableStatus;
  }

  async #own(): Promise<readonly Backup[]> {
    const all = await allPages(async (from: string | undefined) => {
      const page = { TableName: this.#plan.table, BackupType: 'ALL', ...(from === undefined ? {} : { ExclusiveStartBackupArn: from }) };
      const { BackupSummaries: items, LastEvaluatedBackupArn: next } = await this.#aws.call('dynamodb', 'ListBackups', page, backupList);
      return { items, next };
    });
    return all
      .filter(({ BackupStatus: state }) => state === 'AVAILABLE')
      .map(({ BackupArn: arn, BackupCreationDateTime: at }) => ({ kind: 'backup', arn, at }));
  }

  /** Those of AWS Backup that DynamoDB does not list (AWS Backup Developer Guide, "Advanced DynamoDB backup"). */
  async #recoveryPoints(): Promise<readonly Backup[]> {
    const { awsBackup, backupsOf } = this.#plan;
    if (awsBackup === undefined) return [];
    const all = await allPages(async (from: string | undefined) => {
      const query = new URLSearchParams({ resourceArn: backupsOf, ...(from === undefined ? {} : { nextToken: from }) });
      const path = `/backup-vaults/${awsBackup.vault}/recovery-points/?${query}`;
      const found = await this.#aws.rest('backup', 'GET', path, undefined, pointList).catch(absent('ResourceNotFoundException'));
      if (found === undefined) this.#say(`there is no backup vault ${awsBackup.vault}`);
      return { items: found?.RecoveryPoints ?? [], next: found?.NextToken };
    });
    return all
      .filter(({ RecoveryPointArn: arn, Status: state }) => state === 'COMPLETED' && !arn.includes(':dynamodb:'))
      .map(({ RecoveryPointArn: arn, CreationDate: at }) => ({ kind: 'recovery-point', arn, at }));
  }

  /** The id of AWS Backup's job, where it is one. */
  async #order(source: Source, into: string, { key, billing }: Encryption, token: string): Promise<string | undefined> {
    if (source.kind === 'recovery-point') return this.#orderFromAwsBackup(source.arn, into, key, token);
    const override = {
      TargetTableName: into,
      BillingModeOverride: billing,
      SSESpecificationOverride: key === undefined ? { Enabled: false } : { Enabled: true, SSEType: 'KMS', KMSMasterKeyId: key },
    };
    try {
      if (source.kind === 'backup')
        await this.#aws.call('dynamodb', 'RestoreTableFromBackup', { ...override, BackupArn: source.arn }, anything);
      else {
        const at = source.at === 'now' ? { UseLatestRestorableTime: true } : { RestoreDateTime: source.at };
        await this.#aws.call('dynamodb', 'RestoreTableToPointInTime', { ...override, ...at, SourceTableName: this.#plan.table }, anything);
      }
    } catch (error) {
      const { code, message } = error as AwsError;
      // what no second try changes (DynamoDB API reference, "RestoreTableToPointInTime")
      if (['InvalidRestoreTimeException', 'PointInTimeRecoveryUnavailableException', 'TableNotFoundException'].includes(code))
        throw new Error(message);
      throw error;
    }
    return undefined;
  }

  async #orderFromAwsBackup(arn: string, into: string, key: string | undefined, token: string): Promise<string> {
    const { awsBackup } = this.#plan;
    if (awsBackup === undefined) throw new Error('no backup vault is known');
    const path = `/backup-vaults/${awsBackup.vault}/recovery-points/${encodeURIComponent(arn)}/restore-metadata`;
    const { RestoreMetadata: before } = await this.#aws.rest('backup', 'GET', path, undefined, object({ RestoreMetadata: record(string) }));
    const body = {
      RecoveryPointArn: arn,
      IamRoleArn: awsBackup.role,
      IdempotencyToken: token,
      Metadata: {
        ...before,
        targetTableName: into,
        ...(key === undefined ? {} : { encryptionType: 'KMS', kmsMasterKeyArn: key }),
      },
    };
    return (await this.#aws.rest('backup', 'PUT', '/restore-jobs', body, object({ RestoreJobId: string }))).RestoreJobId;
  }

  async #jobDone(job: string): Promise<void> {
    const { Status: state, StatusMessage: why } = await this.#aws.rest('backup', 'GET', `/restore-jobs/${job}`, undefined, restoreJob);
    // AWS Backup API reference, "DescribeRestoreJob": these do not change any more
    if (['ABORTED', 'FAILED'].includes(state)) throw new Error(`restore job ${job} is ${state}: ${why ?? 'no reason given'}`);
    if (state !== 'COMPLETED') throw new NotYet(`it is ${state}`);
  }
}
