import { type AwsEnvironment, iamArn, partitionOf, regionCheck } from '../../app/aws/environment';
import { checkDataKey, kmsKeyArn } from '../../app/aws/kms';
import { label, logicalId } from '../../app/aws/labels';
import type { RequiredSecret } from '../../app/aws/requirement';
import { booleanCheck, type Checks } from '../../app/validation/check';
import type { KnownProps, Problems } from '../../app/validation/problems';
import type { AwsResource, NamedPolicies, Templates, TemplateTags } from '../aws-resource';
import { arnOutputs, byLogicalId, ref, resourcePolicyDocument, retain } from '../cloudformation-syntax';
import type { EnvironmentRequirements } from '../environment-requirements';
import type { ResourcePolicyStatement } from '../resource-policy';
import { arnOutput, type Blocks, byName, policyJson, preventDestroy, terraformTags } from '../terraform-syntax';

/** The secrets of custody. */
export interface SecretProps {
  /**
   * Whether each secret itself denies reading it (`GetSecretValue`, also through `BatchGetSecretValue`), copying it to other regions, deleting it, and changing or
   * deleting this policy to everybody but who may break glass and the account's root user. The init Job writes it all the same. Whoever deploys a later change of
   * this policy, also with CloudFormation or Terraform, must be among those who may break glass.
   * @default true
   */
  readonly restrictAccess?: boolean;
  /**
   * Other regions that get a copy of each secret, with its policy, for the day on which this region is gone. With `restrictAccess` who may break glass alone adds
   * one later.
   * @default none
   */
  readonly replicas?: readonly SecretReplica[];
}

/** A copy of a secret in another region. */
export interface SecretReplica {
  /** The region. */
  readonly region: string;
  /**
   * The id or ARN of a key of yours in that region which encrypts the copy.
   * @default the key that AWS manages for Secrets Manager
   */
  readonly kmsKey?: string;
}

const checks: Checks<Omit<SecretProps, 'replicas'>> = { restrictAccess: booleanCheck };

interface Secret {
  readonly name: string;
  /** The ARN of the key that encrypts it; AWS's own where undefined. */
  readonly kmsKey?: string;
  readonly replicas: readonly SecretReplica[];
  /** Empty where the secret has no policy of its own. */
  readonly policy: readonly ResourcePolicyStatement[];
}

/** The secrets of custody, made empty. Those that custody names by ARN exist. */
export class Secrets implements AwsResource {
  constructor(
    private readonly environment: EnvironmentRequirements,
    private readonly props: SecretProps | 'existing' = {},
  ) {}

  validate(problems: Problems): void {
    if (!problems.isGroup('secrets', this.props, 'existing')) return;
    problems.checkAll('secrets', this.props, checks, 'replicas');
    for (const [at, replica] of problems.listed('secrets.replicas', this.props.replicas)) this.checkReplica(problems, at, replica);
  }

  private checkReplica(problems: Problems, at: string, replica: SecretReplica): void {
    const { aws } = this.environment;
    problems.checkNames(at, replica, { region: true, kmsKey: true } satisfies KnownProps<SecretReplica>);
    if (!problems.require(`${at}.region`, replica.region, regionCheck) || aws === undefined) return;
    if (replica.region === aws.region || partitionOf(replica.region) !== partitionOf(aws.region))
      problems.refuse(
        `${at}.region`,
        replica.region,
        `other regions of partition ${partitionOf(aws.region)}`,
        'name another, or leave it out',
      );
    checkDataKey(problems, `${at}.kmsKey`, replica.kmsKey, {
      aws: { ...aws, region: replica.region },
      unsealKeys: this.environment.ofType('key').map(({ name }) => name),
      why: 'who reads the copy would need the key that unseals: take another',
    });
  }

  get policies(): NamedPolicies {
    return this.models.map(({ name, policy }) => [`secret_${name}`, policy]);
  }

  terraform(): Readonly<Record<string, Blocks>> {
    return {
      aws_secretsmanager_secret: byName(this.models, terraformSecret),
      aws_secretsmanager_secret_policy: byName(this.restricted, terraformSecretPolicy),
    };
  }

  terraformOutputs(): Blocks {
    return { secret_arns: arnOutput('aws_secretsmanager_secret', this.models) };
  }

  cloudFormation({ list }: TemplateTags): Templates {
    return {
      ...byLogicalId('Secret', this.models, item => templateSecret(item, list)),
      ...byLogicalId('SecretPolicy', this.restricted, templateSecretPolicy),
    };
  }

  cloudFormationOutputs(): Templates {
    return arnOutputs('Secret', this.models, ref);
  }

  private get models(): readonly Secret[] {
    const { aws } = this.environment;
    const { props } = this;
    if (props === 'existing' || aws === undefined) return [];
    return this.environment.ofType('secret').map(required => secretModel(required, props, aws));
  }

  private get restricted(): readonly Secret[] {
    return this.models.filter(({ policy }) => policy.length > 0);
  }
}

/** Whoever reads the recovery keys makes root tokens: that is for those who may break glass, and for the account's root user. */
const secretModel = ({ name, kmsKey }: RequiredSecret, props: SecretProps, aws: AwsEnvironment): Secret => ({
  name,
  ...(kmsKey === undefined ? {} : { kmsKey: kmsKeyArn(kmsKey, aws) }),
  replicas: (props.replicas ?? []).map(({ region, kmsKey: key }) => ({
    region,
    ...(key === undefined ? {} : { kmsKey: kmsKeyArn(key, { ...aws, region }) }),
  })),
  policy:
    (props.restrictAccess ?? true)
      ? [
          {
            sid: 'BreakGlass',
            effect: 'Deny',
            principal: '*',
            // BatchGetSecretValue asks for GetSecretValue on each secret (Secrets Manager API reference, "BatchGetSecretValue")
            actions: ['DeleteResourcePolicy', 'DeleteSecret', 'GetSecretValue', 'PutResourcePolicy', 'ReplicateSecretToRegions'].map(
              action => `secretsmanager:${action}`,
            ),
            // the secret that the policy is on, and its replicas, which get the policy too (Secrets Manager User Guide, "Replicate a secret")
            resources: ['*'],
            except: [iamArn(aws, 'root')],
          },
        ]
      : [],
});

const terraformSecret = ({ name, kmsKey, replicas }: Secret): object => ({
  name,
  description: 'Recovery keys of Vault, written by its init Job',
  ...(kmsKey && { kms_key_id: kmsKey }),
  ...(replicas.length > 0 && { replica: replicas.map(({ region, kmsKey: key }) => ({ region, ...(key && { kms_key_id: key }) })) }),
  tags: terraformTags,
  lifecycle: preventDestroy,
});

const terraformSecretPolicy = ({ name }: Secret): object => ({
  secret_arn: `\${aws_secretsmanager_secret.${label(name)}.arn}`,
  policy: policyJson(`secret_${name}`),
  lifecycle: preventDestroy,
});

const templateSecret = ({ name, kmsKey, replicas }: Secret, tags: object): object => ({
  Type: 'AWS::SecretsManager::Secret',
  ...retain,
  Properties: {
    Name: name,
    Description: 'Recovery keys of Vault, written by its init Job',
    ...(kmsKey && { KmsKeyId: kmsKey }),
    ...(replicas.length > 0 && {
      ReplicaRegions: replicas.map(({ region, kmsKey: key }) => ({ Region: region, ...(key && { KmsKeyId: key }) })),
    }),
    ...tags,
  },
});

/** Kept with its secret: a stack that is deleted leaves both, and whoever deletes it need not break glass. */
const templateSecretPolicy = ({ name, policy }: Secret): object => ({
  Type: 'AWS::SecretsManager::ResourcePolicy',
  ...retain,
  Properties: { SecretId: ref(logicalId('Secret', name)), ResourcePolicy: resourcePolicyDocument(policy) },
});
