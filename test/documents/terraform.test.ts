import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, describe, expect, jest, test } from '@jest/globals';
import { awsFiles, type Files, json, variants } from '../aws/support';

jest.setTimeout(120_000);

const folder = mkdtempSync(join(tmpdir(), 'cdk8s-vault-terraform-'));
afterAll(() => rmSync(folder, { recursive: true }));

const terraform = (at: string, ...args: string[]) => {
  const env = { ...process.env, CHECKPOINT_DISABLE: 'true', TF_IN_AUTOMATION: 'true' };
  const { status, stdout, stderr, error } = spawnSync('terraform', [`-chdir=${at}`, ...args, '-no-color'], { encoding: 'utf8', env });
  return { status, text: `${stdout}${stderr}`, missing: error !== undefined };
};

function write(name: string, files: ReadonlyMap<string, string>): string {
  for (const [path, text] of files) {
    const file = join(folder, name, path);
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, text);
  }
  return join(folder, name);
}

const absent = terraform(folder, 'version').missing;
if (absent) process.stderr.write('terraform is not installed: its tests are left out\n');

(absent ? describe.skip : describe)('Terraform', () => {
  test.each(Object.entries(variants))('reads the module: %s', (name, props) => {
    const module = join(write(`${name} whole`, awsFiles(props)), 'terraform');
    expect(terraform(module, 'providers').text).toContain('provider[registry.terraform.io/hashicorp/aws]');
  });

  test('reads no other: the check can fail', () => {
    const files = new Map(awsFiles());
    files.set('terraform/main.tf.json', JSON.stringify({ ...json(files, 'terraform/main.tf.json'), resources: {} }));
    expect(terraform(join(write('broken', files), 'terraform'), 'providers').text).toContain('Extraneous JSON object property');
  });

  test('accepts the module, where the provider can be installed', () => {
    const module = join(write('validated', awsFiles(variants['everything made'])), 'terraform');
    const init = terraform(module, 'init', '-backend=false', '-input=false');
    if (/could not connect to registry|failed to request discovery/.test(init.text)) {
      process.stderr.write('terraform validate is left out: the provider cannot be installed here\n');
      return;
    }
    expect(init).toMatchObject({ status: 0 });
    expect(terraform(module, 'validate')).toMatchObject({ status: 0 });
  });

  describe('variables, which need no provider', () => {
    /** Plans the variables and locals alone. */
    const plan = (files: Files, ...values: string[]) => {
      const { locals } = json(files, 'terraform/main.tf.json');
      const module = write(
        'variables',
        new Map([
          ['variables.tf.json', files.get('terraform/variables.tf.json') ?? ''],
          ['main.tf.json', JSON.stringify({ locals, output: { tags: { value: `\${local.tags}` } } })],
        ]),
      );
      return terraform(module, 'plan', '-input=false', ...values.map(value => `-var=${value}`));
    };
    const breakGlass = (...arns: string[]) => `break_glass_principal_arns=${JSON.stringify(arns)}`;

    test.each([
      'arn:aws:iam::123456789012:role/break-glass',
      'arn:aws:iam::123456789012:user/x',
      'arn:aws:iam::123456789012:role/aws-reserved/*/Admin_*',
    ])('%s may break glass', arn => {
      expect(plan(awsFiles(), breakGlass(arn))).toMatchObject({ status: 0 });
    });

    test.each([
      [],
      ['break-glass'],
      ['arn:aws:iam::123456789012:root'],
      ['arn:aws:sts::123456789012:assumed-role/x/y'],
      ['arn:aws:iam::210987654321:role/x'],
      ['arn:aws:iam::123456789012:role/*'],
    ])('%p may not', (...arns) => {
      expect(plan(awsFiles(), breakGlass(...arns))).toMatchObject({
        status: 1,
        text: expect.stringMatching(/Name at least one role or user by its ARN/),
      });
    });

    test('tags of a deployment come to those of main.ts', () => {
      const { text } = plan(
        awsFiles({ tags: { team: 'platform' } }),
        breakGlass('arn:aws:iam::123456789012:role/x'),
        'tags={stage="test"}',
      );
      expect(text.replace(/\s+/g, ' ')).toContain('+ stage = "test" + team = "platform"');
    });
  });
});
