import type { EveryChart } from './every-chart';

/** Whether a value is a group of props, and no list, class or word. */
export const isGroup = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && Object.getPrototypeOf(value) === Object.prototype;

/** The path of every prop, in groups too. */
export const propPaths = (value: object): string[][] =>
  Object.entries(value).flatMap(([key, item]) => [[key], ...(isGroup(item) ? propPaths(item).map(path => [key, ...path]) : [])]);

/** The same with the prop at a path left out, or with another value. */
export function without(charts: EveryChart, path: readonly string[], instead?: { readonly value: unknown }): EveryChart {
  return changed(charts, path, instead) as EveryChart;
}

function changed(group: unknown, [key = '', ...rest]: readonly string[], instead: { readonly value: unknown } | undefined): unknown {
  if (!isGroup(group)) return group;
  if (rest.length > 0) return { ...group, [key]: changed(group[key], rest, instead) };
  const { [key]: _, ...others } = group;
  return instead === undefined ? others : { ...others, [key]: instead.value };
}
