import type { Check } from '../app/checks';

/** A group of props, for callers without types. */
export const group: Check<object> = {
  ok: value => typeof value === 'object' && value !== null && !Array.isArray(value),
  allowed: 'an object of props',
  fix: 'leave it out for the default',
};
