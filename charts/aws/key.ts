import { type AwsEnvironment, iamArn } from '../app/aws/environment';
import type { IamRole } from '../app/aws/iam-role';
import { booleanCheck, type Checks, integer } from '../app/validation/check';
import type { Problems } from '../app/validation/problems';
import type { KeyProps } from './aws-resources-props';
import type { Key } from './model';
import type { ResourcePolicyStatement } from './resource-policy';

const checks: Checks<KeyProps> = {
  rotationDays: integer(90, 2560, 'write a number of days, such as 365'),
  denyOthers: booleanCheck,
  multiRegion: booleanCheck,
};

export const checkKey = (problems: Problems, props: KeyProps): void => problems.checkAll('key', props, checks);

/** Whether a role uses the key under an alias. */
export const usesKey = (role: IamRole, alias: string): boolean =>
  role
    .statements()
    .some(({ conditions }) => [conditions?.['ForAnyValue:StringEquals']?.['kms:ResourceAliases'] ?? []].flat().includes(alias));

/** Whoever loses the key loses the Vault: what ends it is for those who may break glass, and for the account's root user. */
export function keyModel(alias: string, props: KeyProps, aws: AwsEnvironment, users: readonly string[]): Key {
  const root = iamArn(aws, 'root');
  const multiRegion = props.multiRegion ?? false;
  return {
    name: alias.replace(/^alias\//, ''),
    rotationDays: props.rotationDays ?? 365,
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
      ...(props.denyOthers ? [denyOthers(multiRegion, users)] : []),
    ],
  };
}

/** A replica has a policy of its own, so that whoever may replicate may decrypt (KMS Developer Guide, "Multi-Region keys in AWS KMS"). */
const denyOthers = (multiRegion: boolean, users: readonly string[]): ResourcePolicyStatement => ({
  sid: 'OnlyVault',
  effect: 'Deny',
  principal: '*',
  actions: ['CreateGrant', 'Decrypt', 'ReEncrypt*', ...(multiRegion ? ['ReplicateKey'] : [])].map(action => `kms:${action}`),
  resources: ['*'],
  except: users,
});
