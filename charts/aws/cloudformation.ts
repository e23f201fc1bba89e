import { omitUndefined } from '../app/kubernetes/omit-undefined';
import { toYaml } from '../app/kustomize/yaml';
import { backupWindows, failurePattern, failureRuleName } from './backup';
import {
  type AwsModel,
  type Backup,
  breakGlass,
  type Endpoint,
  type Key,
  needsBreakGlass,
  type Role,
  type Scaling,
  type Secret,
  type Table,
} from './model';
import { logicalId } from './names';
import { principalKey, type ResourcePolicyStatement } from './resource-policy';

const ref = (id: string): object => ({ Ref: id });
const arnOf = (id: string): object => ({ 'Fn::GetAtt': [id, 'Arn'] });
const forever = { DeletionPolicy: 'Retain', UpdateReplacePolicy: 'Retain' };

/** The text of a template. */
export function cloudFormation(model: AwsModel): string {
  const template = {
    AWSTemplateFormatVersion: '2010-09-09',
    Description: 'What a Vault in Kubernetes needs of AWS',
    ...(Object.keys(parameters(model)).length > 0 && { Parameters: parameters(model) }),
    Rules: place(model),
    Resources: resources(model),
    Outputs: outputs(model),
  };
  return toYaml(template);
}

/** A stack fails at once in another account or region than the one that the names and ARNs of the YAML are of. */
const place = ({ accountId, region }: AwsModel): object => {
  const only = (parameter: string, value: string): object => ({
    Assert: { 'Fn::Equals': [ref(parameter), value] },
    AssertDescription: `This template is made for ${value}: deploy it there, or change aws in main.ts`,
  });
  return { Place: { Assertions: [only('AWS::AccountId', accountId), only('AWS::Region', region)] } };
};

function parameters(model: AwsModel): Readonly<Record<string, object>> {
  return {
    ...(needsBreakGlass(model) && {
      BreakGlassPrincipalArns: {
        Type: 'CommaDelimitedList',
        Description: breakGlass(model).description,
        AllowedPattern: breakGlass(model).pattern,
        ConstraintDescription: `ARNs of roles and users, such as ${breakGlass(model).example}`,
      },
    }),
    ...(model.endpoint !== undefined && {
      VpcId: { Type: 'AWS::EC2::VPC::Id', Description: "The cluster's VPC" },
      RouteTableIds: {
        Type: 'CommaDelimitedList',
        Description: "The route tables of the cluster's subnets, for the gateway endpoint of DynamoDB",
        AllowedPattern: '^rtb-[0-9a-f]+$',
      },
    }),
  };
}

function resources(model: AwsModel): Readonly<Record<string, object>> {
  const tags = Object.entries(model.tags).map(([Key, Value]) => ({ Key, Value }));
  const list = tags.length > 0 ? { Tags: tags } : {};
  const map = tags.length > 0 ? model.tags : undefined;
  return {
    ...byId('Table', model.tables, item => table(item, list)),
    ...byId('ScalableTarget', model.scalings, scalableTarget),
    ...byId('ScalingPolicy', model.scalings, scalingPolicy),
    ...byId('Key', model.keys, item => key(item, list)),
    ...byId('Alias', model.keys, alias),
    ...byId('Secret', model.secrets, item => secret(item, list)),
    ...byId(
      'SecretPolicy',
      model.secrets.filter(({ policy }) => policy.length > 0),
      secretPolicy,
    ),
    ...byId('Role', model.roles, item => role(item, list)),
    ...byId('InlinePolicy', model.roles, rolePolicy),
    ...byId('BackupVault', model.backups, item => backupVault(item, map)),
    ...byId('BackupPlan', model.backups, item => backupPlan(item, map)),
    ...byId('BackupSelection', model.backups, backupSelection),
    ...byId(
      'BackupFailed',
      model.backups.filter(({ failureTopic }) => failureTopic !== undefined),
      item => failureRule(item, list),
    ),
    ...(model.endpoint === undefined ? {} : { Endpoint: endpoint(model.endpoint, list) }),
  };
}

const byId = <T extends { readonly name: string }>(kind: string, items: readonly T[], resource: (item: T) => object) =>
  Object.fromEntries(items.map(item => [logicalId(kind, item.name), resource(item)]));

const table = ({ name, capacity, pointInTimeRecovery, deletionProtection, kmsKey, policy }: Table, tags: object): object => ({
  Type: 'AWS::DynamoDB::Table',
  ...forever,
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
    ...(policy.length > 0 && { ResourcePolicy: { PolicyDocument: policyDocument(policy) } }),
    ...tags,
  },
});

const scalableTarget = ({ table: name, dimension, min, max, role: roleArn }: Scaling): object => ({
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

const scalingPolicy = ({ name, dimension, target }: Scaling): object => ({
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

const key = ({ name, rotationDays, multiRegion, policy }: Key, tags: object): object => ({
  Type: 'AWS::KMS::Key',
  ...forever,
  Properties: {
    Description: `Unseals Vault (alias/${name})`,
    EnableKeyRotation: true,
    RotationPeriodInDays: rotationDays,
    ...(multiRegion && { MultiRegion: true }),
    PendingWindowInDays: 30,
    KeyPolicy: policyDocument(policy),
    // who deploys need not be one who may break glass
    BypassPolicyLockoutSafetyCheck: true,
    ...tags,
  },
});

const alias = ({ name }: Key): object => ({
  Type: 'AWS::KMS::Alias',
  ...forever,
  Properties: { AliasName: `alias/${name}`, TargetKeyId: ref(logicalId('Key', name)) },
});

const secret = ({ name, kmsKey }: Secret, tags: object): object => ({
  Type: 'AWS::SecretsManager::Secret',
  ...forever,
  Properties: {
    Name: name,
    Description: 'Recovery keys of Vault, written by its init Job',
    ...(kmsKey && { KmsKeyId: kmsKey }),
    ...tags,
  },
});

/** Kept with its secret: a stack that is deleted leaves both, and whoever deletes it need not break glass. */
const secretPolicy = ({ name, policy }: Secret): object => ({
  Type: 'AWS::SecretsManager::ResourcePolicy',
  ...forever,
  Properties: { SecretId: ref(logicalId('Secret', name)), ResourcePolicy: policyDocument(policy) },
});

const role = ({ name, path, maxSessionSeconds, trust }: Role, tags: object): object => ({
  Type: 'AWS::IAM::Role',
  Properties: {
    RoleName: name,
    Path: path,
    ...omitUndefined({ MaxSessionDuration: maxSessionSeconds }),
    AssumeRolePolicyDocument: trust,
    ...tags,
  },
});

const rolePolicy = ({ name, policy }: Role): object => ({
  Type: 'AWS::IAM::Policy',
  Properties: { PolicyName: name, PolicyDocument: policy, Roles: [ref(logicalId('Role', name))] },
});

const backupVault = ({ name }: Backup, tags: object | undefined): object => ({
  Type: 'AWS::Backup::BackupVault',
  ...forever,
  Properties: { BackupVaultName: name, ...(tags && { BackupVaultTags: tags }) },
});

const backupPlan = ({ name, schedule, retentionDays }: Backup, tags: object | undefined): object => ({
  Type: 'AWS::Backup::BackupPlan',
  Properties: {
    BackupPlan: {
      BackupPlanName: name,
      BackupPlanRule: [
        {
          RuleName: name,
          TargetBackupVault: ref(logicalId('BackupVault', name)),
          ScheduleExpression: schedule,
          StartWindowMinutes: backupWindows.start,
          CompletionWindowMinutes: backupWindows.completion,
          Lifecycle: { DeleteAfterDays: retentionDays },
        },
      ],
    },
    ...(tags && { BackupPlanTags: tags }),
  },
});

const backupSelection = ({ name, role: roleName, tableArn }: Backup): object => ({
  Type: 'AWS::Backup::BackupSelection',
  Properties: {
    BackupPlanId: ref(logicalId('BackupPlan', name)),
    BackupSelection: { SelectionName: name, IamRoleArn: arnOf(logicalId('Role', roleName)), Resources: [tableArn] },
  },
});

const failureRule = ({ name, failureTopic }: Backup, tags: object): object => ({
  Type: 'AWS::Events::Rule',
  Properties: {
    Name: failureRuleName(name),
    Description: `Backups of the table ${name} that failed`,
    EventPattern: failurePattern(name),
    Targets: [{ Id: 'topic', Arn: failureTopic }],
    ...tags,
  },
});

const endpoint = ({ service, policy }: Endpoint, tags: object): object => ({
  Type: 'AWS::EC2::VPCEndpoint',
  Properties: {
    VpcId: ref('VpcId'),
    ServiceName: service,
    VpcEndpointType: 'Gateway',
    RouteTableIds: ref('RouteTableIds'),
    ...(policy.length > 0 && { PolicyDocument: policyDocument(policy) }),
    ...tags,
  },
});

const policyDocument = (statements: readonly ResourcePolicyStatement[]): object => ({
  Version: '2012-10-17',
  Statement: statements.map(({ sid, effect, principal, actions, resources: on, except }) => ({
    ...(sid && { Sid: sid }),
    Effect: effect,
    Principal: principal === '*' ? '*' : { AWS: principal },
    Action: actions,
    Resource: on,
    ...(except && {
      Condition: {
        ArnNotLike: { [principalKey]: ref('BreakGlassPrincipalArns') },
        ArnNotEquals: { [principalKey]: except },
      },
    }),
  })),
});

function outputs(model: AwsModel): Readonly<Record<string, object>> {
  const arn = (kind: string, name: string): [string, object] => {
    const id = logicalId(kind, name);
    return [`${id}Arn`, { Value: kind === 'Secret' ? ref(id) : arnOf(id) }];
  };
  return Object.fromEntries([
    ...model.tables.map(({ name }) => arn('Table', name)),
    ...model.keys.map(({ name }) => arn('Key', name)),
    ...model.secrets.map(({ name }) => arn('Secret', name)),
    ...model.roles.map(({ name }) => arn('Role', name)),
    ...model.backups.map(({ name }): [string, object] => [
      `${logicalId('BackupVault', name)}Arn`,
      { Value: { 'Fn::GetAtt': [logicalId('BackupVault', name), 'BackupVaultArn'] } },
    ]),
  ]);
}
