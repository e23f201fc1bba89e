import type { Pod } from './pod.mts';

/** The milliseconds of WAIT_SECONDS, which a person may set for one run. */
export function waitMilliseconds(pod: Pod): number {
  const given = pod.variable('WAIT_SECONDS');
  if (!(Number(given) > 0)) throw new Error(`WAIT_SECONDS is ${given}: write a number of seconds`);
  return Number(given) * 1000;
}
