import { matching } from './check';

/** Vault's durations (parseutil): a number of seconds, whole days, or whole hours, minutes and seconds. */
export const durationCheck = matching(
  /^(\d+d?|(?=\d)(\d+h)?(\d+m)?(\d+s)?)$/,
  'durations as Vault reads them',
  'write for example "30s", "15m", "768h" or "7d"',
);

/** Go's time.Duration, which cert-manager's fields take: no days. */
export const goDurationCheck = matching(/^(?=\d)(\d+h)?(\d+m)?(\d+s)?$/, 'hours, minutes and seconds', 'write for example "2160h"');

const unitSeconds: Readonly<Record<string, number>> = { s: 1, m: 60, h: 3600, d: 86400 };

/** The seconds of a duration. */
export const durationSeconds = (text: string): number =>
  /^\d+$/.test(text)
    ? Number(text)
    : [...text.matchAll(/(\d+)([smhd])/g)].reduce((sum, [, number, unit = '']) => sum + Number(number) * (unitSeconds[unit] ?? 0), 0);

/** Kubernetes documentation, "CronJob", "Schedule syntax". */
export const cronCheck = matching(
  /^(@(hourly|daily|weekly|monthly)|[\d*,/-]+( [\d*,/A-Za-z-]+){4})$/,
  'times of a CronJob: five fields',
  'write for example "0 6 * * *"',
);

export const timeZoneCheck = matching(
  /^[A-Za-z]+([/_+-]?\w+)*$/,
  'names of the IANA time zone database',
  'write for example "Europe/Berlin"',
);
