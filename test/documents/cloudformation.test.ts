import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, jest, test } from '@jest/globals';
import { awsFiles, everythingMade, variants } from '../aws/support';

jest.setTimeout(60_000);

const folder = mkdtempSync(join(tmpdir(), 'cdk8s-vault-cloudformation-'));
afterAll(() => rmSync(folder, { recursive: true }));

/** What cfn-lint finds in a template, warnings too: a line each. */
function findings(text: string, region: string): string[] {
  const file = join(folder, 'template.yaml');
  writeFileSync(file, text);
  const options = ['--format', 'parseable', '--regions', region, '--', file];
  const { status, stdout, stderr, error } = spawnSync(process.env['CFN_LINT'] ?? 'cfn-lint', options, { encoding: 'utf8' });
  if (error !== undefined) throw new Error(`these tests need cfn-lint, as CFN_LINT or in the path: ${error.message}`);
  if (status !== 0 && stdout === '') throw new Error(stderr);
  return stdout.split('\n').filter(line => line !== '');
}

test('the template of dist has no findings', () => {
  const text = readFileSync(join(__dirname, '..', '..', 'dist', 'aws', 'cloudformation.yaml'), 'utf8');
  expect(findings(text, 'ap-northeast-1')).toEqual([]);
});

const provider = (region: string, domain: string) => `oidc.eks.${region}.${domain}/id/0123456789ABCDEF0123456789ABCDEF`;

test.each([
  ...Object.keys(variants).map(name => ['eu-west-1', 'amazonaws.com', name] as const),
  ['cn-north-1', 'amazonaws.com.cn', 'everything made'],
  ['us-gov-west-1', 'amazonaws.com', 'everything made'],
] as const)('in %s (%s): %s', (region, domain, name) => {
  const made = name === 'everything made' ? everythingMade(region) : variants[name];
  const props = { ...made, oidcProvider: provider(region, domain) };
  const files = awsFiles(props, { aws: { accountId: '123456789012', region } });
  expect(findings(files.get('cloudformation.yaml') ?? '', region)).toEqual([]);
});

test('cfn-lint finds what is wrong', () => {
  const text = (awsFiles().get('cloudformation.yaml') ?? '')
    .replace('KeyType: RANGE', 'KeyType: SORT')
    .replace('Ref: KeyVaultUnseal', 'Ref: Nothing');
  expect(findings(text, 'eu-west-1')).toEqual(
    expect.arrayContaining([expect.stringContaining("'KeyType': 'SORT'"), expect.stringContaining("'Nothing' is not one of")]),
  );
});
