import type { Manifest } from '../support/render';
import { type Files, json, template, terraformModule } from './support';

// One form for what both documents describe, read from the documents alone.

/** By kind and name, with everything that AWS is told of it. */
export type NormalForm = Readonly<Record<string, Manifest>>;

const breakGlass = 'who may break glass';
const list = (value: Manifest): Manifest[] => (Array.isArray(value) ? value : [value]);

/** A statement of a policy document, however it is nested. */
function statement({ Sid: sid, Effect: effect, Principal: principal, Action, Resource, Condition = {} }: Manifest): Manifest {
  const conditions = Object.entries<Manifest>(Condition).flatMap(([operator, keys]) =>
    Object.entries<Manifest>(keys).map(([key, values]) => [`${operator} ${key}`, values?.Ref === undefined ? list(values) : breakGlass]),
  );
  const who = principal === undefined || principal === '*' ? principal : Object.entries(principal);
  return { sid, effect, who, actions: list(Action), resources: list(Resource), conditions: Object.fromEntries(conditions) };
}
const policy = (document: Manifest): Manifest[] | undefined => document?.Statement.map(statement);

export function fromCloudFormation(files: Files): NormalForm {
  const { Resources: resources } = template(files);
  const found: Record<string, Manifest> = {};
  const kept = ({ DeletionPolicy, UpdateReplacePolicy }: Manifest) => DeletionPolicy === 'Retain' && UpdateReplacePolicy === 'Retain';
  const tags = (given: Manifest) => Object.fromEntries((given ?? []).map(({ Key, Value }: Manifest) => [Key, Value]));
  const nameOf = (reference: Manifest): string => {
    const { Properties: p } = resources[reference.Ref ?? reference['Fn::GetAtt'][0]];
    return p.RoleName ?? p.TableName ?? p.Name ?? p.BackupVaultName ?? p.BackupPlan?.BackupPlanName ?? p.Description;
  };
  const scaled = ({ Properties: { ResourceId, ScalableDimension } }: Manifest): string => {
    const [separator, [kind, table]] = ResourceId['Fn::Join'];
    return `${kind}${separator}${nameOf(table)} ${ScalableDimension}`;
  };
  for (const resource of Object.values<Manifest>(resources)) {
    const { Type: type, Properties: p } = resource;
    switch (type) {
      case 'AWS::DynamoDB::Table':
        found[`table ${p.TableName}`] = {
          kept: kept(resource),
          billing: p.BillingMode,
          capacity: [p.ProvisionedThroughput?.ReadCapacityUnits, p.ProvisionedThroughput?.WriteCapacityUnits],
          attributes: p.AttributeDefinitions.map(({ AttributeName, AttributeType }: Manifest) => [AttributeName, AttributeType]),
          keys: p.KeySchema.map(({ AttributeName }: Manifest) => AttributeName),
          pointInTimeRecovery: p.PointInTimeRecoverySpecification.PointInTimeRecoveryEnabled,
          protected: p.DeletionProtectionEnabled,
          key: p.SSESpecification?.SSEEnabled ? p.SSESpecification.KMSMasterKeyId : undefined,
          policy: policy(p.ResourcePolicy?.PolicyDocument),
          tags: tags(p.Tags),
        };
        break;
      case 'AWS::KMS::Key':
        found[`key ${p.Description}`] = {
          kept: kept(resource),
          rotation: [p.EnableKeyRotation, p.RotationPeriodInDays],
          window: p.PendingWindowInDays,
          policy: policy(p.KeyPolicy),
          multiRegion: p.MultiRegion,
          bypass: p.BypassPolicyLockoutSafetyCheck,
          tags: tags(p.Tags),
        };
        break;
      case 'AWS::KMS::Alias':
        found[`alias ${p.AliasName}`] = { kept: kept(resource), key: nameOf(p.TargetKeyId) };
        break;
      case 'AWS::SecretsManager::Secret':
        found[`secret ${p.Name}`] = {
          kept: kept(resource),
          description: p.Description,
          key: p.KmsKeyId,
          replicas: (p.ReplicaRegions ?? []).map(({ Region, KmsKeyId }: Manifest) => [Region, KmsKeyId]),
          tags: tags(p.Tags),
        };
        break;
      case 'AWS::SecretsManager::ResourcePolicy':
        found[`secret policy ${nameOf(p.SecretId)}`] = { kept: kept(resource), policy: policy(p.ResourcePolicy) };
        break;
      case 'AWS::ApplicationAutoScaling::ScalableTarget':
        found[`scalable target ${scaled(resource)}`] = {
          service: p.ServiceNamespace,
          range: [p.MinCapacity, p.MaxCapacity],
          role: p.RoleARN,
        };
        break;
      case 'AWS::ApplicationAutoScaling::ScalingPolicy': {
        const { TargetValue, PredefinedMetricSpecification } = p.TargetTrackingScalingPolicyConfiguration;
        found[`scaling policy ${p.PolicyName}`] = {
          type: p.PolicyType,
          scales: scaled(resources[p.ScalingTargetId.Ref]),
          target: TargetValue,
          metric: PredefinedMetricSpecification.PredefinedMetricType,
        };
        break;
      }
      case 'AWS::Events::Rule':
        found[`event rule ${p.Name}`] = {
          description: p.Description,
          pattern: p.EventPattern,
          targets: p.Targets.map(({ Arn }: Manifest) => Arn),
          tags: tags(p.Tags),
        };
        break;
      case 'AWS::IAM::Role':
        found[`role ${p.RoleName}`] = {
          path: p.Path,
          maxSession: p.MaxSessionDuration,
          trust: policy(p.AssumeRolePolicyDocument),
          tags: tags(p.Tags),
        };
        break;
      case 'AWS::IAM::Policy':
        found[`policy ${p.PolicyName}`] = { roles: p.Roles.map(nameOf), policy: policy(p.PolicyDocument) };
        break;
      case 'AWS::Backup::BackupVault':
        found[`backup vault ${p.BackupVaultName}`] = {
          kept: kept(resource),
          key: p.EncryptionKeyArn,
          lock: p.LockConfiguration && [
            p.LockConfiguration.MinRetentionDays,
            p.LockConfiguration.MaxRetentionDays,
            p.LockConfiguration.ChangeableForDays,
          ],
          tags: p.BackupVaultTags ?? {},
        };
        break;
      case 'AWS::Backup::BackupPlan':
        found[`backup plan ${p.BackupPlan.BackupPlanName}`] = {
          rules: p.BackupPlan.BackupPlanRule.map((rule: Manifest) => [
            rule.RuleName,
            nameOf(rule.TargetBackupVault),
            rule.ScheduleExpression,
            rule.Lifecycle.DeleteAfterDays,
          ]),
          copies: p.BackupPlan.BackupPlanRule.flatMap(({ CopyActions = [] }: Manifest) =>
            CopyActions.map(({ DestinationBackupVaultArn, Lifecycle }: Manifest) => [DestinationBackupVaultArn, Lifecycle.DeleteAfterDays]),
          ),
          tags: p.BackupPlanTags ?? {},
        };
        break;
      case 'AWS::Backup::BackupSelection':
        found[`backup selection ${p.BackupSelection.SelectionName}`] = {
          plan: nameOf(p.BackupPlanId),
          role: nameOf(p.BackupSelection.IamRoleArn),
          resources: p.BackupSelection.Resources,
        };
        break;
      case 'AWS::EC2::VPCEndpoint':
        found[`endpoint ${p.ServiceName}`] = {
          type: p.VpcEndpointType,
          given: [p.VpcId, p.RouteTableIds].map(({ Ref }: Manifest) => Ref.toLowerCase()),
          policy: policy(p.PolicyDocument),
          tags: tags(p.Tags),
        };
        break;
      default:
        throw new Error(`no normal form for ${type}: add it to both halves of test/aws/normal-form.ts`);
    }
  }
  return found;
}

export function fromTerraform(files: Files): NormalForm {
  const { data, locals, resource: resources } = terraformModule(files);
  const found: Record<string, Manifest> = {};
  const kept = ({ lifecycle }: Manifest) => lifecycle?.prevent_destroy === true;
  const tags = (text: Manifest) => {
    if (text !== `\${local.tags}`) throw new Error(`tags: ${text}`);
    return locals.own_tags;
  };
  /** The block that a reference such as "${aws_iam_role.x.arn}" names. */
  const block = (reference: string): Manifest => {
    const [, type = '', label = ''] = /^\$\{(\w+)\.(\w+)\.\w+\}$/.exec(reference) ?? [];
    return resources[type][label];
  };
  const file = (text: string): Manifest =>
    policy(json(files, /^\$\{file\("\$\{path\.module\}\/\.\.\/(iam\/[^"]+)"\)\}$/.exec(text)?.[1] ?? ''));
  const document = (reference: string): Manifest => {
    const label = /^\$\{data\.aws_iam_policy_document\.(\w+)\.json\}$/.exec(reference)?.[1] ?? '';
    return data.aws_iam_policy_document[label].statement.map(
      ({ sid, effect, principals, actions, resources: on, condition }: Manifest) => ({
        sid,
        effect,
        who: principals.type === '*' ? '*' : [[principals.type, principals.identifiers.join()]],
        actions,
        resources: on,
        conditions: Object.fromEntries(
          (condition ?? []).map(({ test, variable, values }: Manifest) => [
            `${test} ${variable}`,
            values === `\${var.break_glass_principal_arns}` ? breakGlass : values,
          ]),
        ),
      }),
    );
  };
  const scaled = ({ resource_id: id, scalable_dimension: dimension }: Manifest): string =>
    `${id.replace(/\$\{.*\}/, (reference: string) => block(reference).name)} ${dimension}`;
  for (const [type, blocks] of Object.entries<Manifest>(resources))
    for (const r of Object.values<Manifest>(blocks))
      switch (type) {
        case 'aws_dynamodb_table': {
          const itsPolicy = Object.values<Manifest>(resources.aws_dynamodb_resource_policy ?? {}).find(
            ({ resource_arn: arn }) => block(arn) === r,
          );
          found[`table ${r.name}`] = {
            kept: kept(r),
            billing: r.billing_mode,
            capacity: [r.read_capacity, r.write_capacity],
            attributes: r.attribute.map(({ name, type: kind }: Manifest) => [name, kind]),
            keys: [r.hash_key, r.range_key],
            pointInTimeRecovery: r.point_in_time_recovery.enabled,
            protected: r.deletion_protection_enabled,
            key: r.server_side_encryption?.enabled ? r.server_side_encryption.kms_key_arn : undefined,
            policy: itsPolicy && document(itsPolicy.policy),
            tags: tags(r.tags),
          };
          break;
        }
        case 'aws_dynamodb_resource_policy': // part of its table
          break;
        case 'aws_kms_key':
          found[`key ${r.description}`] = {
            kept: kept(r),
            rotation: [r.enable_key_rotation, r.rotation_period_in_days],
            window: r.deletion_window_in_days,
            policy: document(r.policy),
            multiRegion: r.multi_region,
            bypass: r.bypass_policy_lockout_safety_check,
            tags: tags(r.tags),
          };
          break;
        case 'aws_kms_alias':
          found[`alias ${r.name}`] = { kept: kept(r), key: block(r.target_key_id).description };
          break;
        case 'aws_secretsmanager_secret':
          found[`secret ${r.name}`] = {
            kept: kept(r),
            description: r.description,
            key: r.kms_key_id,
            replicas: (r.replica ?? []).map(({ region, kms_key_id: key }: Manifest) => [region, key]),
            tags: tags(r.tags),
          };
          break;
        case 'aws_secretsmanager_secret_policy':
          found[`secret policy ${block(r.secret_arn).name}`] = { kept: kept(r), policy: document(r.policy) };
          break;
        case 'aws_appautoscaling_target':
          found[`scalable target ${scaled(r)}`] = {
            service: r.service_namespace,
            range: [r.min_capacity, r.max_capacity],
            role: r.role_arn,
          };
          break;
        case 'aws_appautoscaling_policy': {
          const { target_value: target, predefined_metric_specification: metric } = r.target_tracking_scaling_policy_configuration;
          found[`scaling policy ${r.name}`] = {
            type: r.policy_type,
            scales: scaled(block(r.resource_id)),
            target,
            metric: metric.predefined_metric_type,
          };
          break;
        }
        case 'aws_cloudwatch_event_rule':
          found[`event rule ${r.name}`] = {
            description: r.description,
            pattern: JSON.parse(r.event_pattern),
            targets: Object.values<Manifest>(resources.aws_cloudwatch_event_target)
              .filter(({ rule }) => block(rule) === r)
              .map(({ arn }) => arn),
            tags: tags(r.tags),
          };
          break;
        case 'aws_cloudwatch_event_target': // part of its rule
          break;
        case 'aws_iam_role':
          found[`role ${r.name}`] = {
            path: r.path,
            maxSession: r.max_session_duration,
            trust: file(r.assume_role_policy),
            tags: tags(r.tags),
          };
          break;
        case 'aws_iam_role_policy':
          found[`policy ${r.name}`] = { roles: [block(r.role).name], policy: file(r.policy) };
          break;
        case 'aws_backup_vault': {
          const lock = Object.values<Manifest>(resources.aws_backup_vault_lock_configuration ?? {}).find(
            ({ backup_vault_name: vault }) => block(vault) === r,
          );
          found[`backup vault ${r.name}`] = {
            kept: kept(r),
            key: r.kms_key_arn,
            lock: lock && [lock.min_retention_days, lock.max_retention_days, lock.changeable_for_days],
            tags: tags(r.tags),
          };
          break;
        }
        case 'aws_backup_vault_lock_configuration': // part of its vault
          break;
        case 'aws_backup_plan':
          found[`backup plan ${r.name}`] = {
            rules: list(r.rule).map((rule: Manifest) => [
              rule.rule_name,
              block(rule.target_vault_name).name,
              rule.schedule,
              rule.lifecycle.delete_after,
            ]),
            copies: list(r.rule).flatMap(({ copy_action: copy }: Manifest) =>
              copy === undefined ? [] : [[copy.destination_vault_arn, copy.lifecycle.delete_after]],
            ),
            tags: tags(r.tags),
          };
          break;
        case 'aws_backup_selection':
          found[`backup selection ${r.name}`] = { plan: block(r.plan_id).name, role: block(r.iam_role_arn).name, resources: r.resources };
          break;
        case 'aws_vpc_endpoint':
          found[`endpoint ${r.service_name}`] = {
            type: r.vpc_endpoint_type,
            given: [r.vpc_id, r.route_table_ids].map((text: string) => text.replace(/^\$\{var\.(\w+)\}$/, '$1').replaceAll('_', '')),
            policy: r.policy && document(r.policy),
            tags: tags(r.tags),
          };
          break;
        default:
          throw new Error(`no normal form for ${type}: add it to both halves of test/aws/normal-form.ts`);
      }
  return found;
}
