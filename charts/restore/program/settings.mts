import { absent } from '../../app/jobs/runtime/absent.mts';
import type { Aws } from '../../app/jobs/runtime/aws.mts';
import { anything, boolean, list, number, object, optional, type Shape, string } from '../../app/jobs/runtime/shape.mts';
import { NotYet, type Say, type Waiter } from '../../app/jobs/runtime/wait.mts';
import { type Alarm, Alarms } from './alarms.mts';
import { Autoscaling, type Scaling, type Step } from './autoscaling.mts';
import { allPages } from './pages.mts';

/** What a restore is ordered with. */
export interface Encryption {
  /** The ARN of the key that encrypts the table; undefined where AWS owns it. */
  readonly key: string | undefined;
  readonly billing: 'PAY_PER_REQUEST' | 'PROVISIONED';
}

interface Tag {
  readonly Key: string;
  readonly Value: string;
}

/** What a restored table lacks of the one that it comes from (DynamoDB Developer Guide, "Restoring a table from a backup"). */
export interface Settings extends Encryption {
  readonly capacity: { readonly read: number; readonly write: number } | undefined;
  /** Days of point-in-time recovery; undefined where it is off. */
  readonly recoveryDays: number | undefined;
  readonly deletionProtection: boolean;
  readonly policy: string | undefined;
  readonly tags: readonly Tag[];
  readonly scaling: readonly Scaling[];
  readonly alarms: readonly Alarm[];
}

/** Of a table that is gone nobody knows more: the safe values. */
export const safe: Settings = {
  key: undefined,
  billing: 'PAY_PER_REQUEST',
  capacity: undefined,
  recoveryDays: 35,
  deletionProtection: true,
  policy: undefined,
  tags: [],
  scaling: [],
  alarms: [],
};

const sse = optional(object({ KMSMasterKeyArn: optional(string) }));
const billingSummary = optional(object({ BillingMode: optional(string) }));
const throughput = optional(object({ ReadCapacityUnits: number, WriteCapacityUnits: number }));
const tableShape = object({
  Table: object({
    TableArn: string,
    BillingModeSummary: billingSummary,
    ProvisionedThroughput: throughput,
    SSEDescription: sse,
    DeletionProtectionEnabled: optional(boolean),
  }),
});
const recoveryShape = object({
  ContinuousBackupsDescription: object({
    PointInTimeRecoveryDescription: optional(object({ PointInTimeRecoveryStatus: string, RecoveryPeriodInDays: optional(number) })),
  }),
});
const tagsShape = object({ Tags: optional(list(object<Tag>({ Key: string, Value: string }))), NextToken: optional(string) });

/** The settings of tables: read from one, and brought to another. */
export class TableSettings {
  readonly #aws: Aws;
  readonly #say: Say;
  readonly #autoscaling: Autoscaling;
  readonly #alarms: Alarms;

  constructor(aws: Aws, say: Say) {
    this.#aws = aws;
    this.#say = say;
    this.#autoscaling = new Autoscaling(aws);
    this.#alarms = new Alarms(aws);
  }

  /** Those of a table; undefined where it is gone. */
  async read(table: string): Promise<Settings | undefined> {
    const own = await this.#own(table);
    if (own === undefined) return undefined;
    const { arn, ...settings } = own;
    return {
      ...settings,
      policy: await this.#policy(arn),
      tags: await this.#tags(arn),
      scaling: settings.billing === 'PAY_PER_REQUEST' ? [] : await this.#autoscaling.read(table),
      alarms: await this.#alarms.read(table),
    };
  }

  /** What DynamoDB itself says of a table; undefined where it is gone. */
  async #own(table: string) {
    const found = await this.#dynamodb('DescribeTable', { TableName: table }, tableShape).catch(absent('ResourceNotFoundException'));
    if (found === undefined) return undefined;
    const { TableArn: arn, ProvisionedThroughput: capacity, SSEDescription, BillingModeSummary, DeletionProtectionEnabled } = found.Table;
    const onDemand = BillingModeSummary?.BillingMode === 'PAY_PER_REQUEST';
    return {
      arn,
      key: SSEDescription?.KMSMasterKeyArn,
      billing: onDemand ? ('PAY_PER_REQUEST' as const) : ('PROVISIONED' as const),
      capacity: onDemand || capacity === undefined ? undefined : { read: capacity.ReadCapacityUnits, write: capacity.WriteCapacityUnits },
      recoveryDays: await this.#recoveryDays(table),
      deletionProtection: DeletionProtectionEnabled ?? false,
    };
  }

  /** Brings settings to a table that was restored from the one that had them; each may be brought again. */
  async bring(settings: Settings, from: string, to: string, toArn: string, waiter: Waiter): Promise<void> {
    const { billing, capacity, recoveryDays, deletionProtection, policy, tags, scaling, alarms } = settings;
    const step: Step = async (what, action) => {
      await waiter.until(`${what} of table ${to}`, action);
      this.#say(`table ${to}: ${what}`);
    };
    const update = (change: object): (() => Promise<unknown>) => {
      return async () => {
        const { Table } = await this.#dynamodb('DescribeTable', { TableName: to }, object({ Table: object({ TableStatus: string }) }));
        if (Table.TableStatus !== 'ACTIVE') throw new NotYet(`it is ${Table.TableStatus}`);
        await this.#dynamodb('UpdateTable', { TableName: to, ...change }, anything);
      };
    };
    const now = await waiter.until(`table ${to}`, async () => {
      const own = await this.#own(to);
      if (own === undefined) throw new NotYet('it is not there');
      return own;
    });
    if (now.billing !== billing || now.capacity?.read !== capacity?.read || now.capacity?.write !== capacity?.write) {
      const units = capacity && { ProvisionedThroughput: { ReadCapacityUnits: capacity.read, WriteCapacityUnits: capacity.write } };
      await step(`billing mode ${billing}`, update({ BillingMode: billing, ...units }));
    }
    if (deletionProtection && !now.deletionProtection) await step('deletion protection', update({ DeletionProtectionEnabled: true }));
    if (recoveryDays !== undefined && now.recoveryDays !== recoveryDays) {
      const PointInTimeRecoverySpecification = { PointInTimeRecoveryEnabled: true, RecoveryPeriodInDays: recoveryDays };
      await step(`point-in-time recovery of ${recoveryDays} days`, () =>
        this.#dynamodb('UpdateContinuousBackups', { TableName: to, PointInTimeRecoverySpecification }, anything),
      );
    }
    if (tags.length > 0)
      await step(`${tags.length} tags`, () => this.#dynamodb('TagResource', { ResourceArn: toArn, Tags: tags }, anything));
    if (policy !== undefined) {
      const text = policy.replaceAll(`:table/${from}"`, `:table/${to}"`).replaceAll(`:table/${from}/`, `:table/${to}/`);
      await step('resource policy', () => this.#dynamodb('PutResourcePolicy', { ResourceArn: toArn, Policy: text }, anything));
    }
    await this.#autoscaling.bring(scaling, from, to, step);
    await this.#alarms.bring(alarms, from, to, step);
  }

  async #recoveryDays(table: string): Promise<number | undefined> {
    const { ContinuousBackupsDescription: description } = await this.#dynamodb(
      'DescribeContinuousBackups',
      { TableName: table },
      recoveryShape,
    );
    const recovery = description.PointInTimeRecoveryDescription;
    return recovery?.PointInTimeRecoveryStatus === 'ENABLED' ? (recovery.RecoveryPeriodInDays ?? 35) : undefined;
  }

  async #policy(arn: string): Promise<string | undefined> {
    const found = await this.#dynamodb('GetResourcePolicy', { ResourceArn: arn }, object({ Policy: string })).catch(
      absent('PolicyNotFoundException'),
    );
    return found?.Policy;
  }

  /** All but those that AWS sets itself. */
  async #tags(arn: string): Promise<readonly Tag[]> {
    const tags = await allPages<Tag, string>(async from => {
      const page = { ResourceArn: arn, ...(from === undefined ? {} : { NextToken: from }) };
      const { Tags: items = [], NextToken: next } = await this.#dynamodb('ListTagsOfResource', page, tagsShape);
      return { items, next };
    });
    return tags.filter(({ Key }) => !Key.startsWith('aws:'));
  }

  #dynamodb<T>(action: string, body: object, shape: Shape<T>): Promise<T> {
    return this.#aws.call('dynamodb', action, body, shape);
  }
}
