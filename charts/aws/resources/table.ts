import { type AwsEnvironment, iamArn, tableArn } from '../../app/aws/environment';
import { allow, type IamRole, type IamStatement } from '../../app/aws/iam-role';
import { checkDataKey, kmsKeyArn, kmsKeyCheck, viaService } from '../../app/aws/kms';
import { label, logicalId } from '../../app/aws/labels';
import { booleanCheck, type Checks, integer, oneOf, propsCheck } from '../../app/validation/check';
import type { Problems } from '../../app/validation/problems';
import type { AwsResource, NamedPolicies, Templates, TemplateTags } from '../aws-resource';
import { arnOutputs, byLogicalId, ref, resourcePolicyDocument, retain } from '../cloudformation-syntax';
import type { EnvironmentRequirements } from '../environment-requirements';
import type { ResourcePolicyStatement } from '../resource-policy';
import { arnOutput, type Blocks, byName, policyJson, preventDestroy, terraformTags } from '../terraform-syntax';

/** The servers' table. */
export interface CommonTableProps {
  /**
   * Whether the table can be restored to any second of the last 35 days.
   * @default true
   */
  readonly pointInTimeRecovery?: boolean;
  /**
   * Whether DynamoDB refuses to delete the table.
   * @default true
   */
  readonly deletionProtection?: boolean;
  /**
   * The id or ARN of a key of yours that encrypts the table. Not the unseal key. Roles that use the table may use it, through DynamoDB alone.
   * @default a key that AWS owns
   */
  readonly kmsKey?: string;
  /**
   * Whether the table itself denies reading and writing items to everybody but Vault's roles, AWS Backup's and those who may break glass: administrators of the account too, as long as they leave that policy alone. Backups and restored copies are tables of their own.
   * @default false
   */
  readonly restrictAccess?: boolean;
}

/** Paid by request; nothing to size. */
export interface OnDemandTableProps extends CommonTableProps {
  /**
   * How the table is paid: by request.
   * @default "PAY_PER_REQUEST"
   */
  readonly billingMode?: 'PAY_PER_REQUEST';
  readonly readCapacity?: never;
  readonly writeCapacity?: never;
  readonly autoscaling?: never;
}

/** Paid by capacity. Throttling costs the active server its lead: size it generously, and let autoscaling do the rest. What either mode costs: docs/cost.md. */
export interface ProvisionedTableProps extends CommonTableProps {
  /** How the table is paid: by the capacity that is set aside. */
  readonly billingMode: 'PROVISIONED';
  /** Read capacity units; with `autoscaling` the fewest. Terraform leaves later changes alone, so that autoscaling may make them. */
  readonly readCapacity: number;
  /** Write capacity units; with `autoscaling` the fewest. Terraform leaves later changes alone, so that autoscaling may make them. */
  readonly writeCapacity: number;
  /**
   * Application Auto Scaling of both capacities by target tracking. It works through its service-linked role for DynamoDB, which AWS makes in the account at
   * first use: whoever deploys needs `iam:CreateServiceLinkedRole` then.
   * @default none, the capacity stays as it is
   */
  readonly autoscaling?: AutoscalingProps;
}

/** How far Application Auto Scaling may raise a table's capacity. It reacts to minutes of load; a shorter peak is throttled. */
export interface AutoscalingProps {
  /** The most read capacity units, `readCapacity` or more. */
  readonly maxReadCapacity: number;
  /** The most write capacity units, `writeCapacity` or more. */
  readonly maxWriteCapacity: number;
  /**
   * The utilization to aim at, as a percentage of the capacity, 20 to 90 (DynamoDB Developer Guide, "Managing throughput capacity automatically with DynamoDB auto scaling"). Lower leaves more room for peaks.
   * @default 70
   */
  readonly targetUtilization?: number;
}

/** The servers' table: paid by request, or by capacity. */
export type TableProps = OnDemandTableProps | ProvisionedTableProps;

const defaultTargetUtilization = 70;

const capacityCheck = integer(1);
const checks: Checks<TableProps> = {
  billingMode: oneOf('PAY_PER_REQUEST', 'PROVISIONED'),
  readCapacity: capacityCheck,
  writeCapacity: capacityCheck,
  autoscaling: propsCheck,
  pointInTimeRecovery: booleanCheck,
  deletionProtection: booleanCheck,
  kmsKey: kmsKeyCheck,
  restrictAccess: booleanCheck,
};
const autoscalingChecks: Checks<AutoscalingProps> = {
  maxReadCapacity: capacityCheck,
  maxWriteCapacity: capacityCheck,
  targetUtilization: integer(20, 90, 'write a percentage, such as 70'),
};

/** Target tracking of one capacity of a table. */
interface Scaling {
  /** The policy's name. */
  readonly name: string;
  readonly table: string;
  readonly dimension: 'Read' | 'Write';
  readonly min: number;
  readonly max: number;
  /** The ARN of Application Auto Scaling's role. */
  readonly role: string;
  /** The utilization to aim at, as a percentage of the capacity. */
  readonly target: number;
}

interface Table {
  readonly name: string;
  /** Provisioned, or on demand where undefined. */
  readonly capacity?: { readonly read: number; readonly write: number };
  readonly pointInTimeRecovery: boolean;
  readonly deletionProtection: boolean;
  /** The ARN of the key that encrypts it; AWS's own where undefined. */
  readonly kmsKey?: string;
  /** Empty where the table has no policy of its own. */
  readonly policy: readonly ResourcePolicyStatement[];
}

/** Tables with Vault's schema, and target tracking of their capacity. */
export class Tables implements AwsResource {
  constructor(
    private readonly environment: EnvironmentRequirements,
    private readonly props: TableProps | 'existing' | 'created-by-vault' = {},
    /** The ARNs of roles that use a table, besides those of charts. */
    private readonly otherRoles: (table: string) => readonly string[],
  ) {}

  validate(problems: Problems): void {
    if (!problems.isGroup('table', this.props, 'existing', 'created-by-vault')) return;
    const unsealKeys = this.environment.ofType('key').map(({ name }) => name);
    checkTable(problems, this.props, unsealKeys, this.environment.aws);
  }

  /** What a role may do besides what its chart asks for: create the table where Vault does that, use the key that encrypts it. */
  statementsFor(role: IamRole, aws: AwsEnvironment): readonly IamStatement[] {
    const tables = this.environment.ofType('table');
    const created = this.props === 'created-by-vault' ? tables.filter(({ role: owner }) => owner === role) : [];
    return [
      ...created.map(({ name }) => allow('MakeTable', 'dynamodb', ['CreateTable'], tableArn(name, aws))),
      ...(tables.some(({ name }) => uses(role, tableArn(name, aws))) ? this.keyStatements(aws) : []),
    ];
  }

  /** What whoever uses the table may do with the key of the user's that encrypts it. */
  keyStatements(aws: AwsEnvironment): readonly IamStatement[] {
    const kmsKey = typeof this.props === 'string' ? undefined : this.props.kmsKey;
    return kmsKey === undefined ? [] : [tableKeyStatement(kmsKey, aws)];
  }

  get policies(): NamedPolicies {
    return this.models.map(({ name, policy }) => [`table_${name}`, policy]);
  }

  terraform(): Readonly<Record<string, Blocks>> {
    return {
      aws_dynamodb_table: byName(this.models, terraformTable),
      aws_dynamodb_resource_policy: byName(
        this.models.filter(({ policy }) => policy.length > 0),
        terraformTablePolicy,
      ),
      aws_appautoscaling_target: byName(this.scalings, terraformScalableTarget),
      aws_appautoscaling_policy: byName(this.scalings, terraformScalingPolicy),
    };
  }

  terraformOutputs(): Blocks {
    return { table_arns: arnOutput('aws_dynamodb_table', this.models) };
  }

  cloudFormation({ list }: TemplateTags): Templates {
    return {
      ...byLogicalId('Table', this.models, item => templateTable(item, list)),
      ...byLogicalId('ScalableTarget', this.scalings, templateScalableTarget),
      ...byLogicalId('ScalingPolicy', this.scalings, templateScalingPolicy),
    };
  }

  cloudFormationOutputs(): Templates {
    return arnOutputs('Table', this.models);
  }

  private get models(): readonly Table[] {
    const { aws, roles } = this.environment;
    const { props } = this;
    if (typeof props === 'string' || aws === undefined) return [];
    return this.environment.ofType('table').map(({ name }) => {
      const users = roles.filter(role => uses(role, tableArn(name, aws))).map(({ arn }) => arn);
      return tableModel(name, props, aws, [...users, ...this.otherRoles(name)]);
    });
  }

  private get scalings(): readonly Scaling[] {
    const { aws } = this.environment;
    const { props } = this;
    if (typeof props === 'string' || aws === undefined) return [];
    return this.environment.ofType('table').flatMap(({ name }) => scalingModels(name, props, aws));
  }
}

function checkTable(problems: Problems, props: TableProps, unsealKeys: readonly string[], aws: AwsEnvironment | undefined): void {
  problems.checkAll('table', props, checks);
  checkDataKey(problems, 'table.kmsKey', props.kmsKey, {
    aws,
    unsealKeys,
    why: 'losing one key must not mean losing both: make a key for the table',
  });
  if (props.billingMode === 'PROVISIONED') {
    problems.require('table.readCapacity', props.readCapacity, capacityCheck);
    problems.require('table.writeCapacity', props.writeCapacity, capacityCheck);
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
    const good = problems.require(`table.autoscaling.${prop}`, props[prop], capacityCheck);
    if (good && props[prop] < least)
      problems.refuse(`table.autoscaling.${prop}`, props[prop], `${least} or more, the table's own capacity`, 'raise it, or lower that');
  }
}

/** Whether a role does something with a table, or with what belongs to it. */
const uses = (role: IamRole, tableArn: string): boolean =>
  role.statements().some(({ resources }) => resources.some(resource => resource === tableArn || resource.startsWith(`${tableArn}/`)));

function tableModel(name: string, props: TableProps, aws: AwsEnvironment, users: readonly string[]): Table {
  return {
    name,
    ...(props.billingMode === 'PROVISIONED' ? { capacity: { read: props.readCapacity, write: props.writeCapacity } } : {}),
    pointInTimeRecovery: props.pointInTimeRecovery ?? true,
    deletionProtection: props.deletionProtection ?? true,
    ...(props.kmsKey === undefined ? {} : { kmsKey: kmsKeyArn(props.kmsKey, aws) }),
    policy: props.restrictAccess ? [restrictAccess(tableArn(name, aws), users)] : [],
  };
}

/** Target tracking of both capacities, from that of the table up. */
function scalingModels(name: string, props: TableProps, aws: AwsEnvironment): readonly Scaling[] {
  if (props.billingMode !== 'PROVISIONED' || props.autoscaling === undefined) return [];
  const { maxReadCapacity, maxWriteCapacity, targetUtilization: target = defaultTargetUtilization } = props.autoscaling;
  // AWS makes it at first use (Application Auto Scaling User Guide, "Amazon DynamoDB and Application Auto Scaling")
  const service = 'dynamodb.application-autoscaling.amazonaws.com';
  const role = iamArn(aws, `role/aws-service-role/${service}/AWSServiceRoleForApplicationAutoScaling_DynamoDBTable`);
  return [
    { name: `${name}-read`, table: name, dimension: 'Read', min: props.readCapacity, max: maxReadCapacity, role, target },
    { name: `${name}-write`, table: name, dimension: 'Write', min: props.writeCapacity, max: maxWriteCapacity, role, target },
  ];
}

/** DynamoDB uses the key with the permissions of whoever asks (DynamoDB Developer Guide, "Encryption at rest", names the six as the least). */
function tableKeyStatement(key: string, aws: AwsEnvironment): IamStatement {
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

const restrictAccess = (table: string, users: readonly string[]): ResourcePolicyStatement => ({
  sid: 'OnlyVault',
  effect: 'Deny',
  principal: '*',
  actions: itemActions.map(action => `dynamodb:${action}`),
  resources: [table],
  except: users,
});

const terraformTable = ({ name, capacity, pointInTimeRecovery, deletionProtection, kmsKey }: Table): object => ({
  name,
  billing_mode: capacity === undefined ? 'PAY_PER_REQUEST' : 'PROVISIONED',
  ...(capacity && { read_capacity: capacity.read, write_capacity: capacity.write }),
  hash_key: 'Path',
  range_key: 'Key',
  attribute: [
    { name: 'Path', type: 'S' },
    { name: 'Key', type: 'S' },
  ],
  point_in_time_recovery: { enabled: pointInTimeRecovery },
  deletion_protection_enabled: deletionProtection,
  ...(kmsKey && { server_side_encryption: { enabled: true, kms_key_arn: kmsKey } }),
  tags: terraformTags,
  // autoscaling may change the capacity
  lifecycle: { ...preventDestroy, ...(capacity && { ignore_changes: ['read_capacity', 'write_capacity'] }) },
});

const terraformTablePolicy = ({ name }: Table): object => ({
  resource_arn: `\${aws_dynamodb_table.${label(name)}.arn}`,
  policy: policyJson(`table_${name}`),
});

const terraformScalableTarget = ({ table: name, dimension, min, max, role: roleArn }: Scaling): object => ({
  service_namespace: 'dynamodb',
  resource_id: `table/\${aws_dynamodb_table.${label(name)}.name}`,
  scalable_dimension: `dynamodb:table:${dimension}CapacityUnits`,
  min_capacity: min,
  max_capacity: max,
  role_arn: roleArn,
});

const terraformScalingPolicy = ({ name, dimension, target }: Scaling): object => {
  const of = (attribute: string): string => `\${aws_appautoscaling_target.${label(name)}.${attribute}}`;
  return {
    name,
    policy_type: 'TargetTrackingScaling',
    service_namespace: of('service_namespace'),
    resource_id: of('resource_id'),
    scalable_dimension: of('scalable_dimension'),
    target_tracking_scaling_policy_configuration: {
      target_value: target,
      predefined_metric_specification: { predefined_metric_type: `DynamoDB${dimension}CapacityUtilization` },
    },
  };
};

const templateTable = ({ name, capacity, pointInTimeRecovery, deletionProtection, kmsKey, policy }: Table, tags: object): object => ({
  Type: 'AWS::DynamoDB::Table',
  ...retain,
  Properties: {
    TableName: name,
    BillingMode: capacity === undefined ? 'PAY_PER_REQUEST' : 'PROVISIONED',
    ...(capacity && { ProvisionedThroughput: { ReadCapacityUnits: capacity.read, WriteCapacityUnits: capacity.write } }),
    AttributeDefinitions: [
      { AttributeName: 'Path', AttributeType: 'S' },
      { AttributeName: 'Key', AttributeType: 'S' },
    ],
    KeySchema: [
      { AttributeName: 'Path', KeyType: 'HASH' },
      { AttributeName: 'Key', KeyType: 'RANGE' },
    ],
    PointInTimeRecoverySpecification: { PointInTimeRecoveryEnabled: pointInTimeRecovery },
    DeletionProtectionEnabled: deletionProtection,
    ...(kmsKey && { SSESpecification: { SSEEnabled: true, SSEType: 'KMS', KMSMasterKeyId: kmsKey } }),
    ...(policy.length > 0 && { ResourcePolicy: { PolicyDocument: resourcePolicyDocument(policy) } }),
    ...tags,
  },
});

const templateScalableTarget = ({ table: name, dimension, min, max, role: roleArn }: Scaling): object => ({
  Type: 'AWS::ApplicationAutoScaling::ScalableTarget',
  Properties: {
    ServiceNamespace: 'dynamodb',
    ResourceId: { 'Fn::Join': ['/', ['table', ref(logicalId('Table', name))]] },
    ScalableDimension: `dynamodb:table:${dimension}CapacityUnits`,
    MinCapacity: min,
    MaxCapacity: max,
    RoleARN: roleArn,
  },
});

const templateScalingPolicy = ({ name, dimension, target }: Scaling): object => ({
  Type: 'AWS::ApplicationAutoScaling::ScalingPolicy',
  Properties: {
    PolicyName: name,
    PolicyType: 'TargetTrackingScaling',
    ScalingTargetId: ref(logicalId('ScalableTarget', name)),
    TargetTrackingScalingPolicyConfiguration: {
      TargetValue: target,
      PredefinedMetricSpecification: { PredefinedMetricType: `DynamoDB${dimension}CapacityUtilization` },
    },
  },
});
