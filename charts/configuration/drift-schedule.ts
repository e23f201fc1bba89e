import { type ScriptJob, timesOf } from '../app/jobs/script-job';
import { booleanCheck, type Checks } from '../app/validation/check';
import { cronCheck, timeZoneCheck } from '../app/validation/durations';
import type { Part } from '../app/validation/part';
import type { Problems } from '../app/validation/problems';

/** When the Job looks at the configuration again, and what it does about what somebody changed. */
export interface DriftScheduleProps {
  /** When, as a CronJob has it, such as "0 6 * * *". */
  readonly cron: string;
  /**
   * The time zone of those times, such as "Europe/Berlin".
   * @default that of the cluster's controller manager, mostly UTC
   */
  readonly timeZone?: string;
  /**
   * Whether what differs is brought back, or only reported: the CronJob's Job then fails, so that whoever watches Jobs sees it.
   * @default false
   */
  readonly repair?: boolean;
}

const checks: Checks<DriftScheduleProps> = {
  cron: cronCheck,
  timeZone: timeZoneCheck,
  repair: booleanCheck,
};

/** The same Job by a clock. */
export class DriftSchedule implements Part {
  constructor(private readonly props: DriftScheduleProps | undefined) {}

  validate(problems: Problems): void {
    if (!problems.isGroup('schedule', this.props)) return;
    problems.require('schedule.cron', this.props.cron, checks.cron);
    problems.checkAll('schedule', this.props, checks);
  }

  addTo(job: ScriptJob, name: string): void {
    if (this.props === undefined) return;
    const { repair = false } = this.props;
    job.addSchedule({
      name,
      times: timesOf(this.props),
      env: [{ name: 'MODE', value: repair ? 'apply' : 'report' }],
      // a report says the same again
      backoffLimit: repair ? 6 : 0,
    });
  }
}
