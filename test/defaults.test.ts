import { expect, test } from '@jest/globals';
import { allProps } from './server/all-props';
import { declarations, type Member } from './support/declarations';
import { concerned, type EveryChart, everyChart, outcome } from './support/every-chart';
import { propPaths, without } from './support/prop-paths';

/** The props of each chart that `everyChart` gives. */
const chartProps: Readonly<Record<keyof EveryChart, string>> = {
  vault: 'VaultServerProps',
  init: 'RevokedRootProps',
  configuration: 'VaultConfigurationProps',
  rollout: 'VaultRolloutProps',
  lockWatch: 'VaultLockWatchProps',
  restore: 'VaultRestoreProps',
  drill: 'VaultRestoreDrillProps',
  aws: 'AwsResourcesProps',
};

/** Whether the keys of a group are names that the user chose. */
const isRecord = (type: string): boolean => /^Readonly<Record<string, /.test(type);

/** The interfaces that a type names, those behind aliases too. */
const interfacesOf = (type: string): readonly string[] =>
  [...type.matchAll(/\b[A-Z]\w+/g)].flatMap(([name]) => {
    const found = declarations.get(name);
    if (found === undefined || found.mentions.has(name)) return [];
    return found.alias === '' ? [name] : interfacesOf(found.alias);
  });

/** The members of every interface that a type names, those of its bases too. */
const membersOf = (type: string): readonly Member[] =>
  interfacesOf(type).flatMap(name => {
    const { members = [], bases = [] } = declarations.get(name) ?? {};
    return [...members, ...bases.flatMap(membersOf)];
  });

/** The documented default of the prop at a path. */
function documentedDefault([chart = '', ...names]: readonly string[]): string | undefined {
  let type = chartProps[chart as keyof EveryChart];
  let member: Member | undefined;
  for (const name of names) {
    if (isRecord(type)) {
      type = type.replace(/^Readonly<Record<string, (.*)>>$/, '$1');
      continue;
    }
    member = membersOf(type).find(other => other.name === name);
    if (member === undefined) return undefined;
    type = member.type;
  }
  return member?.defaultValue;
}

/** Defaults that are a value, less those of Vault and Kubernetes, which the YAML does not name. */
const literals = propPaths(everyChart).flatMap(path => {
  const text = documentedDefault(path) ?? '';
  return /^("[^"<]*"|-?\d+|true|false|\[.*\])$/.test(text) ? [[path.join('.'), text, path] as const] : [];
});

/** The props of each group that some value of it has, and those that none has; of several kinds of one group, the kind that fits best. */
function coverage(type: string, value: unknown, seen: Map<string, boolean>): void {
  if (typeof value !== 'object' || value === null) return;
  const kinds = interfacesOf(type);
  if (isRecord(type)) {
    for (const item of Object.values(value)) coverage(type.replace(/^Readonly<Record<string, (.*)>>$/, '$1'), item, seen);
    return;
  }
  for (const item of [value].flat() as readonly Readonly<Record<string, unknown>>[]) {
    if (typeof item !== 'object') continue;
    const lacking = (kind: string) => membersOf(kind).filter(({ name }) => !(name in item)).length;
    const [best] = kinds.filter(kind => membersOf(kind).length > 0).sort((a, b) => lacking(a) - lacking(b));
    for (const { name, type: inner } of membersOf(best ?? '')) {
      seen.set(`${best}.${name}`, name in item || (seen.get(`${best}.${name}`) ?? false));
      if (name in item) coverage(inner, item[name], seen);
    }
  }
}

test.each(
  Object.entries(chartProps).map(([chart, type]) => {
    // the table and the key of a Vault with all props are none that AwsResources makes
    const props = chart === 'vault' ? allProps : everyChart[chart as keyof EveryChart];
    // the Vault itself is put in where charts are made
    return [type, ['vault', 'aws'].includes(chart) ? props : { vault: 'a Vault', ...props }] as const;
  }),
)('every prop in every group of %s has a value in its test of all props', (type, props) => {
  const seen = new Map<string, boolean>();
  coverage(type, props, seen);
  expect(seen.size).toBeGreaterThan(10);
  expect([...seen].filter(([, given]) => !given).map(([name]) => name)).toEqual([]);
});

test('there are documented defaults of every chart', () => {
  expect(Object.keys(chartProps).filter(chart => !literals.some(([name]) => name.startsWith(`${chart}.`)))).toEqual([]);
});

test.each(literals)('%s: %s is what leaving it out means', (_, text, path) => {
  const charts = concerned(path[0]);
  expect(outcome(without(charts, path, { value: JSON.parse(text) }))).toEqual(outcome(without(charts, path)));
});
