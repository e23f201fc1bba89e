import { type AwsEnvironment, partitionOf } from '../app/aws/environment';
import { awsLoginClient, canonicalArn, isIamArn, serverIdCheck } from '../app/aws/principal';
import { type AdminPath, adminPath, adminPolicy } from '../app/jobs/admin-path';
import { jobName } from '../app/jobs/job-name';
import type { VaultWrite } from '../app/jobs/vault-write';
import { sourceFile } from '../app/kustomize/source-file';
import { type Check, listOf, matching, oneOf } from '../app/validation/check';
import type { Part } from '../app/validation/part';
import type { KnownProps, Problems } from '../app/validation/problems';
import { defaultServerId, type IVault } from '../app/vault';

/** The ways in for people. */
export interface PeopleProps {
  /**
   * IAM roles and users, by ARN, that get the admin policies through the aws auth method: of people, not of workloads. SSO's roles are written with their path
   * ("role/aws-reserved/sso.amazonaws.com/..."). Written when Vault is initialised; a later change of the list changes nothing in Vault.
   * @default nobody
   */
  readonly iamPrincipals?: readonly string[];
  /**
   * What a login must be signed for (the header X-Vault-AWS-IAM-Server-ID), so that one for another Vault does not serve here.
   * @default "<table>.<region>.<account>", which is what a Vault is
   */
  readonly serverId?: string;
}

/** Vault asks the cluster whose a ServiceAccount token is: needs `system:auth-delegator`, which the chart binds. */
export interface KubernetesAdminProps extends PeopleProps {
  /**
   * The auth method that checks the ServiceAccount tokens.
   * @default "kubernetes"
   */
  readonly method?: 'kubernetes';
  readonly issuer?: never;
}

/** Vault verifies ServiceAccount tokens by the public keys of the cluster's issuer, and asks the cluster nothing. */
export interface JwtAdminProps extends PeopleProps {
  /** The auth method that checks the ServiceAccount tokens. */
  readonly method: 'jwt';
  /** The cluster's OIDC issuer, such as "https://oidc.eks.eu-west-1.amazonaws.com/id/EXAMPLE". */
  readonly issuer: string;
}

/** The auth method of the admin path, and the people who get in. */
export type AdminProps = KubernetesAdminProps | JwtAdminProps;

/** Stands for the namespace in which the Job runs: an overlay may have changed it. */
const namespaceVariable = '$NAMESPACE';

/** The way in for people. */
const peoplesWrites = (
  vault: IVault,
  role: string,
  token_policies: readonly string[],
  { iamPrincipals = [], serverId }: PeopleProps,
  enable: VaultWrite,
): readonly VaultWrite[] => [
  enable,
  {
    path: 'auth/aws/config/client',
    body: awsLoginClient(vault, serverId),
  },
  {
    path: `auth/aws/role/${role}`,
    body: {
      auth_type: 'iam',
      bound_iam_principal_arn: iamPrincipals.map(canonicalArn),
      resolve_aws_unique_ids: false,
      token_policies,
      token_ttl: '1h',
      token_max_ttl: '1h',
    },
  },
];

const iamPrincipalCheck = (aws: AwsEnvironment): Check<string> => ({
  ok: value => isIamArn(value, aws.region, /^(role|user)\/([\w+=,.@-]+\/)*[\w+=,.@-]{1,64}$/),
  allowed: `ARNs of IAM roles and users in partition ${partitionOf(aws.region)}`,
  fix: `write for example "arn:${partitionOf(aws.region)}:iam::${aws.accountId}:role/aws-reserved/sso.amazonaws.com/AWSReservedSSO_Admin_0123456789abcdef"`,
});

const known: KnownProps<AdminProps> = { method: true, issuer: true, iamPrincipals: true, serverId: true };

/** The ways in: how the configuration Job and people log in, and what the init Job writes to make that so. */
export class Admin implements Part {
  readonly path: AdminPath;

  constructor(
    private readonly vault: IVault,
    private readonly props: AdminProps = {},
  ) {
    const serverId = props.serverId ?? defaultServerId(vault);
    const people = props.iamPrincipals === undefined || serverId === undefined ? {} : { people: { mount: 'aws', serverId } };
    this.path = { ...adminPath(vault, props.method), ...people };
  }

  validate(problems: Problems): void {
    const { vault, props } = this;
    const { aws } = vault;
    problems.checkNames('admin', props, known);
    problems.check('admin.method', props.method, oneOf('kubernetes', 'jwt'));
    if ('iamPrincipals' in props) problems.require('admin.iamPrincipals', props.iamPrincipals, listOf(iamPrincipalCheck(aws)));
    problems.check('admin.serverId', props.serverId, serverIdCheck);
    if (props.iamPrincipals !== undefined && props.serverId === undefined && defaultServerId(vault) === undefined)
      problems.refuse(
        'admin.serverId',
        props.serverId,
        'a name that no other Vault has',
        'write one: a Vault without a table has no default',
      );
    if (props.serverId !== undefined && props.iamPrincipals === undefined)
      problems.refuse('admin.serverId', props.serverId, 'only with iamPrincipals', 'leave it out: nobody logs in through AWS');
    if (props.method === 'jwt') {
      problems.require(
        'admin.issuer',
        props.issuer,
        matching(/^https:\/\/[a-z0-9.-]+(\/[A-Za-z0-9._/-]*)?$/, 'https URLs', 'write the issuer of the cluster: aws eks describe-cluster'),
      );
    }
  }

  /** What is written with the root token: an audit device, the policies, and the ways in. */
  get firstWrites(): readonly VaultWrite[] {
    const { vault, props } = this;
    const { mount, audience } = this.path;
    // its account, its role and its policy have one name
    const init = jobName(vault, 'init');
    // the second does not exist yet: it is for whoever configures engines to write, by their mounts
    const adminPolicies = [this.path.role, jobName(vault, 'configuration')];
    const enable = (name: string): VaultWrite => ({
      path: `sys/auth/${name}`,
      unless: { list: 'sys/auth', has: `${name}/` },
      body: { type: name },
    });
    const tokens = { token_ttl: '10m', token_max_ttl: '1h' };
    const role = (name: string, token_policies: readonly string[], account: string): VaultWrite => ({
      path: `auth/${mount}/role/${name}`,
      body:
        props.method === 'jwt'
          ? {
              ...tokens,
              role_type: 'jwt',
              user_claim: 'sub',
              bound_audiences: [audience],
              bound_subject: `system:serviceaccount:${namespaceVariable}:${account}`,
              token_policies,
            }
          : {
              ...tokens,
              audience,
              bound_service_account_names: [account],
              bound_service_account_namespaces: [namespaceVariable],
              token_policies,
            },
    });
    return [
      { path: 'sys/audit/stdout', unless: { list: 'sys/audit', has: 'stdout/' }, body: { type: 'file', options: { file_path: 'stdout' } } },
      { path: `sys/policies/acl/${this.path.role}`, body: { policy: adminPolicy() } },
      { path: `sys/policies/acl/${init}`, body: { policy: sourceFile('init/init.hcl') } },
      enable(mount),
      {
        path: `auth/${mount}/config`,
        body:
          props.method === 'jwt'
            ? { oidc_discovery_url: props.issuer, bound_issuer: props.issuer }
            : { kubernetes_host: 'https://kubernetes.default.svc' },
      },
      role(this.path.role, adminPolicies, this.path.serviceAccount),
      ...(props.iamPrincipals === undefined ? [] : peoplesWrites(vault, this.path.role, adminPolicies, props, enable('aws'))),
      // last: that the Job's own login works says that all of this is there
      role(init, [init], init),
    ];
  }
}
