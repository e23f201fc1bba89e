import { type AwsEnvironment, iamArn } from '../app/aws/environment';
import { kmsKeyArn } from '../app/aws/kms';
import type { RequiredSecret } from '../app/aws/requirement';
import { booleanCheck, type Checks } from '../app/validation/check';
import type { Problems } from '../app/validation/problems';
import type { SecretProps } from './aws-resources-props';
import type { Secret } from './model';

const checks: Checks<SecretProps> = { denyOthers: booleanCheck };

export const checkSecrets = (problems: Problems, props: SecretProps): void => problems.checkAll('secrets', props, checks);

/** Whoever reads the recovery keys makes root tokens: that is for those who may break glass, and for the account's root user. */
export const secretModel = ({ name, kmsKey }: RequiredSecret, props: SecretProps, aws: AwsEnvironment): Secret => ({
  name,
  ...(kmsKey === undefined ? {} : { kmsKey: kmsKeyArn(kmsKey, aws) }),
  policy:
    (props.denyOthers ?? true)
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
