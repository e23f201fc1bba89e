import { expect, test } from '@jest/globals';
import { Construct } from 'constructs';
import * as exported from '../charts';
import { chartClasses, concerned, everyChart, outcome } from './support/every-chart';
import { propPaths, without } from './support/prop-paths';

const isConstruct = (value: object): boolean => 'prototype' in value && value.prototype instanceof Construct;

/** An unset variable here would bring keys out in clear, or lock people out: it is refused rather than taken for a default. */
const refused = ['init.pgpKeys', 'init.admin.iamPrincipals'];
/** Maps of the user's own keys, whose values are no props; and groups that no chart does without, which always compile. */
const skipped =
  /^vault\.(podLabels|podAnnotations|placement\.nodeSelector|config\.extra|listener\.customResponseHeaders|serviceAccount\.(labels|annotations)|services\.\w+\.(labels|annotations))\.|^aws\.tags\.|^vault\.(aws|storage|seal|tls|tls\.certManager|tls\.certManager\.issuer|resources\.(requests|limits))$|^init\.(custody|resources\.(requests|limits))/;

const props = propPaths(everyChart)
  .filter(path => path.length > 1)
  .filter(path => !skipped.test(path.join('.')));

test('every chart that there is stands in test/support/every-chart.ts', () => {
  const apps = ['KustomizeApp', 'OutputFile'];
  const charts = Object.entries(exported).filter(([name, value]) => isConstruct(value) && !apps.includes(name));
  expect(charts.map(([name]) => name).sort()).toEqual(
    Object.values(chartClasses)
      .map(({ name }) => name)
      .sort(),
  );
});

test('there are props of every chart', () => {
  for (const chart of ['vault', 'init', 'configuration', 'rollout', 'aws'])
    expect(props.filter(([first]) => first === chart).length).toBeGreaterThan(8);
  const made = outcome(everyChart);
  expect(made instanceof Map ? [] : made).toEqual([]);
});

test.each(props.map(path => [path.join('.'), path] as const))('%s: undefined is as good as left out', (name, path) => {
  const charts = concerned(path[0]);
  const undefinedOutcome = outcome(without(charts, path, { value: undefined }));
  if (refused.includes(name))
    expect(undefinedOutcome).toContainEqual(expect.stringContaining(`[init] ${name.replace('init.', '')}: got nothing;`));
  else expect(undefinedOutcome).toEqual(outcome(without(charts, path)));
});

const valueAt = (path: readonly string[]): unknown =>
  path.reduce<unknown>((value, key) => (value as Record<string, unknown>)[key], everyChart);
const listsOfText = props.filter(path => {
  const value = valueAt(path);
  return Array.isArray(value) && value.every(item => typeof item === 'string');
});

test.each(listsOfText.map(path => [path.join('.'), path] as const))('%s: an unset variable in the list is refused', (_, path) => {
  const [chart, ...prop] = path;
  const refusal = expect.stringContaining(`[${chart}] ${prop.join('.')}`);
  expect(outcome(without(concerned(chart), path, { value: [undefined] }))).toContainEqual(refusal);
});
