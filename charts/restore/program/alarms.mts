import type { Aws } from '../../app/jobs/runtime/aws.mts';
import { anything, list, object, optional, record, string } from '../../app/jobs/runtime/shape.mts';
import type { Step } from './autoscaling.mts';
import { allPages } from './pages.mts';

/** An alarm as DescribeAlarms answers it. */
export type Alarm = Readonly<Record<string, unknown>>;

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
const dimensions = (alarm: Alarm): readonly Dimension[] => (alarm['Dimensions'] as Dimension[] | undefined)?.slice() ?? [];

/** Alarms of CloudWatch on tables. */
export class Alarms {
  readonly #aws: Aws;

  constructor(aws: Aws) {
    this.#aws = aws;
  }

  /** Alarms on the table but those of autoscaling, which makes its own. */
  async read(table: string): Promise<readonly Alarm[]> {
    const alarms = await allPages<Alarm, string>(async from => {
      const page = { AlarmTypes: ['MetricAlarm'], ...(from === undefined ? {} : { NextToken: from }) };
      const { MetricAlarms: items, NextToken: next } = await this.#aws.call('monitoring', 'DescribeAlarms', page, alarmsShape);
      return { items, next };
    });
    return alarms.filter(
      alarm =>
        !String(alarm['AlarmName']).startsWith('TargetTracking-') &&
        dimensions(alarm).some(({ Name, Value }) => Name === 'TableName' && Value === table),
    );
  }

  /** Alarms of the other table's names, on this one. */
  async bring(alarms: readonly Alarm[], from: string, to: string, step: Step): Promise<void> {
    for (const alarm of alarms) {
      const name = `${to}-${alarm['AlarmName']}`;
      const moved = dimensions(alarm).map(item => (item.Name === 'TableName' && item.Value === from ? { ...item, Value: to } : item));
      const fields = Object.fromEntries(alarmFields.flatMap(field => (alarm[field] === undefined ? [] : [[field, alarm[field]]])));
      await step(`alarm ${name}`, () =>
        this.#aws.call('monitoring', 'PutMetricAlarm', { ...fields, Dimensions: moved, AlarmName: name }, anything),
      );
    }
  }
}
