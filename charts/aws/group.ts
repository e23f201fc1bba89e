import type { Check } from '../app/checks';
import type { Problems } from '../app/problems';

/** A group of props, for callers without types. */
export const group: Check<object> = {
  ok: value => typeof value === 'object' && value !== null && !Array.isArray(value),
  allowed: 'an object of props',
  fix: 'leave it out for the default',
};

/** A value that is undefined behind a `!`, such as an unset environment variable, is no wish for the default. */
export function refuseUndefined(problems: Problems, props: object, prefix = ''): void {
  for (const [key, value] of Object.entries(props))
    if (value === undefined)
      problems.refuse(`${prefix}${key}`, value, 'a value', 'leave the prop out for its default, or see why it is not set');
    else if (group.ok(value)) refuseUndefined(problems, value, `${prefix}${key}.`);
}
