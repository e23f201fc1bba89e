import { roleArn } from '../app/aws';
import { listOf, matching } from '../app/checks';
import type { Problems } from '../app/problems';
import { scriptFile } from '../app/script-file';
import type { VaultServer } from '../server/vault-server';

/** Vault asks the cluster whose a ServiceAccount token is: needs `system:auth-delegator`, which the chart binds. */
export interface KubernetesAdminProps {
  /**
   * The auth method.
   * @default "kubernetes"
   */
  readonly method?: 'kubernetes';
  /**
   * IAM roles of people, by ARN, that get the admin policy through the aws auth method.
   * @default nobody
   */
  readonly people?: readonly string[];
  readonly issuer?: never;
}

/** Vault verifies ServiceAccount tokens by the public keys of the cluster's issuer, and asks the cluster nothing. */
export interface JwtAdminProps {
  /** The auth method. */
  readonly method: 'jwt';
  /** The cluster's OIDC issuer, such as "https://oidc.eks.eu-west-1.amazonaws.com/id/EXAMPLE". */
  readonly issuer: string;
  /**
   * IAM roles of people, by ARN, that get the admin policy through the aws auth method.
   * @default nobody
   */
  readonly people?: readonly string[];
}

export type AdminProps = KubernetesAdminProps | JwtAdminProps;

/** The way in after the root token is gone: a ServiceAccount token of the configuration Job. */
export interface AdminPath {
  /** Where the auth method is mounted. */
  readonly mount: string;
  readonly role: string;
  /** The ServiceAccount that may log in, in the servers' namespace. */
  readonly serviceAccount: string;
  /** The audience that its token must have. */
  readonly audience: string;
}

export const adminPath = (vault: VaultServer, props: AdminProps): AdminPath => ({
  mount: props.method ?? 'kubernetes',
  role: `${vault.name}-admin`,
  serviceAccount: `${vault.name}-configuration`,
  audience: vault.name,
});

/** One write to Vault that may be repeated; `unless` names a list and what stands in it once the write is done. */
export interface VaultWrite {
  readonly path: string;
  readonly unless?: { readonly list: string; readonly has: string };
  readonly body: object;
}

/** Stands for the namespace in which the Job runs: an overlay may have changed it. */
const namespaceVariable = '$NAMESPACE';

/** What is written with the root token: an audit device, the policies, and the ways in. */
export function firstWrites(vault: VaultServer, admin: AdminPath, props: AdminProps, initAccount: string): readonly VaultWrite[] {
  const { mount, audience } = admin;
  const initPolicy = `${vault.name}-init`;
  const enable = (name: string): VaultWrite => ({
    path: `sys/auth/${name}`,
    unless: { list: 'sys/auth', has: `${name}/` },
    body: { type: name },
  });
  const tokens = { token_ttl: '10m', token_max_ttl: '1h' };
  const role = (policy: string, account: string): VaultWrite => ({
    path: `auth/${mount}/role/${policy}`,
    body:
      props.method === 'jwt'
        ? {
            ...tokens,
            role_type: 'jwt',
            user_claim: 'sub',
            bound_audiences: [audience],
            bound_subject: `system:serviceaccount:${namespaceVariable}:${account}`,
            token_policies: [policy],
          }
        : {
            ...tokens,
            audience,
            bound_service_account_names: [account],
            bound_service_account_namespaces: [namespaceVariable],
            token_policies: [policy],
          },
  });
  return [
    { path: 'sys/audit/stdout', unless: { list: 'sys/audit', has: 'stdout/' }, body: { type: 'file', options: { file_path: 'stdout' } } },
    { path: `sys/policies/acl/${admin.role}`, body: { policy: scriptFile('init/admin.hcl') } },
    { path: `sys/policies/acl/${initPolicy}`, body: { policy: scriptFile('init/init.hcl') } },
    enable(mount),
    {
      path: `auth/${mount}/config`,
      body:
        props.method === 'jwt'
          ? { oidc_discovery_url: props.issuer, bound_issuer: props.issuer }
          : { kubernetes_host: 'https://kubernetes.default.svc' },
    },
    role(admin.role, admin.serviceAccount),
    role(initPolicy, initAccount),
    ...(props.people === undefined ? [] : peoplesWrites(vault, admin.role, props.people, enable('aws'))),
  ];
}

/** Vault documentation, "AWS auth method": logins by a signed GetCallerIdentity, for which Vault needs no right in AWS. */
const peoplesWrites = (vault: VaultServer, policy: string, people: readonly string[], enable: VaultWrite): readonly VaultWrite[] => [
  enable,
  {
    path: 'auth/aws/config/client',
    body: {
      iam_server_id_header_value: vault.name,
      sts_endpoint: `https://sts.${vault.aws.region}.amazonaws.com${vault.aws.region.startsWith('cn-') ? '.cn' : ''}`,
      sts_region: vault.aws.region,
    },
  },
  {
    path: `auth/aws/role/${policy}`,
    body: {
      auth_type: 'iam',
      bound_iam_principal_arn: people,
      resolve_aws_unique_ids: false,
      token_policies: [policy],
      token_ttl: '1h',
      token_max_ttl: '1h',
    },
  },
];

export function checkAdmin(problems: Problems, props: AdminProps): void {
  problems.check('admin.people', props.people, listOf(roleArn));
  if (props.method === 'jwt') {
    problems.require(
      'admin.issuer',
      props.issuer,
      matching(/^https:\/\/[a-z0-9.-]+(\/[A-Za-z0-9._/-]*)?$/, 'https URLs', 'write the issuer of the cluster: aws eks describe-cluster'),
    );
  }
}
