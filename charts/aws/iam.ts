import { iamArn } from '../app/aws/environment';
import type { IamRole, IamStatement } from '../app/aws/iam-role';

/** A policy document of IAM, as it is written. */
export interface PolicyDocument {
  readonly Version: '2012-10-17';
  readonly Statement: readonly object[];
}

/** A role before its policy is written. */
export interface RoleModel {
  readonly name: string;
  readonly path: string;
  /** Seconds that a session may last at most; AWS's hour where undefined. */
  readonly maxSessionSeconds?: number;
  readonly trust: PolicyDocument;
  readonly statements: readonly IamStatement[];
}

const policyDocument = (statements: readonly object[]): PolicyDocument => ({ Version: '2012-10-17', Statement: statements });

/** What a role may do. */
export const rolePolicy = (statements: readonly IamStatement[]): PolicyDocument =>
  policyDocument(
    statements.map(({ sid, actions, resources, conditions }) => ({
      Sid: sid,
      Effect: 'Allow',
      Action: actions,
      Resource: resources,
      ...(conditions === undefined ? {} : { Condition: conditions }),
    })),
  );

/** One ServiceAccount of the cluster, and no other, gets the role (EKS User Guide, "IAM roles for service accounts"). */
export function serviceAccountTrust(
  { aws, serviceAccount }: Pick<IamRole, 'aws' | 'serviceAccount'>,
  oidcProvider: string,
): PolicyDocument {
  return policyDocument([
    {
      Effect: 'Allow',
      Action: 'sts:AssumeRoleWithWebIdentity',
      Principal: { Federated: iamArn(aws, `oidc-provider/${oidcProvider}`) },
      Condition: {
        StringEquals: {
          [`${oidcProvider}:sub`]: `system:serviceaccount:${serviceAccount.namespace}:${serviceAccount.name}`,
          [`${oidcProvider}:aud`]: 'sts.amazonaws.com',
        },
      },
    },
  ]);
}

/** A service of AWS gets the role. Without a condition, as AWS Backup's own role has it: one that the service does not send would stop every backup, in silence. */
export const serviceTrust = (service: string): PolicyDocument =>
  policyDocument([{ Effect: 'Allow', Action: 'sts:AssumeRole', Principal: { Service: service } }]);
