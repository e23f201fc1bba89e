import { parse } from '@cdktn/hcl2json';
import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { renderHcl } from '../../charts/app/hcl';

/** HCL's JSON form: normalised, and with what would be a template written twice. */
const asJson = (text: string) => text.normalize('NFC').replace(/([$%])(?=\{)/g, '$1$1');

describe('HCL text', () => {
  test('has attributes first, then blocks, each indented below its parent', () => {
    const body = {
      attributes: { a: 1, b: ['x', 'y'], c: { k: true } },
      blocks: [{ type: 'outer', labels: ['one'], body: { attributes: { d: 's' }, blocks: [{ type: 'inner', body: { attributes: {} } }] } }],
    };
    expect(renderHcl(body)).toBe('a = 1\nb = ["x", "y"]\nc = {\n  "k" = true\n}\n\nouter "one" {\n  d = "s"\n\n  inner {}\n}\n');
  });

  test('gives back any string: nothing in it can end it, add a key or start an interpolation', async () => {
    const nasty = [
      '"',
      '\\',
      '\n',
      '${',
      '%{',
      '$${',
      '"\nseal "transit" {}\n',
      '%{file("/etc/passwd")}',
      '\u0000',
      '\u2028',
      '#',
      '//',
      '/*',
      '<<EOF',
    ];
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.oneof(fc.constantFrom(...nasty), fc.string({ unit: 'grapheme' }))).map(parts => parts.join('')),
        async text => {
          expect(await parse('vault.hcl', renderHcl({ attributes: { key: text } }))).toEqual({ key: asJson(text) });
        },
      ),
      { numRuns: 200 },
    );
  });
});
