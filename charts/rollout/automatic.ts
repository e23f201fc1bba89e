import { type JobSchedule, timesOf } from '../app/jobs/script-job';
import { type Checks, integer } from '../app/validation/check';
import { cronCheck, timeZoneCheck } from '../app/validation/durations';
import type { Part } from '../app/validation/part';
import type { Problems } from '../app/validation/problems';

/** When a rollout starts by itself where pods are out of date. */
export interface AutomaticProps {
  /** The beginning of the maintenance window, as a CronJob has it, such as "0 3 * * 6". */
  readonly cron: string;
  /**
   * The time zone of that time, such as "Europe/Berlin".
   * @default that of the cluster's controller manager, mostly UTC
   */
  readonly timeZone?: string;
  /**
   * Minutes that the window lasts: no server is replaced after it, and those that are left wait for the next.
   * @default 120
   */
  readonly minutes?: number;
}

const checks: Checks<AutomaticProps> = { cron: cronCheck, timeZone: timeZoneCheck, minutes: integer(5, 1440) };

/** Whether a rollout starts by itself. */
export class Automatic implements Part {
  constructor(private readonly props: AutomaticProps | undefined) {}

  validate(problems: Problems): void {
    if (!problems.isGroup('automatic', this.props)) return;
    problems.require('automatic.cron', this.props.cron, checks.cron);
    problems.checkAll('automatic', this.props, checks);
  }

  /** Minutes after which no server is replaced any more; undefined where a person is there. */
  get minutes(): number | undefined {
    return this.props === undefined ? undefined : (this.props.minutes ?? 120);
  }

  /** A start that is missed, as while the CronJob was suspended, is made up for within its window alone. */
  get schedule(): Pick<JobSchedule, 'times' | 'startingDeadlineSeconds'> {
    return { times: timesOf(this.props), ...(this.minutes === undefined ? {} : { startingDeadlineSeconds: this.minutes * 60 }) };
  }
}
