import { type Aws, AwsError } from '../../app/jobs/runtime/aws.mts';
import { anything, boolean, list, number, object, optional, record, type Shape, string } from '../../app/jobs/runtime/shape.mts';
import { NotYet, type Say, type Waiter } from '../../app/jobs/runtime/wait.mts';

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

/** A capacity that Application Auto Scaling keeps, and its policies. */
interface Scaling {
  readonly dimension: string;
  readonly min: number;
  readonly max: number;
  readonly policies: readonly { readonly name: string; readonly configuration: unknown }[];
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
  readonly alarms: readonly Readonly<Record<string, unknown>>[];
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
const targetsShape = object({
  ScalableTargets: list(object({ ScalableDimension: string, MinCapacity: number, MaxCapacity: number })),
});
const policiesShape = object({
  ScalingPolicies: list(object({ PolicyName: string, ScalableDimension: string, TargetTrackingScalingPolicyConfiguration: anything })),
});
const alarmsShape = object({ MetricAlarms: list(record(anything)), NextToken: optional(string) });

/** What PutMetricAlarm takes of what DescribeAlarms answers (CloudWatch API reference). */
const alarmFields = [
  ...['AlarmDescription', 'ActionsEnabled', 'OKActions', 'AlarmActions', 'InsufficientDataActions', 'MetricName', 'Namespace'],
  ...['Statistic', 'ExtendedStatistic', 'Dimensions', 'Period', 'Unit', 'EvaluationPeriods', 'DatapointsToAlarm', 'Threshold'],
  ...['ComparisonOperator', 'TreatMissingData', 'EvaluateLowSampleCountPercentile'],
];

interface Dimension {
  readonly Name: string;
  readonly Value: string;
}
const dimensions = (alarm: Readonly<Record<string, unknown>>): readonly Dimension[] =>
  (alarm['Dimensions'] as Dimension[] | undefined)?.slice() ?? [];

/** The settings of tables: read from one, and brought to another. */
export class TableSettings {
  readonly #aws: Aws;
  readonly #say: Say;

  constructor(aws: Aws, say: Say) {
    this.#aws = aws;
    this.#say = say;
  }

  /** Those of a table; undefined where it is gone. */
  async read(table: string): Promise<Settings | undefined> {
    const found = await this.#dynamodb('DescribeTable', { TableName: table }, tableShape).catch(absent('ResourceNotFoundException'));
    if (found === undefined) return undefined;
    const { TableArn: arn, ProvisionedThroughput: capacity, SSEDescription, BillingModeSummary, DeletionProtectionEnabled } = found.Table;
    const onDemand = BillingModeSummary?.BillingMode === 'PAY_PER_REQUEST';
    return {
      key: SSEDescription?.KMSMasterKeyArn,
      billing: onDemand ? 'PAY_PER_REQUEST' : 'PROVISIONED',
      capacity: onDemand || capacity === undefined ? undefined : { read: capacity.ReadCapacityUnits, write: capacity.WriteCapacityUnits },
      recoveryDays: await this.#recoveryDays(table),
      deletionProtection: DeletionProtectionEnabled ?? false,
      policy: await this.#policy(arn),
      tags: await this.#tags(arn),
      scaling: onDemand ? [] : await this.#scaling(table),
      alarms: await this.#alarms(table),
    };
  }

  /** Brings settings to a table that was restored from the one that had them; each may be brought again. */
  async bring(settings: Settings, from: string, to: string, toArn: string, waiter: Waiter): Promise<void> {
    const { billing, capacity, recoveryDays, deletionProtection, policy, tags, scaling, alarms } = settings;
    const step = async (what: string, action: () => Promise<unknown>): Promise<void> => {
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
      const read = await this.read(to);
      if (read === undefined) throw new NotYet('it is not there');
      return read;
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
    for (const target of scaling) await this.#bringScaling(target, from, to, step);
    for (const alarm of alarms) {
      const name = `${to}-${alarm['AlarmName']}`;
      const moved = dimensions(alarm).map(item => (item.Name === 'TableName' && item.Value === from ? { ...item, Value: to } : item));
      const fields = Object.fromEntries(alarmFields.flatMap(field => (alarm[field] === undefined ? [] : [[field, alarm[field]]])));
      await step(`alarm ${name}`, () =>
        this.#aws.call('monitoring', 'PutMetricAlarm', { ...fields, Dimensions: moved, AlarmName: name }, anything),
      );
    }
  }

  async #bringScaling(
    { dimension, min, max, policies }: Scaling,
    from: string,
    to: string,
    step: (what: string, action: () => Promise<unknown>) => Promise<void>,
  ): Promise<void> {
    const target = { ServiceNamespace: 'dynamodb', ResourceId: `table/${to}`, ScalableDimension: dimension };
    await step(`autoscaling of ${dimension}`, () =>
      this.#aws.call('application-autoscaling', 'RegisterScalableTarget', { ...target, MinCapacity: min, MaxCapacity: max }, anything),
    );
    for (const { name, configuration } of policies) {
      const policy = { ...target, PolicyName: name.replace(from, to), PolicyType: 'TargetTrackingScaling' };
      await step(`scaling policy ${policy.PolicyName}`, () =>
        this.#aws.call(
          'application-autoscaling',
          'PutScalingPolicy',
          { ...policy, TargetTrackingScalingPolicyConfiguration: configuration },
          anything,
        ),
      );
    }
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
    const tags: Tag[] = [];
    for (let token: string | undefined; ; ) {
      const page = { ResourceArn: arn, ...(token === undefined ? {} : { NextToken: token }) };
      const answer = await this.#dynamodb('ListTagsOfResource', page, tagsShape);
      tags.push(...(answer.Tags ?? []).filter(({ Key }) => !Key.startsWith('aws:')));
      token = answer.NextToken;
      if (token === undefined) return tags;
    }
  }

  async #scaling(table: string): Promise<readonly Scaling[]> {
    const of = { ServiceNamespace: 'dynamodb', ResourceId: `table/${table}` };
    const { ScalableTargets: targets } = await this.#aws.call(
      'application-autoscaling',
      'DescribeScalableTargets',
      { ServiceNamespace: of.ServiceNamespace, ResourceIds: [of.ResourceId] },
      targetsShape,
    );
    const { ScalingPolicies: policies } = await this.#aws.call('application-autoscaling', 'DescribeScalingPolicies', of, policiesShape);
    return targets.map(({ ScalableDimension: dimension, MinCapacity: min, MaxCapacity: max }) => ({
      dimension,
      min,
      max,
      policies: policies
        .filter(policy => policy.ScalableDimension === dimension)
        .map(({ PolicyName: name, TargetTrackingScalingPolicyConfiguration: configuration }) => ({ name, configuration })),
    }));
  }

  /** Alarms on the table but those of autoscaling, which makes its own. */
  async #alarms(table: string): Promise<Settings['alarms']> {
    const alarms: Readonly<Record<string, unknown>>[] = [];
    for (let token: string | undefined; ; ) {
      const page = { AlarmTypes: ['MetricAlarm'], ...(token === undefined ? {} : { NextToken: token }) };
      const answer = await this.#aws.call('monitoring', 'DescribeAlarms', page, alarmsShape);
      alarms.push(
        ...answer.MetricAlarms.filter(
          alarm =>
            !String(alarm['AlarmName']).startsWith('TargetTracking-') &&
            dimensions(alarm).some(({ Name, Value }) => Name === 'TableName' && Value === table),
        ),
      );
      token = answer.NextToken;
      if (token === undefined) return alarms;
    }
  }

  #dynamodb<T>(action: string, body: object, shape: Shape<T>): Promise<T> {
    return this.#aws.call('dynamodb', action, body, shape);
  }
}

/** For what need not be there: undefined where AWS says by this code that it is not. */
const absent =
  (code: string) =>
  (error: unknown): undefined => {
    if (error instanceof AwsError && error.code === code) return undefined;
    throw error;
  };
