import { type Checks, listOf, matching, oneOf, propsCheck, textCheck } from '../../app/validation/check';
import { namespaceCheck } from '../../app/validation/names';
import type { KnownProps, Problems } from '../../app/validation/problems';
import { vaultNameCheck } from '../names';
import type { WriteOperation } from '../plan';
import type { TuneProps } from '../tune';
import { checkTokens, type TokenProps, tokenBody, tokenChecks } from './token';

/** A role of the Kubernetes auth method: which ServiceAccounts log in, and what their tokens may do. */
export interface KubernetesAuthRole extends TokenProps {
  /** Names of ServiceAccounts; "*" is any. */
  readonly boundServiceAccountNames: readonly string[];
  /** Their namespaces; "*" is any, but not together with any name. */
  readonly boundServiceAccountNamespaces: readonly string[];
  /** The audience that a ServiceAccount's token must have: a pod asks for it in its projected volume. */
  readonly audience: string;
  /**
   * What names the entity: "<namespace>/<name>" of the ServiceAccount, or its uid, which a new one of the same name does not have.
   * @default "serviceaccount_name"
   */
  readonly aliasNameSource?: 'serviceaccount_name' | 'serviceaccount_uid';
}

/** Logins of workloads by the token of their ServiceAccount (Vault documentation, "Kubernetes auth method"). */
export interface KubernetesAuthProps {
  /** Which auth method it is. */
  readonly type: 'kubernetes';
  /** The roles, by their names. */
  readonly roles: Readonly<Record<string, KubernetesAuthRole>>;
  /**
   * The API server that says whose a token is.
   * @default "https://kubernetes.default.svc", the servers' own
   */
  readonly kubernetesHost?: string;
  /**
   * The authority of that API server, as PEM.
   * @default that of the servers' own cluster
   */
  readonly kubernetesCaCert?: string;
  /**
   * What the mount is tuned to.
   * @default Vault's
   */
  readonly tune?: TuneProps;
}

const anyOr = (check: { readonly ok: (value: string) => boolean; readonly allowed: string; readonly fix: string }) => ({
  ...check,
  ok: (value: string) => value === '*' || check.ok(value),
  allowed: `${check.allowed}; or "*"`,
});

const roleChecks: Checks<KubernetesAuthRole> = {
  ...tokenChecks,
  boundServiceAccountNames: listOf(anyOr(vaultNameCheck)),
  boundServiceAccountNamespaces: listOf(anyOr(namespaceCheck)),
  audience: textCheck,
  aliasNameSource: oneOf('serviceaccount_name', 'serviceaccount_uid'),
};

export function checkKubernetesAuth(problems: Problems, group: string, props: KubernetesAuthProps): void {
  const known: KnownProps<KubernetesAuthProps> = { type: true, roles: true, kubernetesHost: true, kubernetesCaCert: true, tune: true };
  problems.checkNames(group, props, known);
  problems.check(
    `${group}.kubernetesHost`,
    props.kubernetesHost,
    matching(/^https:\/\/[\w.:[\]-]+$/, 'https URLs of a host', 'write for example "https://10.0.0.1:6443"'),
  );
  problems.check(
    `${group}.kubernetesCaCert`,
    props.kubernetesCaCert,
    matching(/^-----BEGIN CERTIFICATE-----/, 'certificates as PEM', 'write the text of the file'),
  );
  problems.require(`${group}.roles`, props.roles, propsCheck);
  for (const [name, role] of problems.groups(`${group}.roles`, props.roles)) {
    const at = `${group}.roles.${name}`;
    for (const key of ['boundServiceAccountNames', 'boundServiceAccountNamespaces', 'audience'] as const)
      problems.require(`${at}.${key}`, role[key] as never, roleChecks[key] as never);
    problems.checkAll(at, role, roleChecks);
    checkTokens(problems, at, role);
    if (role.boundServiceAccountNames?.includes('*') && role.boundServiceAccountNamespaces?.includes('*'))
      problems.refuse(
        `${at}.boundServiceAccountNames`,
        role.boundServiceAccountNames,
        'any name, or any namespace',
        'name one of them: Vault refuses both',
      );
  }
}

export const kubernetesAuthOperations = (
  path: string,
  props: KubernetesAuthProps,
  policiesOf: (role: string) => readonly string[],
): readonly WriteOperation[] => [
  {
    do: 'write',
    kind: 'auth-config',
    path: `auth/${path}/config`,
    body: {
      kubernetes_host: props.kubernetesHost ?? 'https://kubernetes.default.svc',
      ...(props.kubernetesCaCert === undefined ? {} : { kubernetes_ca_cert: props.kubernetesCaCert }),
    },
  },
  ...Object.entries(props.roles).map(
    ([name, role]): WriteOperation => ({
      do: 'write',
      kind: 'auth-role',
      path: `auth/${path}/role/${name}`,
      body: {
        bound_service_account_names: role.boundServiceAccountNames,
        bound_service_account_namespaces: role.boundServiceAccountNamespaces,
        audience: role.audience,
        alias_name_source: role.aliasNameSource ?? 'serviceaccount_name',
        ...tokenBody(role, policiesOf(name)),
      },
    }),
  ),
];
