import { expect, test } from '@jest/globals';
import { type EveryChart, everyChart, outcome } from './support/every-chart';
import { minimal } from './support/render';

const isGroup = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && Object.getPrototypeOf(value) === Object.prototype;

/** The path of every prop, in groups too. */
const paths = (value: object): string[][] =>
  Object.entries(value).flatMap(([key, item]) => [[key], ...(isGroup(item) ? paths(item).map(path => [key, ...path]) : [])]);

/** The same with the prop at a path left out, or undefined. */
function without(value: unknown, [key = '', ...rest]: readonly string[], how: 'left out' | 'undefined'): unknown {
  if (!isGroup(value)) return value;
  if (rest.length > 0) return { ...value, [key]: without(value[key], rest, how) };
  const { [key]: _, ...others } = value;
  return how === 'undefined' ? { ...others, [key]: undefined } : others;
}

/** An unset variable here would bring keys out in clear, or lock people out: it is refused rather than taken for a default. */
const refused = ['init.pgpKeys', 'init.admin.iamPrincipals'];
/** Maps of the user's own keys, whose values are no props; and groups that no chart does without, which always compile. */
const skipped =
  /^vault\.(podLabels|podAnnotations|placement\.nodeSelector|config\.extra|listener\.customResponseHeaders|serviceAccount\.(labels|annotations)|services\.\w+\.(labels|annotations))\.|^aws\.tags\.|^vault\.(aws|storage|seal|tls|tls\.certManager|tls\.certManager\.issuer|resources\.(requests|limits))$|^init\.(custody|resources\.(requests|limits))/;

const props = paths(everyChart)
  .filter(path => path.length > 1)
  .filter(path => !skipped.test(path.join('.')));

/** A prop changes its own chart and what stands on it, which is little. */
const concerned = ([chart]: readonly string[]): EveryChart =>
  chart === 'vault' ? { vault: everyChart.vault } : { vault: minimal, [chart ?? '']: everyChart[chart as 'init' | 'aws'] };

test('there are props of every chart', () => {
  for (const chart of ['vault', 'init', 'aws']) expect(props.filter(([first]) => first === chart).length).toBeGreaterThan(8);
  const made = outcome(everyChart);
  expect(made instanceof Map ? [] : made).toEqual([]);
});

test.each(props.map(path => [path.join('.'), path] as const))('%s: undefined is as good as left out', (name, path) => {
  const charts = concerned(path);
  const undefinedOutcome = outcome(without(charts, path, 'undefined') as EveryChart);
  if (refused.includes(name))
    expect(undefinedOutcome).toContainEqual(expect.stringContaining(`[init] ${name.replace('init.', '')}: got nothing;`));
  else expect(undefinedOutcome).toEqual(outcome(without(charts, path, 'left out') as EveryChart));
});
