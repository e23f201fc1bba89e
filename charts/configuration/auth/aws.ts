import { type AwsEnvironment, accountIdCheck, parseArn, partitionOf, roleArnCheck } from '../../app/aws/environment';
import { allow, type IamStatement } from '../../app/aws/iam-role';
import { awsLoginClient, canonicalArn, isIamArn, serverIdCheck } from '../../app/aws/principal';
import { type Check, type Checks, listOf, oneOf, propsCheck } from '../../app/validation/check';
import type { KnownProps, Problems } from '../../app/validation/problems';
import { defaultServerId, type IVault } from '../../app/vault';
import type { WriteOperation } from '../plan';
import type { TuneProps } from '../tune';
import { checkTokens, type TokenProps, tokenBody, tokenChecks } from './token';

/** A role of the AWS auth method, of type iam: which IAM identities log in, and what their tokens may do. */
export interface AwsAuthRole extends TokenProps {
  /**
   * IAM roles and users, by ARN, with their paths as IAM has them ("role/aws-reserved/sso.amazonaws.com/..."). "*" at the end stands for whatever begins so:
   * Vault then asks IAM for the path at each login, which the servers' role is allowed.
   */
  readonly boundIamPrincipalArns: readonly string[];
}

/** Logins by a signed GetCallerIdentity (Vault documentation, "AWS auth method"). */
export interface AwsAuthProps {
  /** Which auth method it is. */
  readonly type: 'aws';
  /** The roles, by their names. */
  readonly roles: Readonly<Record<string, AwsAuthRole>>;
  /**
   * What names the entity. "full_arn": the session of a role too, which for a person who comes through SSO is the person. "canonical_arn": the role or user.
   * @default "canonical_arn"
   */
  readonly iamAlias?: 'full_arn' | 'canonical_arn' | 'unique_id' | 'role_id';
  /**
   * What a login must be signed for (the header X-Vault-AWS-IAM-Server-ID), so that one for another Vault does not serve here.
   * @default "<table>.<region>.<account>", which is what a Vault is
   */
  readonly iamServerIdHeaderValue?: string;
  /**
   * For principals with a wildcard in other accounts: the role there, by account id, that Vault assumes to ask IAM. The servers' role is allowed to assume it.
   * @default none
   */
  readonly stsRoles?: Readonly<Record<string, string>>;
  /**
   * What the mount is tuned to.
   * @default Vault's
   */
  readonly tune?: TuneProps;
}

const principalCheck = (region: string): Check<string> => ({
  ok: value => isIamArn(value, region, /^(role|user)\/([\w+=,.@-]+\/)*([\w+=,.@-]{1,64}|[\w+=,.@-]{0,64}\*)$/),
  allowed: `ARNs of IAM roles and users in partition ${partitionOf(region)}, "*" only at the end`,
  fix: `write for example "arn:${partitionOf(region)}:iam::123456789012:role/aws-reserved/sso.amazonaws.com/AWSReservedSSO_Developers_0123456789abcdef"`,
});

const hasWildcard = (arn: string): boolean => arn.endsWith('*');
/** With a wildcard the whole ARN is compared, else the one without a path. */
const boundArn = (arn: string): string => (hasWildcard(arn) ? arn : canonicalArn(arn));

export function checkAwsAuth(problems: Problems, group: string, props: AwsAuthProps, vault: IVault): void {
  const { aws } = vault;
  const known: KnownProps<AwsAuthProps> = {
    type: true,
    roles: true,
    iamAlias: true,
    iamServerIdHeaderValue: true,
    stsRoles: true,
    tune: true,
  };
  problems.checkNames(group, props, known);
  problems.check(`${group}.iamAlias`, props.iamAlias, oneOf('full_arn', 'canonical_arn', 'unique_id', 'role_id'));
  problems.check(`${group}.iamServerIdHeaderValue`, props.iamServerIdHeaderValue, serverIdCheck);
  if (props.iamServerIdHeaderValue === undefined && defaultServerId(vault) === undefined)
    problems.refuse(
      `${group}.iamServerIdHeaderValue`,
      undefined,
      'a name that no other Vault has',
      'write one: a Vault without a table has no default',
    );
  for (const [account, role] of Object.entries(props.stsRoles ?? {})) {
    problems.check(`${group}.stsRoles`, account, accountIdCheck);
    if (problems.require(`${group}.stsRoles.${account}`, role, roleArnCheck) && parseArn(role)?.account !== account)
      problems.refuse(`${group}.stsRoles.${account}`, role, `roles of account ${account}`, 'correct the account id or the ARN');
  }
  const roleChecks: Checks<AwsAuthRole> = { ...tokenChecks, boundIamPrincipalArns: listOf(principalCheck(aws.region)) };
  problems.require(`${group}.roles`, props.roles, propsCheck);
  for (const [name, role] of problems.groups(`${group}.roles`, props.roles)) {
    const at = `${group}.roles.${name}`;
    if (!problems.require(`${at}.boundIamPrincipalArns`, role.boundIamPrincipalArns, roleChecks.boundIamPrincipalArns)) continue;
    problems.checkAll(at, role, roleChecks);
    checkTokens(problems, at, role);
    for (const principal of role.boundIamPrincipalArns.filter(hasWildcard)) {
      const account = parseArn(principal)?.account ?? '';
      if (account !== aws.accountId && props.stsRoles?.[account] === undefined)
        problems.refuse(
          `${at}.boundIamPrincipalArns`,
          principal,
          `wildcards in account ${aws.accountId}, or in accounts of stsRoles`,
          `name the role of account ${account} that may iam:GetRole there: stsRoles: { '${account}': 'arn:...' }`,
        );
    }
    const bound = role.boundIamPrincipalArns.map(boundArn);
    for (const [index, principal] of role.boundIamPrincipalArns.entries())
      if (bound.indexOf(boundArn(principal)) < index)
        problems.refuse(
          `${at}.boundIamPrincipalArns`,
          principal,
          'each principal once',
          'leave it out: Vault compares ARNs without their paths',
        );
  }
}

/** What the servers' role must be allowed: to ask IAM for the paths of principals that a wildcard names, also in other accounts. */
export function awsAuthStatements(props: readonly AwsAuthProps[], aws: AwsEnvironment): readonly IamStatement[] {
  const wildcards = props.flatMap(({ roles }) => Object.values(roles).flatMap(role => role.boundIamPrincipalArns.filter(hasWildcard)));
  const own = [...new Set(wildcards.filter(arn => parseArn(arn)?.account === aws.accountId))].sort();
  const assumed = [...new Set(props.flatMap(({ stsRoles }) => Object.values(stsRoles ?? {})))].sort();
  const lookUp = (sid: string, action: string, kind: string): readonly IamStatement[] => {
    const resources = own.filter(arn => parseArn(arn)?.resource.startsWith(`${kind}/`));
    return resources.length === 0 ? [] : [{ sid, actions: [action], resources }];
  };
  return [
    ...lookUp('LookUpRoles', 'iam:GetRole', 'role'),
    ...lookUp('LookUpUsers', 'iam:GetUser', 'user'),
    ...(assumed.length === 0 ? [] : [{ ...allow('LookUpElsewhere', 'sts', ['AssumeRole'], ''), resources: assumed }]),
  ];
}

export const awsAuthOperations = (
  path: string,
  props: AwsAuthProps,
  vault: IVault,
  policiesOf: (role: string) => readonly string[],
): readonly WriteOperation[] => [
  {
    do: 'write',
    kind: 'auth-config',
    path: `auth/${path}/config/client`,
    body: awsLoginClient(vault, props.iamServerIdHeaderValue),
  },
  {
    do: 'write',
    kind: 'auth-config',
    path: `auth/${path}/config/identity`,
    // the ARN in a token's metadata is what finds the tokens of somebody who left
    body: { iam_alias: props.iamAlias ?? 'canonical_arn', iam_metadata: ['account_id', 'auth_type', 'canonical_arn', 'client_arn'] },
  },
  ...Object.entries(props.stsRoles ?? {}).map(
    ([account, role]): WriteOperation => ({
      do: 'write',
      kind: 'auth-config',
      path: `auth/${path}/config/sts/${account}`,
      body: { sts_role: role },
    }),
  ),
  ...Object.entries(props.roles).map(
    ([name, role]): WriteOperation => ({
      do: 'write',
      kind: 'auth-role',
      path: `auth/${path}/role/${name}`,
      body: {
        auth_type: 'iam',
        bound_iam_principal_arn: role.boundIamPrincipalArns.map(boundArn),
        resolve_aws_unique_ids: false,
        ...tokenBody(role, policiesOf(name)),
      },
      principals: role.boundIamPrincipalArns.map(canonicalArn),
    }),
  ),
];
