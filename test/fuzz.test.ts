import { parse } from '@cdktf/hcl2json';
import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { AwsResources, KustomizeApp, SynthError, VaultServer, type VaultServerProps } from '../charts';
import { allProps } from './server/all-props';
import { danglingReferences, schemaErrors } from './support/cluster-rules';
import { minimal, objectsOf } from './support/render';

const words = fc.constantFrom(
  '',
  'a',
  'A',
  '-',
  'vault',
  'a.b',
  'x'.repeat(300),
  '"',
  '%{x}',
  '\n',
  'a: b',
  '0',
  'null',
  'alias/x',
  '10.0.0.0/8',
  '1h',
  '1Gi',
  'arn:aws:iam::1:role/x',
  '../x',
  'é',
);
const text = fc.oneof({ weight: 3, arbitrary: words }, { weight: 1, arbitrary: fc.string({ maxLength: 20 }) });
const number = fc.constantFrom(-1, 0, 1, 2, 3, 1.5, 80, 1023, 8200, 8201, 65535, 65536, 1e9);

/** The same shape with some of its values replaced: strings by strings, numbers by numbers, booleans by booleans, lists by shorter ones. */
function altered(value: unknown): fc.Arbitrary<unknown> {
  const same = fc.constant(value);
  const keep = (other: fc.Arbitrary<unknown>) => fc.oneof({ weight: 12, arbitrary: same }, { weight: 1, arbitrary: other });
  if (typeof value === 'string') return keep(text);
  if (typeof value === 'number') return keep(number);
  if (typeof value === 'boolean') return keep(fc.boolean());
  if (Array.isArray(value)) return keep(fc.tuple(...value.map(altered)).chain(items => fc.subarray(items)));
  if (value !== null && typeof value === 'object' && Object.getPrototypeOf(value) === Object.prototype) {
    return fc.record(Object.fromEntries(Object.entries(value).map(([key, item]) => [key, altered(item)])));
  }
  return same;
}

const { namespace: _n, aws: _a, storage: _s, seal: _k, tls: _t, ...optional } = allProps;
const required = { ...minimal };

const props = fc.tuple(altered(required), altered(optional), fc.subarray(Object.keys(optional))).map(
  ([must, may, keys]) =>
    ({
      ...(must as object),
      ...Object.fromEntries(keys.map(key => [key, (may as Record<string, unknown>)[key]])),
    }) as unknown as VaultServerProps,
);

test('any props give either manifests that a cluster takes, or an error that says what to write', async () => {
  const seen = { rendered: 0, refused: 0 };
  await fc.assert(
    fc.asyncProperty(props, async candidate => {
      const app = new KustomizeApp();
      let files: ReadonlyMap<string, string>;
      try {
        new AwsResources(app, 'aws', { oidcProvider: 'oidc.eks.eu-west-1.amazonaws.com/id/EXAMPLE' });
        new VaultServer(app, 'vault', candidate);
        files = app.render();
      } catch (error) {
        expect(error).toBeInstanceOf(SynthError);
        const [, ...lines] = (error as Error).message.split('\n');
        for (const line of lines) expect(line).toMatch(/^ {2}\[(vault|aws)[^\]]*\] .+: got .*; allowed: .+; .+$/);
        seen.refused += 1;
        return;
      }
      const objects = Object.values(objectsOf(files));
      expect(objects.flatMap(schemaErrors)).toEqual([]);
      // a user's volume that nobody mounts is idle, not wrong
      expect(danglingReferences(objects).filter(problem => !problem.endsWith('nobody mounts volume plugins'))).toEqual([]);
      const config = objects.find(object => object.data?.['vault.hcl'] !== undefined).data['vault.hcl'];
      expect(Object.keys((await parse('vault.hcl', config)) as object)).toContain('storage');
      seen.rendered += 1;
    }),
    { numRuns: 400 },
  );
  // both outcomes are exercised
  expect(seen.rendered).toBeGreaterThan(20);
  expect(seen.refused).toBeGreaterThan(20);
}, 50_000);
