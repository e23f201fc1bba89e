import type { SecretSource } from '../secret-source';

/** How long a user of a database lives, and who may have one. */
export interface DatabaseRoleBase {
  /** Who may have such a user: roles of auth methods, as "<mount>/<role>". */
  readonly users: readonly string[];
  /**
   * How long a user lives until his lease is renewed.
   * @default "1h"
   */
  readonly defaultTtl?: string;
  /**
   * How long a user lives at most.
   * @default "8h"
   */
  readonly maxTtl?: string;
}

/** PostgreSQL: the users act as a group role that the owner of the tables made, so that what they make belongs to the group. */
export interface GroupRole extends DatabaseRoleBase {
  /** The group role in the database, such as "orders_readonly". Its owner gives it what it needs, also on the tables of tomorrow. */
  readonly group: string;
  readonly privileges?: never;
  readonly creationStatements?: never;
}

/** MySQL and MariaDB: the users have privileges on the whole database. */
export interface PrivilegesRole extends DatabaseRoleBase {
  /** Privileges as GRANT takes them, such as ["SELECT", "SHOW VIEW"]. The owner must be able to pass them on. */
  readonly privileges: readonly string[];
  readonly group?: never;
  readonly creationStatements?: never;
}

/** Statements of your own, as Vault's database engine takes them. Vault's own user must be able to run them. */
export interface StatementsRole extends DatabaseRoleBase {
  /** Make a user: with `{{name}}`, `{{password}}` and `{{expiration}}`. */
  readonly creationStatements: readonly string[];
  /**
   * Remove a user.
   * @default the plugin's
   */
  readonly revocationStatements?: readonly string[];
  /**
   * Let a user live longer.
   * @default the plugin's
   */
  readonly renewStatements?: readonly string[];
  /**
   * Undo what was done of the creation where it failed.
   * @default the plugin's
   */
  readonly rollbackStatements?: readonly string[];
  readonly group?: never;
  readonly privileges?: never;
}

/** What users of a role may do: by a group, by privileges, or by statements of your own. */
export type DatabaseRole = GroupRole | PrivilegesRole | StatementsRole;

/** A user that is there already, whose password Vault rotates. */
export interface StaticRole {
  /** His name in the database. */
  readonly username: string;
  /** How often his password is changed. */
  readonly rotationPeriod: string;
  /** Who may read it: roles of auth methods, as "<mount>/<role>". */
  readonly users: readonly string[];
}

/** A database on a server or cluster, whatever its kind. */
export interface CommonDatabaseProps {
  /** Names the connection in Vault; its roles are called "<name>-<role>". */
  readonly name: string;
  /** Its host name, which its certificate has. The servers' `network.egress` must open the port. */
  readonly host: string;
  /**
   * Its port.
   * @default 5432 for PostgreSQL, 3306 for MySQL
   */
  readonly port?: number;
  /** The database on that server. */
  readonly database: string;
  /**
   * The ConfigMap, in the Job's namespace, with the authority of the database's certificate: Amazon's bundle for RDS. Its text goes into the connection.
   */
  readonly ca: { readonly configMap: string; readonly key: string };
  /** The credentials of the database's owner, as "username" and "password": they make Vault's own user, and are kept nowhere. */
  readonly master: SecretSource;
  /**
   * Vault's own user: made by the first run, and its password known to Vault alone from then on.
   * @default "vault"
   */
  readonly user?: string;
  /**
   * Users that are there already, by the names of their roles.
   * @default none
   */
  readonly staticRoles?: Readonly<Record<string, StaticRole>>;
  /**
   * How many connections a server opens at most.
   * @default 4 (Vault's)
   */
  readonly maxOpenConnections?: number;
  /**
   * How long a connection lives at most.
   * @default "0s", without a limit
   */
  readonly maxConnectionLifetime?: string;
  /**
   * The policy of the passwords that Vault makes: one of `passwordPolicies`.
   * @default Vault's, 20 characters
   */
  readonly passwordPolicy?: string;
  /**
   * The names of users, as a template of Vault's.
   * @default the session of whoever logs in by an IAM role (with SSO, the person), else the login's name; a random part; the time
   */
  readonly usernameTemplate?: string;
  /**
   * The mount of the database engine.
   * @default "database"
   */
  readonly mount?: string;
}

/** PostgreSQL, also of RDS and Aurora. */
export interface PostgresqlDatabaseProps extends CommonDatabaseProps {
  /** Vault's plugin. */
  readonly plugin: 'postgresql';
  /** The roles, by their names: whoever logs in by one of its `users` gets a user of the database that expires. */
  readonly roles: Readonly<Record<string, GroupRole | StatementsRole>>;
}

/** MySQL and MariaDB, also of RDS and Aurora. */
export interface MysqlDatabaseProps extends CommonDatabaseProps {
  /** Vault's plugin: "mysql-aurora" and "mysql-rds" make names that MySQL 5.6 takes, of 16 characters. */
  readonly plugin: 'mysql' | 'mysql-aurora' | 'mysql-rds';
  /** The roles, by their names: whoever logs in by one of its `users` gets a user of the database that expires. */
  readonly roles: Readonly<Record<string, PrivilegesRole | StatementsRole>>;
}

/** A database on a server or cluster, and who gets users of which kind in it. */
export type DatabaseProps = PostgresqlDatabaseProps | MysqlDatabaseProps;
