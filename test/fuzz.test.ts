import { parse } from '@cdktn/hcl2json';
import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { danglingReferences, schemaErrors } from './support/cluster-rules';
import { chartClasses, concerned, type EveryChart, everyChart, outcome } from './support/every-chart';
import { isGroup } from './support/prop-paths';
import { objectsOf } from './support/render';

/** More than enough to find what a change breaks; FUZZ_RUNS raises it. */
const numRuns = Number(process.env['FUZZ_RUNS'] ?? 400);

const words = fc.constantFrom(
  ...[
    '',
    'a',
    'A',
    '-',
    'vault',
    'a.b',
    'a b',
    ' a',
    '0',
    'null',
    'true',
    '~',
    'é',
    '１',
    'x'.repeat(64),
    'x'.repeat(300),
    'x'.repeat(5000),
  ],
  ...['"', "'", '\\', '\n', '\r\n', '\t', '\u0000', '\u0085', '\u009b', '\u2028', '\ufeff', '\ud800', '\u202e'],
  // biome-ignore lint/suspicious/noTemplateCurlyInString: a template of Terraform
  ...['%{x}', '${x}', '{{x}}', '*', '&a', '!!js', '---', 'a: b', '- a', '# a', '<<', '$(HOME)'],
  ...['alias/x', 'alias/aws/x', '10.0.0.0/8', '::/0', '1h', '1Gi', '1e99', 'arn:aws:iam::1:role/x', 'arn:aws:kms:', '../x', '/', '/etc/x'],
  ...['https://x', 'http://x:99999', 'constructor', '__proto__', 'toString'],
);
const text = fc.oneof({ weight: 4, arbitrary: words }, { weight: 1, arbitrary: fc.string({ unit: 'binary', maxLength: 20 }) });
const number = fc.constantFrom(
  ...[-1, 0, 1, 2, 3, 1.5, 80, 1023, 8200, 8201, 65535, 65536, 1e9, 2 ** 31, 2 ** 40, Number.NaN, Number.POSITIVE_INFINITY],
);
const unset = fc.constant(undefined);

/** A value is left out, or one that nobody knows is added. Groups stay: without one that is required nothing compiles. */
const reshaped = (record: Record<string, unknown>): fc.Arbitrary<Record<string, unknown>> =>
  fc.oneof(
    { weight: 150, arbitrary: fc.constant(record) },
    {
      weight: 1,
      arbitrary: fc.tuple(text, text).map(([key, value]) => Object.defineProperty({ ...record }, key, { value, enumerable: true })),
    },
    {
      weight: 1,
      arbitrary: fc
        .constantFrom(...Object.keys(record), '')
        .map(name => Object.fromEntries(Object.entries(record).filter(([key, value]) => key !== name || isGroup(value)))),
    },
  );

/** The same shape with some of its values replaced: strings by strings, numbers by numbers, booleans by booleans, lists by shorter ones, each by undefined. */
function altered(value: unknown): fc.Arbitrary<unknown> {
  const same = fc.constant(value);
  const keep = (other: fc.Arbitrary<unknown>) =>
    fc.oneof({ weight: 600, arbitrary: same }, { weight: 6, arbitrary: other }, { weight: 1, arbitrary: unset });
  if (typeof value === 'string') return keep(text);
  if (typeof value === 'number') return keep(number);
  if (typeof value === 'boolean') return keep(fc.boolean());
  if (Array.isArray(value)) return fc.tuple(...value.map(altered)).chain(items => keep(fc.subarray(items)).map(list => list ?? items));
  if (isGroup(value))
    return fc
      .record(Object.fromEntries(Object.entries(value).map(([key, item]) => [key, altered(item)])), { noNullPrototype: true })
      .chain(reshaped);
  return same;
}

/** Groups without which no main.ts compiles; what is in them is altered all the same. */
const required: Readonly<Record<string, readonly string[]>> = {
  vault: ['namespace', 'aws', 'storage', 'seal', 'tls'],
  init: ['custody'],
  aws: ['oidcProvider'],
};

/** All props of a chart, altered; mostly a few of those that may be left out. */
const chart = (name: keyof EveryChart): fc.Arbitrary<object> => {
  const props = everyChart[name] as Record<string, unknown>;
  const optional = Object.keys(props).filter(key => !required[name]?.includes(key));
  const chosen = fc.oneof({ weight: 1, arbitrary: fc.constant(optional) }, { weight: 2, arbitrary: fc.subarray(optional) });
  return chosen.chain(keys =>
    fc.record(Object.fromEntries([...(required[name] ?? []), ...keys].map(key => [key, altered(props[key])])), { noNullPrototype: true }),
  );
};

/** Charts whose props are altered together; each of the others is altered beside a server that lets it. */
const together: readonly (keyof EveryChart)[] = ['vault', 'init', 'aws'];
const names = Object.keys(chartClasses) as (keyof EveryChart)[];
const alone = names.filter(name => !together.includes(name));

test.each([[together, numRuns] as const, ...alone.map(name => [[name], numRuns / 8] as const)])(
  'any props of %j give either manifests that a cluster takes, or an error that says what to write',
  async (altering, runs) => {
    const seen = { rendered: 0, refused: 0 };
    const problem = new RegExp(`^ {2}\\[(${altering.join('|')})[^\\]]*\\] (.+: got .*; allowed: .+|.+ is already taken by .+); .+$`);
    const charts = fc.record(Object.fromEntries(altering.map(name => [name, chart(name)])));
    await fc.assert(
      fc.asyncProperty(charts, async candidate => {
        const made = outcome({ ...concerned(altering[0]), ...candidate });
        if (!(made instanceof Map)) {
          for (const line of made as readonly string[]) expect(line).toMatch(problem);
          seen.refused += 1;
          return;
        }
        const objects = Object.values(objectsOf(made));
        expect(objects.flatMap(schemaErrors)).toEqual([]);
        // a user's volume that nobody mounts is idle, not wrong
        expect(danglingReferences(objects).filter(found => !found.endsWith('nobody mounts volume plugins'))).toEqual([]);
        const config = objects.find(object => object.data?.['vault.hcl'] !== undefined).data['vault.hcl'];
        expect(Object.keys((await parse('vault.hcl', config)) as object)).toContain('storage');
        seen.rendered += 1;
      }),
      { numRuns: runs },
    );
    // both outcomes are exercised, the second where so many are altered
    expect(seen.rendered).toBeGreaterThan(runs / 20);
    expect(seen.refused).toBeGreaterThan(altering.length > 1 ? runs / 20 : -1);
  },
  numRuns * 500,
);
