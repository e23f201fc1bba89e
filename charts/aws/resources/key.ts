import { type AwsEnvironment, iamArn } from '../../app/aws/environment';
import type { IamRole } from '../../app/aws/iam-role';
import { label, logicalId } from '../../app/aws/labels';
import { booleanCheck, type Checks, integer } from '../../app/validation/check';
import type { Problems } from '../../app/validation/problems';
import type { AwsResource, NamedPolicies, Templates, TemplateTags } from '../aws-resource';
import { arnOutputs, byLogicalId, ref, resourcePolicyDocument, retain } from '../cloudformation-syntax';
import type { EnvironmentRequirements } from '../environment-requirements';
import type { ResourcePolicyStatement } from '../resource-policy';
import { arnOutput, type Blocks, byName, policyJson, preventDestroy, terraformTags } from '../terraform-syntax';

/** The unseal key. */
export interface KeyProps {
  /**
   * Days between rotations of the key's material, 90 to 2560 (AWS KMS API reference, "EnableKeyRotation"). Rotation changes nothing for Vault.
   * @default 365
   */
  readonly rotationDays?: number;
  /**
   * Whether the key itself denies decrypting, re-encrypting and granting (`Decrypt`, `ReEncrypt*`, `CreateGrant`; of a multi-Region key `ReplicateKey` too, since
   * a replica has a policy of its own) to everybody but Vault's roles and who may break glass: administrators of the account and its root user too. A role that is
   * given to Vault later unseals once who may break glass has deployed the key's policy anew.
   * @default false
   */
  readonly restrictAccess?: boolean;
  /**
   * Whether the key is a multi-Region primary key, which can be replicated to other regions; no replica is made. It can never be changed (AWS KMS Developer
   * Guide, "Multi-Region keys in AWS KMS"): CloudFormation fails the update, and Terraform refuses to replace the key.
   * @default false
   */
  readonly multiRegion?: boolean;
}

const defaultRotationDays = 365;

const checks: Checks<KeyProps> = {
  rotationDays: integer(90, 2560, 'write a number of days, such as 365'),
  restrictAccess: booleanCheck,
  multiRegion: booleanCheck,
};

interface Key {
  /** The alias without "alias/". */
  readonly name: string;
  readonly rotationDays: number;
  readonly multiRegion: boolean;
  readonly policy: readonly ResourcePolicyStatement[];
}

/** The unseal keys that have an alias, and those aliases. A key that is named by its id exists. */
export class Keys implements AwsResource {
  constructor(
    private readonly environment: EnvironmentRequirements,
    private readonly props: KeyProps | 'existing' | undefined,
  ) {}

  validate(problems: Problems): void {
    const { props } = this;
    if (!problems.isGroup('key', props, 'existing')) return;
    problems.checkAll('key', props, checks);
    if (this.environment.aws !== undefined && this.environment.ofType('key').every(({ exists }) => exists))
      problems.refuse(
        'key',
        props,
        'nothing where seal.kmsKeyId names a key by its id',
        'leave it out, or let seal.kmsKeyId name an alias',
      );
  }

  get policies(): NamedPolicies {
    return this.models.map(({ name, policy }) => [`key_${name}`, policy]);
  }

  terraform(): Readonly<Record<string, Blocks>> {
    return { aws_kms_key: byName(this.models, terraformKey), aws_kms_alias: byName(this.models, terraformAlias) };
  }

  terraformOutputs(): Blocks {
    return { key_arns: arnOutput('aws_kms_key', this.models) };
  }

  cloudFormation({ list }: TemplateTags): Templates {
    return {
      ...byLogicalId('Key', this.models, item => templateKey(item, list)),
      ...byLogicalId('Alias', this.models, templateAlias),
    };
  }

  cloudFormationOutputs(): Templates {
    return arnOutputs('Key', this.models);
  }

  private get models(): readonly Key[] {
    const { aws, roles } = this.environment;
    const props = this.props ?? {};
    if (props === 'existing' || aws === undefined) return [];
    const made = this.environment.ofType('key').filter(({ exists }) => !exists);
    return made.map(({ name }) => {
      const users = roles.filter(role => usesKey(role, name)).map(({ arn }) => arn);
      return keyModel(name, props, aws, users);
    });
  }
}

/** Whether a role uses the key under an alias. */
const usesKey = (role: IamRole, alias: string): boolean =>
  role
    .statements()
    .some(({ conditions }) => [conditions?.['ForAnyValue:StringEquals']?.['kms:ResourceAliases'] ?? []].flat().includes(alias));

/** Whoever loses the key loses the Vault: what ends it is for those who may break glass, and for the account's root user. */
function keyModel(alias: string, props: KeyProps, aws: AwsEnvironment, users: readonly string[]): Key {
  const root = iamArn(aws, 'root');
  const multiRegion = props.multiRegion ?? false;
  return {
    name: alias.replace(/^alias\//, ''),
    rotationDays: props.rotationDays ?? defaultRotationDays,
    multiRegion,
    policy: [
      // without it no IAM policy counts (KMS Developer Guide, "Default key policy")
      { sid: 'IamPolicies', effect: 'Allow', principal: root, actions: ['kms:*'], resources: ['*'] },
      {
        sid: 'BreakGlass',
        effect: 'Deny',
        principal: '*',
        // the alias too: roles use the key by it (KMS Developer Guide, "Control access to aliases")
        actions: ['DeleteAlias', 'DisableKey', 'PutKeyPolicy', 'ScheduleKeyDeletion', 'UpdateAlias'].map(action => `kms:${action}`),
        resources: ['*'],
        except: [root],
      },
      ...(props.restrictAccess ? [restrictAccess(multiRegion, users)] : []),
    ],
  };
}

/** A replica has a policy of its own, so that whoever may replicate may decrypt (KMS Developer Guide, "Multi-Region keys in AWS KMS"). */
const restrictAccess = (multiRegion: boolean, users: readonly string[]): ResourcePolicyStatement => ({
  sid: 'OnlyVault',
  effect: 'Deny',
  principal: '*',
  actions: ['CreateGrant', 'Decrypt', 'ReEncrypt*', ...(multiRegion ? ['ReplicateKey'] : [])].map(action => `kms:${action}`),
  resources: ['*'],
  except: users,
});

const terraformKey = ({ name, rotationDays, multiRegion }: Key): object => ({
  description: `Unseals Vault (alias/${name})`,
  enable_key_rotation: true,
  rotation_period_in_days: rotationDays,
  ...(multiRegion && { multi_region: true }),
  deletion_window_in_days: 30,
  policy: policyJson(`key_${name}`),
  // who deploys need not be one who may break glass
  bypass_policy_lockout_safety_check: true,
  tags: terraformTags,
  lifecycle: preventDestroy,
});

const terraformAlias = ({ name }: Key): object => ({
  name: `alias/${name}`,
  target_key_id: `\${aws_kms_key.${label(name)}.key_id}`,
  lifecycle: preventDestroy,
});

const templateKey = ({ name, rotationDays, multiRegion, policy }: Key, tags: object): object => ({
  Type: 'AWS::KMS::Key',
  ...retain,
  Properties: {
    Description: `Unseals Vault (alias/${name})`,
    EnableKeyRotation: true,
    RotationPeriodInDays: rotationDays,
    ...(multiRegion && { MultiRegion: true }),
    PendingWindowInDays: 30,
    KeyPolicy: resourcePolicyDocument(policy),
    // who deploys need not be one who may break glass
    BypassPolicyLockoutSafetyCheck: true,
    ...tags,
  },
});

const templateAlias = ({ name }: Key): object => ({
  Type: 'AWS::KMS::Alias',
  ...retain,
  Properties: { AliasName: `alias/${name}`, TargetKeyId: ref(logicalId('Key', name)) },
});
