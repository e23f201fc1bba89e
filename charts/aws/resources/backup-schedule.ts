import { type Checks, integer, listOf, oneOf } from '../../app/validation/check';
import type { Problems } from '../../app/validation/problems';

/** The time of day. */
export interface CommonScheduleProps {
  /**
   * The hour in UTC, 0 to 23.
   * @default 5
   */
  readonly hour?: number;
  /**
   * The minute, 0 to 59.
   * @default 0
   */
  readonly minute?: number;
}

/** On some days of the week, or on every day. */
export interface WeeklyScheduleProps extends CommonScheduleProps {
  /**
   * The days of the week.
   * @default every day
   */
  readonly weekdays?: readonly Weekday[];
  readonly dayOfMonth?: never;
}

/** Once a month. */
export interface MonthlyScheduleProps extends CommonScheduleProps {
  /** The day of the month, 1 to 28: not every month has a later one. */
  readonly dayOfMonth: number;
  readonly weekdays?: never;
}

/** When backups begin: on days of the week, or once a month. */
export type BackupScheduleProps = WeeklyScheduleProps | MonthlyScheduleProps;

/** A day of the week, as cron expressions of EventBridge name it. */
export type Weekday = 'MON' | 'TUE' | 'WED' | 'THU' | 'FRI' | 'SAT' | 'SUN';

const defaultHour = 5;
const defaultMinute = 0;

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
export const cron = ({ hour = defaultHour, minute = defaultMinute, weekdays, dayOfMonth }: BackupScheduleProps): string =>
  `cron(${minute} ${hour} ${weekdays === undefined ? (dayOfMonth ?? '*') : '?'} * ${weekdays?.join(',') ?? '?'} *)`;
