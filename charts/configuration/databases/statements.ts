/** The statements by which Vault makes and removes users of a kind of database; `{{...}}` is filled in by Vault. */
export interface Dialect {
  /** Make Vault's own user, or give it a new password. */
  createOwn(user: string, context: DatabaseContext): readonly string[];
  /** What that user needs, for the roles there are. */
  grants(user: string, context: DatabaseContext): readonly string[];
  /** Make a user who may do what a role says. */
  create(role: RoleGrant, database: string): readonly string[];
  /** Remove him, and end what he has open. */
  revoke(role: RoleGrant): readonly string[];
  /** Let him live longer. */
  renew: readonly string[];
}

/** What a role may do: as a member of a group, or by privileges of its own. */
export type RoleGrant = { readonly group: string } | { readonly privileges: readonly string[] };

export interface DatabaseContext {
  readonly database: string;
  readonly grants: readonly RoleGrant[];
  /** Users whose passwords Vault rotates. */
  readonly staticUsers: readonly string[];
}

const quoted = (name: string): string => `"${name}"`;
const groupOf = (role: RoleGrant): string => ('group' in role ? role.group : '');

/**
 * PostgreSQL, and its kinds on RDS and Aurora. A user is a member of a group role and acts as it: what he makes belongs to the group, so that he can be dropped.
 * From PostgreSQL 16 on, whoever gives a role away must have it WITH ADMIN OPTION (PostgreSQL documentation, "Role Membership").
 */
export const postgresql: Dialect = {
  createOwn: (user, context) => [
    `DO $$ BEGIN IF NOT EXISTS (SELECT FROM pg_catalog.pg_roles WHERE rolname = '${user}') THEN CREATE ROLE ${quoted(user)}; END IF; END $$`,
    `ALTER ROLE ${quoted(user)} WITH LOGIN CREATEROLE PASSWORD '{{password}}'`,
    ...postgresql.grants(user, context),
  ],
  grants: (user, { grants, staticUsers }) =>
    [...new Set([...grants.map(groupOf), ...staticUsers])].map(role => `GRANT ${quoted(role)} TO ${quoted(user)} WITH ADMIN OPTION`),
  create: role => [
    `CREATE ROLE "{{name}}" WITH LOGIN NOINHERIT PASSWORD '{{password}}' VALID UNTIL '{{expiration}}' IN ROLE ${quoted(groupOf(role))}`,
    `ALTER ROLE "{{name}}" SET role TO ${quoted(groupOf(role))}`,
  ],
  revoke: role => [
    // as one block: whoever was dropped by hand is no error. Only a member may end the sessions of a user, and give away what he has
    `DO $$ BEGIN IF EXISTS (SELECT FROM pg_catalog.pg_roles WHERE rolname = '{{name}}') THEN ALTER ROLE "{{name}}" NOLOGIN; GRANT "{{name}}" TO CURRENT_USER; PERFORM pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = '{{name}}'; REASSIGN OWNED BY "{{name}}" TO ${quoted(groupOf(role))}; DROP OWNED BY "{{name}}"; DROP ROLE "{{name}}"; END IF; END $$`,
  ],
  renew: [`ALTER ROLE "{{name}}" VALID UNTIL '{{expiration}}'`],
};

const account = (user: string): string => `'${user}'@'%'`;
const onDatabase = (database: string): string => `ON \`${database}\`.*`;
const privilegesOf = (role: RoleGrant): readonly string[] => ('privileges' in role ? role.privileges : []);

/** MySQL and MariaDB, and their kinds on RDS and Aurora. Privileges on a database hold for the tables of tomorrow, and nobody owns a table. */
export const mysql: Dialect = {
  createOwn: (user, context) => [
    `CREATE USER IF NOT EXISTS ${account(user)} IDENTIFIED BY '{{password}}'`,
    `ALTER USER ${account(user)} IDENTIFIED BY '{{password}}'`,
    ...mysql.grants(user, context),
  ],
  grants: (user, { database, grants }) => [
    `GRANT CREATE USER ON *.* TO ${account(user)}`,
    ...grants.map(role => `GRANT ${privilegesOf(role).join(', ')} ${onDatabase(database)} TO ${account(user)} WITH GRANT OPTION`),
  ],
  create: (role, database) => [
    `CREATE USER '{{name}}'@'%' IDENTIFIED BY '{{password}}'`,
    `GRANT ${privilegesOf(role).join(', ')} ${onDatabase(database)} TO '{{name}}'@'%'`,
  ],
  revoke: () => [`DROP USER IF EXISTS '{{name}}'@'%'`],
  renew: [],
};
