import { hostnameCheck, portCheck } from '../../app/validation/addresses';
import { type Check, type Checks, integer, listOf, matching, oneOf, propsCheck, textCheck } from '../../app/validation/check';
import { durationCheck, durationSeconds } from '../../app/validation/durations';
import { dnsSubdomainCheck } from '../../app/validation/names';
import type { Part } from '../../app/validation/part';
import type { KnownProps, Problems } from '../../app/validation/problems';
import type { IVault } from '../../app/vault';
import type { AuthMethods } from '../auth/auth-methods';
import { definedName, mountPathCheck, vaultNameCheck } from '../names';
import type { ConnectOperation, WriteOperation } from '../plan';
import { policyOperation } from '../policies';
import { checkSecretSource } from '../secrets';
import type { DatabaseProps, DatabaseRole, DatabaseRoleBase, StaticRole } from './database';
import { admitsEgress } from './egress';
import { type Dialect, mysql, postgresql, type RoleGrant } from './statements';
import { usernameTemplate } from './username';

const defaults = { user: 'vault', mount: 'database', defaultTtl: '1h', maxTtl: '8h' };
const portOf = ({ plugin, port }: DatabaseProps): number => port ?? (plugin === 'postgresql' ? 5432 : 3306);
const dialectOf = ({ plugin }: DatabaseProps): Dialect => (plugin === 'postgresql' ? postgresql : mysql);

const mountOf = ({ mount }: DatabaseProps): string => mount ?? defaults.mount;

/** An identifier that needs no escaping in any dialect. */
const identifierCheck = (max: number): Check<string> =>
  matching(
    new RegExp(`^[A-Za-z_][\\w-]{0,${max - 1}}$`),
    `1 to ${max} characters of A-Z, a-z, 0-9 and "_-", not beginning with a digit`,
    'write for example "orders"',
  );

const privilegeCheck = matching(/^[A-Z]+( [A-Z]+)*$/, 'privileges of GRANT, in capitals', 'write for example "SELECT"');

const ttlChecks = { defaultTtl: durationCheck, maxTtl: durationCheck };

const roleChecks: Checks<Omit<DatabaseRoleBase, 'users'>> = ttlChecks;

/** The databases: connections with a user of Vault's own, roles for users that expire, static roles, and the policies by which logins get them. */
export class Databases implements Part {
  constructor(
    private readonly vault: IVault,
    private readonly props: readonly DatabaseProps[] = [],
    private readonly auth: AuthMethods,
    private readonly passwordPolicies: readonly string[],
  ) {}

  get mounts(): readonly string[] {
    return [...new Set(this.props.flatMap(database => (propsCheck.ok(database) ? [mountOf(database)] : [])))];
  }

  /** The ConfigMaps with authorities, each once. */
  get authorities(): readonly { readonly configMap: string; readonly key: string; readonly path: string }[] {
    const all = this.props.map(({ ca }) => ({ ...ca, path: `${ca.configMap}/${ca.key}` }));
    return all.filter(({ path }, index) => all.findIndex(other => other.path === path) === index);
  }

  /** The policies by which a login, "<mount>/<role>", gets what databases give it. */
  policiesOf(login: string): readonly string[] {
    return this.props.flatMap(database =>
      grantsOf(database)
        .filter(({ users }) => users.includes(login))
        .map(({ name }) => policyName(database, name)),
    );
  }

  get policyNames(): readonly string[] {
    return this.props.flatMap(database => grantsOf(database).map(({ name }) => policyName(database, name)));
  }

  connections(): readonly ConnectOperation[] {
    return this.props.map(database => {
      const { name, ca, master, user = defaults.user } = database;
      const dialect = dialectOf(database);
      const context = {
        database: database.database,
        grants: Object.values<DatabaseRole>(database.roles).flatMap(role => grantOf(role) ?? []),
        staticUsers: Object.values(database.staticRoles ?? {}).map(({ username }) => username),
      };
      return {
        do: 'connect',
        mount: mountOf(database),
        name,
        body: this.connectionBody(database, user),
        ca: `/databases/${ca.configMap}/${ca.key}`,
        master,
        createUser: dialect.createOwn(user, context),
        grants: dialect.grants(user, context),
      };
    });
  }

  roles(): readonly WriteOperation[] {
    return this.props.flatMap(database => [
      ...Object.entries<DatabaseRole>(database.roles).map(([name, role]) => roleOperation(database, name, role)),
      ...Object.entries(database.staticRoles ?? {}).map(([name, role]) => staticRoleOperation(database, name, role)),
    ]);
  }

  policies(): readonly WriteOperation[] {
    return this.props.flatMap(database =>
      grantsOf(database).map(({ name, kind }) =>
        policyOperation(policyName(database, name), [
          { path: `${mountOf(database)}/${kind}/${database.name}-${name}`, capabilities: ['read'] },
        ]),
      ),
    );
  }

  validate(problems: Problems): void {
    const names: string[] = [];
    for (const [at, database] of problems.listed('databases', this.props)) {
      this.validateConnection(problems, at, database);
      const name = `${mountOf(database)}/${database.name}`;
      if (names.includes(name)) problems.refuse(`${at}.name`, database.name, 'each name once', 'choose another');
      names.push(name);
      problems.require(`${at}.roles`, database.roles, propsCheck);
      for (const [role, props] of problems.groups<DatabaseRole>(`${at}.roles`, database.roles))
        this.validateRole(problems, `${at}.roles.${role}`, role, database, props);
      for (const [role, props] of problems.groups(`${at}.staticRoles`, database.staticRoles))
        this.validateStaticRole(problems, `${at}.staticRoles.${role}`, role, database, props);
    }
  }

  private connectionBody(database: DatabaseProps, user: string): ConnectOperation['body'] {
    const isPostgres = database.plugin === 'postgresql';
    const address = `${database.host}:${portOf(database)}`;
    return {
      plugin_name: `${database.plugin}-database-plugin`,
      connection_url: isPostgres
        ? `postgresql://{{username}}:{{password}}@${address}/${database.database}?sslmode=verify-full`
        : `{{username}}:{{password}}@tcp(${address})/${database.database}`,
      username: user,
      allowed_roles: grantsOf(database).map(({ name }) => `${database.name}-${name}`),
      max_open_connections: database.maxOpenConnections ?? 4,
      max_connection_lifetime: database.maxConnectionLifetime ?? '0s',
      password_policy: database.passwordPolicy ?? '',
      username_template: database.usernameTemplate ?? this.defaultTemplate(database),
      verify_connection: true,
      ...(isPostgres ? { password_authentication: 'scram-sha-256' } : {}),
    };
  }

  private defaultTemplate(database: DatabaseProps): string {
    const users = [...new Set(Object.values<DatabaseRole>(database.roles).flatMap(role => role.users))];
    const prefixes = [...new Set(users.flatMap(user => this.auth.displayPrefixes(user)))];
    // the longest first: the mount alone stands before every name
    return usernameTemplate(
      database.plugin,
      prefixes.sort((a, b) => b.length - a.length || (a < b ? -1 : 1)),
    );
  }

  private validateConnection(problems: Problems, at: string, database: DatabaseProps): void {
    const known: KnownProps<DatabaseProps> = {
      name: true,
      plugin: true,
      host: true,
      port: true,
      database: true,
      ca: true,
      master: true,
      user: true,
      roles: true,
      staticRoles: true,
      maxOpenConnections: true,
      maxConnectionLifetime: true,
      passwordPolicy: true,
      usernameTemplate: true,
      mount: true,
    };
    problems.checkNames(at, database, known);
    problems.require(`${at}.name`, database.name, {
      ...vaultNameCheck,
      ok: value => vaultNameCheck.ok(value) && !value.startsWith('master-'),
      allowed: `${vaultNameCheck.allowed}; not beginning with "master-", which the Job's own connections do`,
    });
    problems.require(`${at}.plugin`, database.plugin, oneOf('postgresql', 'mysql', 'mysql-aurora', 'mysql-rds'));
    problems.require(`${at}.host`, database.host, hostnameCheck);
    problems.check(`${at}.port`, database.port, portCheck);
    problems.require(`${at}.database`, database.database, identifierCheck(63));
    problems.require(`${at}.ca.configMap`, database.ca?.configMap, dnsSubdomainCheck);
    problems.require(
      `${at}.ca.key`,
      database.ca?.key,
      matching(/^[\w.-]{1,253}$/, 'keys of a ConfigMap', 'write for example "global-bundle.pem"'),
    );
    checkSecretSource(problems, `${at}.master`, database.master, this.vault.aws);
    problems.check(`${at}.user`, database.user, identifierCheck(32));
    problems.check(`${at}.maxOpenConnections`, database.maxOpenConnections, integer(1));
    problems.check(`${at}.maxConnectionLifetime`, database.maxConnectionLifetime, durationCheck);
    problems.check(`${at}.passwordPolicy`, database.passwordPolicy, definedName('password policies', this.passwordPolicies));
    problems.check(`${at}.usernameTemplate`, database.usernameTemplate, textCheck);
    problems.check(`${at}.mount`, database.mount, mountPathCheck);
    const { egress } = this.vault;
    if (hostnameCheck.ok(database.host) && egress !== undefined && !admitsEgress(egress, database.host, portOf(database)))
      problems.refuse(
        `${at}.host`,
        `${database.host}:${portOf(database)}`,
        'what the NetworkPolicies of the servers admit',
        `open it on the server: network: { egress: [{ cidr: '10.0.0.0/16', ports: [${portOf(database)}] }] }, with the subnets of the database`,
      );
  }

  private validateRole(problems: Problems, at: string, name: string, database: DatabaseProps, role: DatabaseRole): void {
    const isPostgres = database.plugin === 'postgresql';
    problems.check(`${at}`, name, vaultNameCheck);
    this.checkUsers(problems, at, role.users);
    problems.checkAll(
      at,
      role as Omit<DatabaseRoleBase, 'users'>,
      roleChecks,
      'users',
      'group',
      'privileges',
      'creationStatements',
      'revocationStatements',
      'renewStatements',
      'rollbackStatements',
    );
    const { defaultTtl = defaults.defaultTtl, maxTtl = defaults.maxTtl } = role;
    if (durationCheck.ok(defaultTtl) && durationCheck.ok(maxTtl) && durationSeconds(defaultTtl) > durationSeconds(maxTtl))
      problems.refuse(`${at}.defaultTtl`, defaultTtl, `at most maxTtl (${maxTtl})`, 'lower it, or raise maxTtl');
    if (role.creationStatements !== undefined) problems.check(`${at}.creationStatements`, role.creationStatements, listOf(textCheck));
    else if (isPostgres && role.privileges === undefined) problems.require(`${at}.group`, role.group, identifierCheck(63));
    else if (!isPostgres && role.group === undefined) problems.require(`${at}.privileges`, role.privileges, listOf(privilegeCheck));
    if (isPostgres && role.privileges !== undefined)
      problems.refuse(
        `${at}.privileges`,
        role.privileges,
        'nothing with PostgreSQL',
        'name a group role: who owns a table in PostgreSQL decides who sees it',
      );
    if (!isPostgres && role.group !== undefined) problems.refuse(`${at}.group`, role.group, 'nothing with MySQL', 'name privileges');
  }

  private validateStaticRole(problems: Problems, at: string, name: string, database: DatabaseProps, role: StaticRole): void {
    problems.check(`${at}`, name, vaultNameCheck);
    problems.checkNames(at, role, { username: true, rotationPeriod: true, users: true } satisfies KnownProps<StaticRole>);
    problems.require(`${at}.username`, role.username, identifierCheck(63));
    problems.require(`${at}.rotationPeriod`, role.rotationPeriod, {
      ...durationCheck,
      ok: value => durationCheck.ok(value) && durationSeconds(value) >= 5,
      allowed: `${durationCheck.allowed}, from 5 seconds up`,
    });
    this.checkUsers(problems, at, role.users);
    if (role.username === (database.user ?? defaults.user))
      problems.refuse(`${at}.username`, role.username, 'another user than Vault’s own', 'leave it out: Vault rotates its own password');
    if (name in (database.roles ?? {})) problems.refuse(`${at}`, name, 'names that no other role of this database has', 'choose another');
  }

  private checkUsers(problems: Problems, at: string, users: readonly string[]): void {
    const logins = this.auth.logins;
    problems.require(`${at}.users`, users, {
      ok: list => Array.isArray(list) && list.length > 0 && list.every(user => logins.includes(user)),
      allowed: definedName('roles of auth methods', logins).allowed,
      fix: 'write "<mount>/<role>" of one that stands in auth',
    });
  }
}

const grantOf = (role: DatabaseRole): RoleGrant | undefined => {
  if (role.group !== undefined) return { group: role.group };
  return role.privileges === undefined ? undefined : { privileges: role.privileges };
};

/** Whoever reads these paths has a user: of a role, or a static one. */
const grantsOf = ({ roles, staticRoles = {} }: DatabaseProps) => [
  ...Object.entries<DatabaseRole>(roles).map(([name, { users }]) => ({ name, kind: 'creds', users })),
  ...Object.entries(staticRoles).map(([name, { users }]) => ({ name, kind: 'static-creds', users })),
];

const policyName = (database: DatabaseProps, role: string): string => `${mountOf(database).replaceAll('/', '-')}-${database.name}-${role}`;

function roleOperation(database: DatabaseProps, name: string, role: DatabaseRole): WriteOperation {
  const dialect = dialectOf(database);
  const grant = grantOf(role);
  const statements =
    grant === undefined
      ? {
          creation_statements: role.creationStatements ?? [],
          revocation_statements: ('revocationStatements' in role ? role.revocationStatements : undefined) ?? [],
          renew_statements: ('renewStatements' in role ? role.renewStatements : undefined) ?? [],
          rollback_statements: ('rollbackStatements' in role ? role.rollbackStatements : undefined) ?? [],
        }
      : {
          creation_statements: dialect.create(grant, database.database),
          revocation_statements: dialect.revoke(grant),
          renew_statements: dialect.renew,
          rollback_statements: dialect.revoke(grant),
        };
  return {
    do: 'write',
    kind: 'database-role',
    path: `${mountOf(database)}/roles/${database.name}-${name}`,
    body: {
      db_name: database.name,
      ...statements,
      default_ttl: role.defaultTtl ?? defaults.defaultTtl,
      max_ttl: role.maxTtl ?? defaults.maxTtl,
    },
  };
}

const staticRoleOperation = (database: DatabaseProps, name: string, role: StaticRole): WriteOperation => ({
  do: 'write',
  kind: 'static-role',
  path: `${mountOf(database)}/static-roles/${database.name}-${name}`,
  body: { db_name: database.name, username: role.username, rotation_period: role.rotationPeriod },
});
