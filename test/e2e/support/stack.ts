import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { partitionOf } from '../../../charts/app/aws/environment';
import { type Manifest, yaml } from '../../support/render';
import { accountId, aws, awsDelete, issuer } from './cluster';

/** Whether AWS is one that has to be told to let IAM decide, which is moto. */
export const standIn = process.env['ENFORCE_IAM'] !== undefined;

/** The stack that dist/aws/cloudformation.yaml makes, with the OIDC provider of the cluster under test. */
export class Stack {
  readonly template: Manifest;
  private readonly breakGlass: string;

  constructor(
    readonly name: string,
    dist: string,
    readonly region: string,
  ) {
    const text = readFileSync(join(dist, 'aws', 'cloudformation.yaml'), 'utf8');
    this.template = yaml(text.replace(/oidc\.eks\.[a-z0-9-]+\.amazonaws\.com\/id\/\w+/g, issuer));
    this.breakGlass = `arn:${partitionOf(region)}:iam::${accountId}:role/break-glass`;
  }

  /** The properties of every resource of a type. */
  resources(type: string): Manifest[] {
    return Object.values<Manifest>(this.template.Resources).flatMap(({ Type, Properties }) => (Type === type ? [Properties] : []));
  }

  async deploy(): Promise<void> {
    const folder = mkdtempSync(join(tmpdir(), 'stack-'));
    try {
      const file = join(folder, 'template.json');
      writeFileSync(file, JSON.stringify(this.template));
      await aws(
        [
          ...['cloudformation', 'deploy', '--stack-name', this.name, '--template-file', file],
          ...['--capabilities', 'CAPABILITY_NAMED_IAM', '--parameter-overrides', `BreakGlassPrincipalArns=${this.breakGlass}`],
        ],
        this.region,
      );
    } finally {
      rmSync(folder, { recursive: true });
    }
  }

  /** The types that the template names and the stack does not have. */
  async skipped(): Promise<string[]> {
    const listed = await aws(['cloudformation', 'list-stack-resources', '--stack-name', this.name], this.region);
    const made: Manifest[] = JSON.parse(listed).StackResourceSummaries;
    return Object.entries<Manifest>(this.template.Resources)
      .filter(([id]) => !made.some(({ LogicalResourceId }) => LogicalResourceId === id))
      .map(([, { Type: type }]) => type);
  }

  /** Makes what a stand-in for AWS left out of the stack and Vault cannot do without; moto also cannot read the key policy that it took. */
  async mend(): Promise<void> {
    if ((await this.skipped()).includes('AWS::SecretsManager::Secret'))
      for (const { Name: name } of this.resources('AWS::SecretsManager::Secret'))
        await aws(['secretsmanager', 'create-secret', '--name', name], this.region);
    if (!standIn) return;
    const { Aliases: aliases } = JSON.parse(await aws(['kms', 'list-aliases'], this.region));
    const [{ AliasName: alias }] = this.resources('AWS::KMS::Alias') as [Manifest];
    const key = aliases.find(({ AliasName: name }: Manifest) => name === alias)?.TargetKeyId;
    const [{ KeyPolicy: policy }] = this.resources('AWS::KMS::Key') as [Manifest];
    const text = JSON.stringify(policy).replace('{"Ref":"BreakGlassPrincipalArns"}', JSON.stringify([this.breakGlass]));
    await aws(['kms', 'put-key-policy', '--key-id', key, '--policy-name', 'default', '--policy', text], this.region);
  }

  /** Takes away the stack and what it keeps; nothing needs to be there. */
  async remove(): Promise<void> {
    const { region } = this;
    await awsDelete(['cloudformation', 'delete-stack', '--stack-name', this.name], region);
    for (const { TableName: table } of this.resources('AWS::DynamoDB::Table')) {
      await awsDelete(['dynamodb', 'update-table', '--table-name', table, '--no-deletion-protection-enabled'], region);
      await awsDelete(['dynamodb', 'delete-table', '--table-name', table], region);
    }
    const { Aliases: aliases } = JSON.parse(await aws(['kms', 'list-aliases'], region));
    for (const { AliasName: alias } of this.resources('AWS::KMS::Alias')) {
      for (const { TargetKeyId: key } of aliases.filter((found: Manifest) => found.AliasName === alias)) {
        await awsDelete(['kms', 'delete-alias', '--alias-name', alias], region);
        await awsDelete(['kms', 'schedule-key-deletion', '--key-id', key, '--pending-window-in-days', '7'], region);
      }
    }
    for (const { RoleName: role } of this.resources('AWS::IAM::Role')) {
      await awsDelete(['iam', 'delete-role-policy', '--role-name', role, '--policy-name', role], region);
      await awsDelete(['iam', 'delete-role', '--role-name', role], region);
    }
    for (const { Name: secret } of this.resources('AWS::SecretsManager::Secret'))
      await awsDelete(['secretsmanager', 'delete-secret', '--secret-id', secret, '--force-delete-without-recovery'], region);
  }
}
