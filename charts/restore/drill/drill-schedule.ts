import { type JobSchedule, timesOf } from '../../app/jobs/script-job';
import type { Checks } from '../../app/validation/check';
import { cronCheck, timeZoneCheck } from '../../app/validation/durations';
import type { Part } from '../../app/validation/part';
import type { Problems } from '../../app/validation/problems';

/** When a drill runs by itself. */
export interface DrillScheduleProps {
  /** When, as a CronJob has it, such as "0 4 * * 0". */
  readonly cron: string;
  /**
   * The time zone of those times, such as "Europe/Berlin".
   * @default that of the cluster's controller manager, mostly UTC
   */
  readonly timeZone?: string;
}

const checks: Checks<DrillScheduleProps> = { cron: cronCheck, timeZone: timeZoneCheck };

/** When a drill runs. */
export class DrillSchedule implements Part {
  constructor(private readonly props: DrillScheduleProps | undefined) {}

  validate(problems: Problems): void {
    if (!problems.isGroup('schedule', this.props)) return;
    problems.require('schedule.cron', this.props.cron, checks.cron);
    problems.checkAll('schedule', this.props, checks);
  }

  get times(): JobSchedule['times'] {
    return timesOf(this.props);
  }
}
