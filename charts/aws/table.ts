import { type AwsEnvironment, iamArn, tableArn } from '../app/aws/environment';
import type { IamRole, IamStatement } from '../app/aws/iam-role';
import { checkDataKey, kmsKeyArn, kmsKeyCheck, viaService } from '../app/aws/kms';
import { booleanCheck, type Checks, integer, oneOf, propsCheck } from '../app/validation/check';
import type { Problems } from '../app/validation/problems';
import type { AutoscalingProps, TableProps } from './aws-resources-props';
import type { Scaling, Table } from './model';
import type { ResourcePolicyStatement } from './resource-policy';

const capacity = integer(1);
const checks: Checks<TableProps> = {
  billingMode: oneOf('PAY_PER_REQUEST', 'PROVISIONED'),
  readCapacity: capacity,
  writeCapacity: capacity,
  autoscaling: propsCheck,
  pointInTimeRecovery: booleanCheck,
  deletionProtection: booleanCheck,
  kmsKey: kmsKeyCheck,
  denyOthers: booleanCheck,
};
const autoscalingChecks: Checks<AutoscalingProps> = {
  maxReadCapacity: capacity,
  maxWriteCapacity: capacity,
  targetUtilization: integer(20, 90, 'write a percentage, such as 70'),
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
    if (props.autoscaling !== undefined && propsCheck.ok(props.autoscaling)) checkAutoscaling(problems, props.autoscaling, props);
  } else {
    for (const prop of ['readCapacity', 'writeCapacity', 'autoscaling'] as const)
      if (props[prop] !== undefined) problems.refuse(`table.${prop}`, props[prop], 'nothing on demand', 'set billingMode to "PROVISIONED"');
  }
}

function checkAutoscaling(
  problems: Problems,
  props: AutoscalingProps,
  { readCapacity, writeCapacity }: { readonly readCapacity: number; readonly writeCapacity: number },
): void {
  problems.checkAll('table.autoscaling', props, autoscalingChecks);
  for (const [prop, least] of [
    ['maxReadCapacity', readCapacity],
    ['maxWriteCapacity', writeCapacity],
  ] as const) {
    const good = problems.require(`table.autoscaling.${prop}`, props[prop], capacity);
    if (good && props[prop] < least)
      problems.refuse(`table.autoscaling.${prop}`, props[prop], `${least} or more, the table's own capacity`, 'raise it, or lower that');
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

/** Target tracking of both capacities, from that of the table up. */
export function scalingModels(name: string, props: TableProps, aws: AwsEnvironment): readonly Scaling[] {
  if (props.billingMode !== 'PROVISIONED' || props.autoscaling === undefined) return [];
  const { maxReadCapacity, maxWriteCapacity, targetUtilization: target = 70 } = props.autoscaling;
  // AWS makes it at first use (Application Auto Scaling User Guide, "Amazon DynamoDB and Application Auto Scaling")
  const service = 'dynamodb.application-autoscaling.amazonaws.com';
  const role = iamArn(aws, `role/aws-service-role/${service}/AWSServiceRoleForApplicationAutoScaling_DynamoDBTable`);
  return [
    { name: `${name}-read`, table: name, dimension: 'Read', min: props.readCapacity, max: maxReadCapacity, role, target },
    { name: `${name}-write`, table: name, dimension: 'Write', min: props.writeCapacity, max: maxWriteCapacity, role, target },
  ];
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
