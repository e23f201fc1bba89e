import type { IamStatement } from '../../app/aws/iam-role';
import { oneOf } from '../../app/validation/check';
import type { Part } from '../../app/validation/part';
import type { KnownProps, Problems } from '../../app/validation/problems';
import type { IVault } from '../../app/vault';
import { mountPathCheck, vaultNameCheck } from '../names';
import type { EnableOperation, WriteOperation } from '../plan';
import { checkTune, type TuneProps, tuneOperation } from '../tune';
import { type AwsAuthProps, awsAuthOperations, awsAuthStatements, checkAwsAuth } from './aws';
import { checkKubernetesAuth, type KubernetesAuthProps, kubernetesAuthOperations } from './kubernetes';
import type { TokenProps } from './token';

/** An auth method that is mounted and tuned here, and configured by raw operations. */
export interface OtherAuthProps {
  /** Which auth method it is. */
  readonly type: 'approle' | 'cert' | 'github' | 'jwt' | 'ldap' | 'oidc' | 'userpass';
  /**
   * What the mount is tuned to.
   * @default Vault's
   */
  readonly tune?: TuneProps;
}

/** An auth method: how somebody logs in. */
export type AuthMethodProps = AwsAuthProps | KubernetesAuthProps | OtherAuthProps;

/** The auth methods, by the paths of their mounts. */
export class AuthMethods implements Part {
  constructor(
    private readonly vault: IVault,
    private readonly props: Readonly<Record<string, AuthMethodProps>> = {},
  ) {}

  get mounts(): readonly string[] {
    return Object.keys(this.props);
  }

  /** The mount of a login, written "<mount>/<role>", and its role; undefined where there is no such. */
  login(user: string): { readonly mount: string; readonly role: string } | undefined {
    const [mount, role] = [user.slice(0, user.lastIndexOf('/')), user.slice(user.lastIndexOf('/') + 1)];
    return this.rolesOf(mount).includes(role) ? { mount, role } : undefined;
  }

  get logins(): readonly string[] {
    return this.mounts.flatMap(mount => this.rolesOf(mount).map(role => `${mount}/${role}`));
  }

  /**
   * What stands before the name of whoever logs in, in Vault's display name: "<mount>-<name>", and for an IAM role "<mount>-<role>/<session>". Where the alias is
   * the full ARN, the session is who it is.
   */
  displayPrefixes(user: string): readonly string[] {
    const login = this.login(user);
    const method = login === undefined ? undefined : this.props[login.mount];
    if (login === undefined || method === undefined) return [];
    const mount = `${login.mount.replaceAll('/', '-')}-`;
    if (method.type !== 'aws' || method.iamAlias !== 'full_arn') return [mount];
    const roles = (method.roles[login.role]?.boundIamPrincipalArns ?? []).filter(arn => /:role\//.test(arn) && !arn.endsWith('*'));
    return [...roles.map(arn => `${mount}${arn.slice(arn.lastIndexOf('/') + 1)}/`), mount];
  }

  /** Policies that roles have of themselves. */
  get policies(): readonly { readonly at: string; readonly name: string }[] {
    return Object.entries(this.props).flatMap(([mount, method]) =>
      'roles' in method
        ? Object.entries<TokenProps>(method.roles).flatMap(([role, { tokenPolicies = [] }]) =>
            tokenPolicies.map(name => ({ at: `auth.${mount}.roles.${role}.tokenPolicies`, name })),
          )
        : [],
    );
  }

  get statements(): readonly IamStatement[] {
    return awsAuthStatements(
      Object.values(this.props).filter(method => method.type === 'aws'),
      this.vault.aws,
    );
  }

  validate(problems: Problems): void {
    for (const [mount, method] of problems.groups('auth', this.props)) {
      const group = `auth.${mount}`;
      problems.check('auth', mount, mountPathCheck);
      if (mount === 'token') problems.refuse('auth', mount, 'any path but "token"', 'choose another: Vault has it');
      for (const role of this.rolesOf(mount)) problems.check(`${group}.roles`, role, vaultNameCheck);
      checkTune(problems, `${group}.tune`, method.tune);
      if (method.type === 'aws') checkAwsAuth(problems, group, method, this.vault);
      else if (method.type === 'kubernetes') checkKubernetesAuth(problems, group, method);
      else {
        problems.checkNames(group, method, { type: true, tune: true } satisfies KnownProps<OtherAuthProps>);
        problems.check(`${group}.type`, method.type, oneOf('approle', 'cert', 'github', 'jwt', 'ldap', 'oidc', 'userpass'));
      }
    }
  }

  enable(): readonly (EnableOperation | WriteOperation)[] {
    return Object.entries(this.props).flatMap(([path, { type, tune }]) => [
      { do: 'enable', at: 'sys/auth', name: `${path}/`, body: { type } } as const,
      tuneOperation('sys/auth', path, tune),
    ]);
  }

  /** @param policiesOf policies of other parts for a login, "<mount>/<role>" */
  operations(policiesOf: (login: string) => readonly string[]): readonly WriteOperation[] {
    return Object.entries(this.props).flatMap(([path, method]) => {
      const ofRole = (role: string) => policiesOf(`${path}/${role}`);
      if (method.type === 'aws') return awsAuthOperations(path, method, this.vault, ofRole);
      return method.type === 'kubernetes' ? kubernetesAuthOperations(path, method, ofRole) : [];
    });
  }

  private rolesOf(mount: string): readonly string[] {
    const method = this.props[mount];
    // what is no group of props is refused by validate, which asks here too
    return typeof method === 'object' && method !== null && 'roles' in method ? Object.keys(method.roles ?? {}) : [];
  }
}
