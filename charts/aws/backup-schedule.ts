import { type Checks, integer, listOf, oneOf } from '../app/validation/check';
import type { Problems } from '../app/validation/problems';
import type { BackupScheduleProps } from './aws-resources-props';

const checks: Checks<BackupScheduleProps> = {
  hour: integer(0, 23, 'write an hour of UTC, such as 5'),
  minute: integer(0, 59, 'write a minute, such as 30'),
  weekdays: listOf(oneOf('MON', 'TUE', 'WED', 'THU', 'FRI', 'SAT', 'SUN')),
  dayOfMonth: integer(1, 28, 'write a day that every month has, such as 1'),
};

export function checkSchedule(problems: Problems, props: BackupScheduleProps): void {
  problems.checkAll('backup.schedule', props, checks);
  const { weekdays, dayOfMonth } = props;
  if (weekdays !== undefined && dayOfMonth !== undefined)
    problems.refuse('backup.schedule.weekdays', weekdays, 'nothing beside dayOfMonth', 'leave one of the two out');
}

/** EventBridge User Guide, "Cron expressions": minutes, hours, day of month, month, day of week, year; one of the days is "?". */
export const cron = ({ hour = 5, minute = 0, weekdays, dayOfMonth }: BackupScheduleProps): string =>
  `cron(${minute} ${hour} ${weekdays === undefined ? (dayOfMonth ?? '*') : '?'} * ${weekdays?.join(',') ?? '?'} *)`;
