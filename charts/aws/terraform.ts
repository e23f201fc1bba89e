import { omitUndefined } from '../app/kubernetes/omit-undefined';
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
import { label } from './names';
import { principalKey, type ResourcePolicyStatement } from './resource-policy';

/** Blocks of one type, or of one type and label, in Terraform's JSON syntax (Terraform documentation, "JSON Configuration Syntax"). */
type Blocks = Readonly<Record<string, object>>;

const tags = `\${local.tags}`;
const forever = { prevent_destroy: true };

/** A module: its files, by their names without ".tf.json". Checks keep "${" out of every name; statements may hold it. */
export function terraform(model: AwsModel): Readonly<Record<string, object>> {
  const watched = model.backups.filter(({ failureTopic }) => failureTopic !== undefined);
  const resource: Readonly<Record<string, Blocks>> = {
    aws_dynamodb_table: byName(model.tables, table),
    aws_dynamodb_resource_policy: byName(
      model.tables.filter(({ policy }) => policy.length > 0),
      tablePolicy,
    ),
    aws_appautoscaling_target: byName(model.scalings, scalableTarget),
    aws_appautoscaling_policy: byName(model.scalings, scalingPolicy),
    aws_kms_key: byName(model.keys, key),
    aws_kms_alias: byName(model.keys, alias),
    aws_secretsmanager_secret: byName(model.secrets, secret),
    aws_secretsmanager_secret_policy: byName(
      model.secrets.filter(({ policy }) => policy.length > 0),
      secretPolicy,
    ),
    aws_iam_role: byName(model.roles, role),
    aws_iam_role_policy: byName(model.roles, rolePolicy),
    aws_backup_vault: byName(model.backups, backupVault),
    aws_backup_plan: byName(model.backups, backupPlan),
    aws_backup_selection: byName(model.backups, backupSelection),
    aws_cloudwatch_event_rule: byName(watched, failureRule),
    aws_cloudwatch_event_target: byName(watched, failureTarget),
    aws_vpc_endpoint: model.endpoint === undefined ? {} : { dynamodb: endpoint(model.endpoint) },
  };
  return {
    versions: { terraform: { required_version: '>= 1.5', required_providers: { aws: { source: 'hashicorp/aws', version: '>= 6.0' } } } },
    variables: { variable: variables(model) },
    main: {
      locals: { own_tags: model.tags, tags: `\${merge(local.own_tags, var.tags)}` },
      data: present({ ...place(model), aws_iam_policy_document: policies(model) }),
      resource: present(resource),
    },
    outputs: { output: outputs(model) },
  };
}

const byName = <T extends { readonly name: string }>(items: readonly T[], block: (item: T) => object): Blocks =>
  Object.fromEntries(items.map(item => [label(item.name), block(item)]));

const present = (blocks: Readonly<Record<string, Blocks>>): Readonly<Record<string, Blocks>> =>
  Object.fromEntries(Object.entries(blocks).filter(([, block]) => Object.keys(block).length > 0));

/** Plans fail in another account or region than the one that the names and ARNs of the YAML are of. */
const place = ({ accountId, region }: AwsModel): Readonly<Record<string, Blocks>> => ({
  aws_caller_identity: { current: { lifecycle: { postcondition: only('account_id', accountId) } } },
  aws_region: { current: { lifecycle: { postcondition: only('region', region) } } },
});

const only = (attribute: string, value: string): object => ({
  condition: `\${self.${attribute} == "${value}"}`,
  error_message: `This module is made for ${value}: take a provider of it, or change aws in main.ts.`,
});

function variables(model: AwsModel): Blocks {
  return {
    ...(needsBreakGlass(model) && {
      break_glass_principal_arns: {
        type: 'list(string)',
        description: `${breakGlass(model).description}.`,
        validation: {
          condition: `\${length(var.break_glass_principal_arns) > 0 && alltrue([for arn in var.break_glass_principal_arns : can(regex("${breakGlass(model).pattern}", arn))])}`,
          error_message: `Name at least one role or user by its ARN, such as ${breakGlass(model).example}.`,
        },
      },
    }),
    ...(model.endpoint !== undefined && {
      vpc_id: { type: 'string', description: "The cluster's VPC." },
      route_table_ids: {
        type: 'list(string)',
        description: "The route tables of the cluster's subnets, for the gateway endpoint of DynamoDB.",
      },
    }),
    tags: { type: 'map(string)', default: {}, description: 'Tags of everything, besides those of main.ts.' },
  };
}

const table = ({ name, capacity, pointInTimeRecovery, deletionProtection, kmsKey }: Table): object => ({
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
  tags,
  // autoscaling may change the capacity
  lifecycle: { ...forever, ...(capacity && { ignore_changes: ['read_capacity', 'write_capacity'] }) },
});

const tablePolicy = ({ name }: Table): object => ({
  resource_arn: `\${aws_dynamodb_table.${label(name)}.arn}`,
  policy: json(`table_${name}`),
});

const scalableTarget = ({ table: name, dimension, min, max, role: roleArn }: Scaling): object => ({
  service_namespace: 'dynamodb',
  resource_id: `table/\${aws_dynamodb_table.${label(name)}.name}`,
  scalable_dimension: `dynamodb:table:${dimension}CapacityUnits`,
  min_capacity: min,
  max_capacity: max,
  role_arn: roleArn,
});

const scalingPolicy = ({ name, dimension, target }: Scaling): object => {
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

const key = ({ name, rotationDays, multiRegion }: Key): object => ({
  description: `Unseals Vault (alias/${name})`,
  enable_key_rotation: true,
  rotation_period_in_days: rotationDays,
  ...(multiRegion && { multi_region: true }),
  deletion_window_in_days: 30,
  policy: json(`key_${name}`),
  // who deploys need not be one who may break glass
  bypass_policy_lockout_safety_check: true,
  tags,
  lifecycle: forever,
});

const alias = ({ name }: Key): object => ({
  name: `alias/${name}`,
  target_key_id: `\${aws_kms_key.${label(name)}.key_id}`,
  lifecycle: forever,
});

const secret = ({ name, kmsKey }: Secret): object => ({
  name,
  description: 'Recovery keys of Vault, written by its init Job',
  ...(kmsKey && { kms_key_id: kmsKey }),
  tags,
  lifecycle: forever,
});

const secretPolicy = ({ name }: Secret): object => ({
  secret_arn: `\${aws_secretsmanager_secret.${label(name)}.arn}`,
  policy: json(`secret_${name}`),
  lifecycle: forever,
});

const role = ({ name, path, maxSessionSeconds }: Role): object => ({
  name,
  path,
  ...omitUndefined({ max_session_duration: maxSessionSeconds }),
  assume_role_policy: file(`${name}.trust.json`),
  tags,
});

const rolePolicy = ({ name }: Role): object => ({
  name,
  role: `\${aws_iam_role.${label(name)}.id}`,
  policy: file(`${name}.policy.json`),
});

const backupVault = ({ name }: Backup): object => ({ name, tags, lifecycle: forever });

const backupPlan = ({ name, schedule, retentionDays }: Backup): object => ({
  name,
  rule: {
    rule_name: name,
    target_vault_name: `\${aws_backup_vault.${label(name)}.name}`,
    schedule,
    start_window: backupWindows.start,
    completion_window: backupWindows.completion,
    lifecycle: { delete_after: retentionDays },
  },
  tags,
});

const backupSelection = ({ name, role: roleName, tableArn }: Backup): object => ({
  name,
  plan_id: `\${aws_backup_plan.${label(name)}.id}`,
  iam_role_arn: `\${aws_iam_role.${label(roleName)}.arn}`,
  resources: [tableArn],
});

const failureRule = ({ name }: Backup): object => ({
  name: failureRuleName(name),
  description: `Backups of the table ${name} that failed`,
  event_pattern: JSON.stringify(failurePattern(name)),
  tags,
});

const failureTarget = ({ name, failureTopic }: Backup): object => ({
  rule: `\${aws_cloudwatch_event_rule.${label(name)}.name}`,
  target_id: 'topic',
  arn: failureTopic,
});

const endpoint = ({ service, policy }: Endpoint): object => ({
  vpc_id: `\${var.vpc_id}`,
  service_name: service,
  vpc_endpoint_type: 'Gateway',
  route_table_ids: `\${var.route_table_ids}`,
  ...(policy.length > 0 && { policy: json('endpoint') }),
  tags,
});

/** A document of `dist/aws/iam`: what reviewers read there is what is applied. */
const file = (name: string): string => `\${file("\${path.module}/../iam/${name}")}`;

const json = (name: string): string => `\${data.aws_iam_policy_document.${label(name)}.json}`;

/** The policies on resources; who may break glass is a variable, so no file of `dist/aws/iam` can hold them. */
function policies(model: AwsModel): Blocks {
  const all: readonly [string, readonly ResourcePolicyStatement[]][] = [
    ...model.tables.map(({ name, policy }) => [`table_${name}`, policy] as const),
    ...model.keys.map(({ name, policy }) => [`key_${name}`, policy] as const),
    ...model.secrets.map(({ name, policy }) => [`secret_${name}`, policy] as const),
    ['endpoint', model.endpoint?.policy ?? []] as const,
  ].map(([name, policy]) => [label(name), policy]);
  return Object.fromEntries(
    all.filter(([, policy]) => policy.length > 0).map(([name, policy]) => [name, { statement: policy.map(statement) }]),
  );
}

/** IAM's own variables, such as "${aws:PrincipalTag/team}", are none of Terraform's. */
const literal = (text: string): string => text.replace(/[$%](?=\{)/g, sign => sign + sign);

const statement = ({ sid, effect, principal, actions, resources, except }: ResourcePolicyStatement): object => ({
  ...(sid && { sid }),
  effect,
  principals: { type: principal === '*' ? '*' : 'AWS', identifiers: [principal] },
  actions,
  resources: resources.map(literal),
  ...(except && {
    condition: [
      { test: 'ArnNotLike', variable: principalKey, values: `\${var.break_glass_principal_arns}` },
      { test: 'ArnNotEquals', variable: principalKey, values: except },
    ],
  }),
});

function outputs(model: AwsModel): Blocks {
  const arns = (names: readonly string[], type: string): object => ({
    value: Object.fromEntries(names.map(name => [name, `\${${type}.${label(name)}.arn}`])),
  });
  return {
    table_arns: arns(
      model.tables.map(({ name }) => name),
      'aws_dynamodb_table',
    ),
    key_arns: arns(
      model.keys.map(({ name }) => name),
      'aws_kms_key',
    ),
    secret_arns: arns(
      model.secrets.map(({ name }) => name),
      'aws_secretsmanager_secret',
    ),
    role_arns: arns(
      model.roles.map(({ name }) => name),
      'aws_iam_role',
    ),
    backup_vault_arns: arns(
      model.backups.map(({ name }) => name),
      'aws_backup_vault',
    ),
  };
}
