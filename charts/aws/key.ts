import { type AwsEnvironment, iamArn } from '../app/aws';
import { type Checks, integer } from '../app/checks';
import type { Problems } from '../app/problems';
import type { KeyProps } from './aws-resources-props';
import type { Key } from './model';

const checks: Checks<KeyProps> = { rotationDays: integer(90, 2560, 'write a number of days, such as 365') };

export const checkKey = (problems: Problems, props: KeyProps): void => problems.checkAll('key', props, checks);

/** Whoever loses the key loses the Vault: what ends it is for those who may break glass, and for the account's root user. */
export function keyModel(alias: string, props: KeyProps, aws: AwsEnvironment): Key {
  const root = iamArn(aws, 'root');
  return {
    name: alias.replace(/^alias\//, ''),
    rotationDays: props.rotationDays ?? 365,
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
    ],
  };
}
