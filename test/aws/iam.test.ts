import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { Custody } from '../../charts';
import { everyChart, renderEvery } from '../support/every-chart';
import type { Manifest } from '../support/render';
import { fromCloudFormation } from './normal-form';
import { awsFiles, dataKey, everythingMade, type Files, json, oidcProvider, variants } from './support';

const server = (files: Files): Manifest[] => json(files, 'iam/vault-server.policy.json').Statement;
const actionsOf = (statements: readonly Manifest[]): string[] => statements.flatMap(({ Action: actions }) => actions);
const unseal = { Sid: 'Unseal', Effect: 'Allow', Action: ['kms:Encrypt', 'kms:Decrypt', 'kms:DescribeKey'] };
const least = ['DescribeTable', 'GetItem', 'Query', 'BatchWriteItem', 'UpdateItem', 'DeleteItem'].map(action => `dynamodb:${action}`);

describe('a role', () => {
  test.each([
    ['vault-server', 'vault'],
    ['vault-init', 'vault-init'],
  ])('%s goes to the ServiceAccount %s of this namespace, with the audience of AWS', (role, account) => {
    expect(json(awsFiles(), `iam/${role}.trust.json`)).toEqual({
      Version: '2012-10-17',
      Statement: [
        {
          Effect: 'Allow',
          Action: 'sts:AssumeRoleWithWebIdentity',
          Principal: { Federated: `arn:aws:iam::123456789012:oidc-provider/${oidcProvider}` },
          Condition: {
            StringEquals: {
              [`${oidcProvider}:sub`]: `system:serviceaccount:vault:${account}`,
              [`${oidcProvider}:aud`]: 'sts.amazonaws.com',
            },
          },
        },
      ],
    });
  });

  test('of AWS Backup goes to that service, as AWS documents it: under no condition', () => {
    expect(json(awsFiles(), 'iam/vault-data-backup.trust.json').Statement).toEqual([
      {
        Effect: 'Allow',
        Action: 'sts:AssumeRole',
        Principal: { Service: 'backup.amazonaws.com' },
      },
    ]);
  });

  test('given by its ARN keeps its path', () => {
    const files = awsFiles({}, { role: 'arn:aws:iam::123456789012:role/teams/platform/vault' });
    expect(json(files, 'terraform/main.tf.json').resource.aws_iam_role.vault).toMatchObject({ name: 'vault', path: '/teams/platform/' });
  });

  test('of the init Job writes custody and never reads it', () => {
    const files = awsFiles({}, {}, Custody.secretsManager('vault/recovery', { kmsKey: dataKey }));
    expect(json(files, 'iam/vault-init.policy.json').Statement).toEqual([
      {
        Sid: 'Custody',
        Effect: 'Allow',
        Action: ['secretsmanager:DescribeSecret', 'secretsmanager:PutSecretValue'],
        Resource: ['arn:aws:secretsmanager:eu-west-1:123456789012:secret:vault/recovery-??????'],
      },
      {
        Sid: 'CustodyKey',
        Effect: 'Allow',
        Action: ['kms:Decrypt', 'kms:GenerateDataKey'],
        Resource: [`arn:aws:kms:eu-west-1:123456789012:key/${dataKey}`],
        Condition: { StringEquals: { 'kms:ViaService': ['secretsmanager.eu-west-1.amazonaws.com'] } },
      },
    ]);
  });
});

describe('the servers’ role', () => {
  test('may do what Vault calls', () => {
    expect(server(awsFiles())).toEqual([
      { Sid: 'Storage', Effect: 'Allow', Action: least, Resource: ['arn:aws:dynamodb:eu-west-1:123456789012:table/vault-data'] },
      {
        ...unseal,
        Resource: ['arn:aws:kms:eu-west-1:123456789012:key/*'],
        Condition: { 'ForAnyValue:StringEquals': { 'kms:ResourceAliases': ['alias/vault-unseal'] } },
      },
    ]);
  });

  test('or what HashiCorp documents: 16 of 18 actions, since Vault makes and changes no table', () => {
    const statements = server(awsFiles({ actions: 'documented' }));
    expect(statements.map(({ Sid: sid, Resource: resource }) => [sid, resource])).toEqual([
      ['Storage', ['arn:aws:dynamodb:eu-west-1:123456789012:table/vault-data']],
      ['StorageStream', ['arn:aws:dynamodb:eu-west-1:123456789012:table/vault-data/stream/*']],
      ['StorageAccount', ['*']],
      ['Unseal', ['arn:aws:kms:eu-west-1:123456789012:key/*']],
    ]);
    const actions = actionsOf(statements).filter(action => action.startsWith('dynamodb:'));
    expect(new Set(actions).size).toBe(16);
    expect(actions).toEqual(expect.arrayContaining(least));
    expect(actions).not.toEqual(expect.arrayContaining(['dynamodb:CreateTable']));
  });

  test.each(['least', 'documented'] as const)('makes the table where Vault shall, and changes it where Vault may: %s', actions => {
    const all = (table: 'created-by-vault' | 'existing', dynamodbAllowUpdates: boolean) =>
      actionsOf(server(awsFiles({ actions, table }, { storage: { table: 'vault-data', dynamodbAllowUpdates } }))).filter(action =>
        /CreateTable|UpdateTable/.test(action),
      );
    expect([all('created-by-vault', true).sort(), all('created-by-vault', false), all('existing', true), all('existing', false)]).toEqual([
      ['dynamodb:CreateTable', 'dynamodb:UpdateTable'],
      ['dynamodb:CreateTable'],
      ['dynamodb:UpdateTable'],
      [],
    ]);
  });

  test('names a key by its ARN where seal.kmsKeyId does, and no key is made', () => {
    const files = awsFiles({}, { seal: { kmsKeyId: dataKey } });
    expect(server(files)[1]).toEqual({ ...unseal, Resource: [`arn:aws:kms:eu-west-1:123456789012:key/${dataKey}`] });
    expect(files.get('cloudformation.yaml')).not.toContain('AWS::KMS::Key');
  });

  test('gets no key that has a role of its own, and none is made', () => {
    const files = awsFiles({}, { seal: { kmsKeyId: 'alias/x', roleArn: 'arn:aws:iam::210987654321:role/unseal' } });
    expect(server(files)).toHaveLength(1);
    expect(files.get('cloudformation.yaml')).not.toContain('AWS::KMS::Key');
  });
});

describe('a key of yours for the table', () => {
  const files = awsFiles({ table: { kmsKey: dataKey } });

  test.each(['vault-server', 'vault-data-backup'])('may be used by %s, through DynamoDB alone', role => {
    const statements: Manifest[] = json(files, `iam/${role}.policy.json`).Statement;
    expect(statements.find(({ Sid: sid }) => sid === 'TableKey')).toMatchObject({
      Resource: [`arn:aws:kms:eu-west-1:123456789012:key/${dataKey}`],
      Condition: { StringEquals: { 'kms:ViaService': ['dynamodb.eu-west-1.amazonaws.com'] } },
    });
  });

  test('not by the init Job', () => {
    expect(files.get('iam/vault-init.policy.json')).not.toContain('TableKey');
  });
});

test.each([
  ['cn-north-1', 'aws-cn', 'oidc.eks.cn-north-1.amazonaws.com.cn/id/0123456789ABCDEF0123456789ABCDEF'],
  ['us-gov-west-1', 'aws-us-gov', 'oidc.eks.us-gov-west-1.amazonaws.com/id/0123456789ABCDEF0123456789ABCDEF'],
])('in %s every ARN is of partition %s', (region, partition, provider) => {
  const props = { ...everythingMade(region), oidcProvider: provider };
  const files = awsFiles(props, { aws: { accountId: '123456789012', region } });
  const arns = [...files.values()].join('\n').match(/arn:aws[a-z-]*:[a-z]/g) ?? [];
  expect([...new Set(arns.map(arn => arn.split(':')[1]))]).toEqual([partition]);
});

/** AWS's own facts (Service Authorization Reference): which resources an action knows. */
const services: Manifest = JSON.parse(readFileSync(join(__dirname, '..', 'schemas', 'iam-actions.json'), 'utf8'));
// the reference writes all of these as table/*
const subresources: Readonly<Record<string, RegExp>> = {
  stream: /:table\/[^/]+\/stream\//,
  backup: /:table\/[^/]+\/backup\//,
  table: /:table\/[^/]+$/,
};

/** What AWS would say of a statement that allows something. */
function faults({ Action: actions, Resource: resources }: Manifest): string[] {
  return actions.flatMap((action: string) => {
    const [service = '', name = ''] = action.split(':');
    const types: string[] | undefined = services[service]?.actions[name.toLowerCase()];
    if (types === undefined) return [`${action} does not exist`];
    if (types.length === 0) return resources.join() === '*' ? [] : [`${action} knows no resource`];
    return resources
      .filter((resource: string) => !types.some(type => isOf(service, type, resource)))
      .map((resource: string) => `${action} does not know ${resource}`);
  });
}

function isOf(service: string, type: string, arn: string): boolean {
  const formats: string[] = services[service].resources[type];
  const holds = formats.some(format => new RegExp(`^${format.replace(/\$\{\w+\}/g, '[^:]*')}$`).test(arn));
  return holds && (subresources[type]?.test(arn) ?? true);
}

describe('AWS’s facts', () => {
  test.each(Object.entries(variants))('hold for every action and resource: %s', (_, props) => {
    const files = awsFiles(props);
    const documents = [...files.keys()].filter(path => path.endsWith('.policy.json'));
    expect(documents.length).toBeGreaterThan(1);
    const statements: Manifest[] = documents.flatMap(path => json(files, path).Statement);
    expect(statements.flatMap(faults)).toEqual([]);
  });

  test('hold for the roles of every chart', () => {
    const documents = [...renderEvery(everyChart)].filter(([path]) => path.endsWith('.policy.json'));
    expect(documents.length).toBeGreaterThan(4);
    const statements: Manifest[] = documents.flatMap(([, text]) => JSON.parse(text).Statement);
    expect(statements.flatMap(faults)).toEqual([]);
  });

  // a misspelt action in a Deny denies nothing, and nobody says so
  const unknown = (denied: readonly string[]) =>
    denied.filter(action => {
      const [service = '', name = ''] = action.toLowerCase().split(':');
      const pattern = new RegExp(`^${name.replace('*', '.+')}$`);
      return !Object.keys(services[service]?.actions ?? {}).some(known => pattern.test(known));
    });

  test('know every action that a policy on a resource denies', () => {
    const denied = Object.values(fromCloudFormation(awsFiles(variants['everything made'])))
      .flatMap(({ policy = [] }) => policy)
      .filter(({ effect }) => effect === 'Deny')
      .flatMap(({ actions }) => actions);
    expect(new Set(denied.map(action => action.split(':')[0]))).toEqual(new Set(['dynamodb', 'kms', 'secretsmanager']));
    expect(unknown(denied)).toEqual([]);
    expect(unknown(['kms:ReEncrypts*', 'secretsmanager:GetSecret'])).toEqual(['kms:ReEncrypts*', 'secretsmanager:GetSecret']);
  });

  test('the check finds what is wrong', () => {
    const table = 'arn:aws:dynamodb:eu-west-1:123456789012:table/x';
    expect(
      [
        { Action: ['dynamodb:GetItems'], Resource: [table] },
        { Action: ['dynamodb:ListTables'], Resource: [table] },
        { Action: ['dynamodb:GetRecords'], Resource: [table] },
        { Action: ['dynamodb:GetItem'], Resource: ['*'] },
      ].flatMap(faults),
    ).toEqual([
      'dynamodb:GetItems does not exist',
      'dynamodb:ListTables knows no resource',
      `dynamodb:GetRecords does not know ${table}`,
      'dynamodb:GetItem does not know *',
    ]);
  });

  test('Resource "*" is left to four actions that know no other, which only the documented list has', () => {
    const wide = Object.values(variants).flatMap(props => {
      const files = awsFiles(props);
      const statements: Manifest[] = [...files.keys()]
        .filter(path => path.endsWith('.policy.json'))
        .flatMap(path => json(files, path).Statement);
      return statements.filter(({ Resource: resources }) => resources.includes('*'));
    });
    expect([...new Set(actionsOf(wide))].sort()).toEqual([
      'dynamodb:DescribeLimits',
      'dynamodb:DescribeReservedCapacity',
      'dynamodb:DescribeReservedCapacityOfferings',
      'dynamodb:ListTables',
    ]);
  });
});
