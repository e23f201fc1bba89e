import type { SecretField, SecretSource } from './secret-source.ts';

/** What a path of Vault's API is of: the Job keeps its state split by this, and `prune` removes only some of them. */
export type Kind =
  | 'tune'
  | 'password-policy'
  | 'policy'
  | 'auth-config'
  | 'auth-role'
  | 'engine-config'
  | 'connection'
  | 'database-role'
  | 'static-role'
  | 'group'
  | 'group-alias'
  | 'raw';

/** Something that is mounted: an auth method, a secrets engine, an audit device. Never removed. */
export interface EnableOperation {
  readonly do: 'enable';
  readonly at: 'sys/auth' | 'sys/mounts' | 'sys/audit';
  /** As Vault lists it: with a slash at its end. */
  readonly name: string;
  /** The body of the request that enables it. */
  readonly body: { readonly type: string; readonly options?: Readonly<Record<string, string>> };
}

/** A path that is written as a whole, and read back. */
export interface WriteOperation {
  readonly do: 'write';
  readonly kind: Kind;
  readonly path: string;
  /** Where it is read back, if not at its path. */
  readonly readAt?: string;
  readonly body: Readonly<Record<string, unknown>>;
  /** Fields of the body that are secret: where the Job reads them. */
  readonly secrets?: Readonly<Record<string, SecretField>>;
  /** IAM principals that may log in by this role: the tokens of those who leave are revoked. */
  readonly principals?: readonly string[];
}

/** A connection of the database engine, with a user of Vault's own whose password Vault alone knows. */
export interface ConnectOperation {
  readonly do: 'connect';
  readonly mount: string;
  readonly name: string;
  readonly body: Readonly<Record<string, unknown>> & { readonly plugin_name: string; readonly username: string };
  /** Where the authority of the database's certificate lies in the pod. */
  readonly ca?: string;
  /** The credentials of the database's owner: they make Vault's own user, and are kept nowhere. */
  readonly master: SecretSource;
  /** Make Vault's own user, or give it a new password. */
  readonly createUser: readonly string[];
  /** What that user needs for the roles; repeated where it has changed. */
  readonly grants: readonly string[];
}

export type Operation = EnableOperation | WriteOperation | ConnectOperation;

/** What the configuration Job is told at synth: `plan.json` beside its program, and the files of operations that it names. */
export interface ConfigurationPlan {
  /** The Lease that whatever changes this Vault holds. */
  readonly lease: string;
  /** How the Job logs in. */
  readonly login: { readonly mount: string; readonly role: string };
  /** Policies that its own token has: written before all else, so that it may do the rest. */
  readonly ownPolicies: Readonly<Record<string, string>>;
  /** What its token needs at a database engine, with `$MOUNT` for the path: for one that left `main.ts`. */
  readonly databasePolicy: string;
  /** The mount of its state, and the name of the policy that goes with it. */
  readonly state: string;
  /** Whether what left `main.ts` is removed. */
  readonly prune: boolean;
  /** The files of operations, in the order in which they are carried out. */
  readonly operations: readonly string[];
}
