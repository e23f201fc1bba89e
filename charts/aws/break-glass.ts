import { type AwsEnvironment, iamArn } from '../app/aws/environment';
import type { NamedPolicies } from './aws-resource';

/** Who may break glass: principals of this account, never all of them, in words, as a pattern and as an example. */
export const breakGlass = (aws: AwsEnvironment): { readonly description: string; readonly pattern: string; readonly example: string } => ({
  description:
    'ARNs of the roles and users that may break glass: disable or delete the unseal key, decrypt with it, read the recovery keys and the table, change the policies that say so. "*" matches within a path',
  pattern: `^${iamArn(aws, '(role|user)/.*[A-Za-z0-9].*')}$`,
  example: iamArn(aws, 'role/break-glass'),
});

/** Whether somebody who may break glass has to be named. */
export const needsBreakGlass = (policies: NamedPolicies): boolean =>
  policies.some(([, policy]) => policy.some(({ except }) => except !== undefined));
