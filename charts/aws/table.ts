import { type AwsEnvironment, tableArn } from '../app/aws';
import { boolean, type Checks, integer, oneOf } from '../app/checks';
import type { IamRole, IamStatement } from '../app/iam-role';
import { checkDataKey, kmsKey, kmsKeyArn, viaService } from '../app/kms';
import type { Problems } from '../app/problems';
import type { TableProps } from './aws-resources-props';
import type { Table } from './model';
import type { ResourcePolicyStatement } from './resource-policy';

const capacity = integer(1);
const checks: Checks<TableProps> = {
  billingMode: oneOf('PAY_PER_REQUEST', 'PROVISIONED'),
  readCapacity: capacity,
  writeCapacity: capacity,
  pointInTimeRecovery: boolean,
  deletionProtection: boolean,
  kmsKey,
  denyOthers: boolean,
};

export function checkTable(problems: Problems, props: TableProps, unsealKeys: readonly string[], aws: AwsEnvironment | undefined): void {
  problems.checkAll('table', props, checks);
  checkDataKey(problems, 'table.kmsKey', props.kmsKey, {
    aws,
    unsealKeys,
    why: 'who loses one key shall not lose both: make a key for the table',
  });
  if (props.billingMode === 'PROVISIONED') {
    problems.require('table.readCapacity', props.readCapacity, capacity);
    problems.require('table.writeCapacity', props.writeCapacity, capacity);
  } else {
    for (const prop of ['readCapacity', 'writeCapacity'] as const)
      if (props[prop] !== undefined) problems.refuse(`table.${prop}`, props[prop], 'nothing on demand', 'set billingMode to "PROVISIONED"');
  }
}

/** Whether a role does something with a table, or with what belongs to it. */
export const uses = (role: IamRole, tableArn: string): boolean =>
  role.statements().some(({ resources }) => resources.some(resource => resource === tableArn || resource.startsWith(`${tableArn}/`)));

export function tableModel(name: string, props: TableProps, aws: AwsEnvironment, users: readonly string[]): Table {
  return {
    name,
    ...(props.billingMode === 'PROVISIONED' ? { capacity: { read: props.readCapacity, write: props.writeCapacity } } : {}),
    pointInTimeRecovery: props.pointInTimeRecovery ?? true,
    deletionProtection: props.deletionProtection ?? true,
    ...(props.kmsKey === undefined ? {} : { kmsKey: kmsKeyArn(props.kmsKey, aws) }),
    policy: props.denyOthers ? [denyOthers(tableArn(name, aws), users)] : [],
  };
}

/** DynamoDB uses the key with the permissions of whoever asks (DynamoDB Developer Guide, "Encryption at rest", names the six as the least). */
export function tableKeyStatement(key: string, aws: AwsEnvironment): IamStatement {
  const actions = [
    'Decrypt',
    'DescribeKey',
    'Encrypt',
    'GenerateDataKey',
    'GenerateDataKeyWithoutPlaintext',
    'ReEncryptFrom',
    'ReEncryptTo',
  ];
  return {
    sid: 'TableKey',
    actions: [...actions, 'CreateGrant'].map(action => `kms:${action}`),
    resources: [kmsKeyArn(key, aws)],
    conditions: viaService('dynamodb', aws.region),
  };
}

const itemActions = [
  ...['BatchGetItem', 'BatchWriteItem', 'ConditionCheckItem', 'DeleteItem', 'GetItem', 'PutItem', 'Query', 'Scan', 'UpdateItem'],
  ...['PartiQLDelete', 'PartiQLInsert', 'PartiQLSelect', 'PartiQLUpdate', 'ExportTableToPointInTime'],
];

const denyOthers = (table: string, users: readonly string[]): ResourcePolicyStatement => ({
  sid: 'OnlyVault',
  effect: 'Deny',
  principal: '*',
  actions: itemActions.map(action => `dynamodb:${action}`),
  resources: [table],
  except: users,
});
