import type { AdminPath } from '../app/jobs/admin-path';
import type { OutboundProps } from '../app/jobs/outbound';
import type { ResourcesProps } from '../app/kubernetes/resources';
import type { IVault } from '../app/vault';
import type { AuditDeviceProps } from './audit-devices';
import type { AuthMethodProps } from './auth/auth-methods';
import type { DatabaseProps } from './databases/database';
import type { DriftScheduleProps } from './drift-schedule';
import type { SecretsEngineProps } from './engines';
import type { GroupProps } from './groups';
import type { PasswordPolicy } from './password-policies';
import type { PolicyRule } from './policies';
import type { RawOperation } from './raw';

/** Who may log in to a Vault, what they may do, and what they get. */
export interface VaultConfigurationProps {
  /** The Vault that is configured. */
  readonly vault: IVault;
  /**
   * How the Job logs in: `init.admin`. Where the init Job made no way in, an administrator makes this one once; see docs/configuration.md, "The first login".
   * @default the role "<name>-admin" of Kubernetes auth at "kubernetes"
   */
  readonly admin?: AdminPath | undefined;
  /**
   * ACL policies, by their names.
   * @default none besides those that databases make
   */
  readonly policies?: Readonly<Record<string, readonly PolicyRule[]>>;
  /**
   * Auth methods, by the paths of their mounts.
   * @default none
   */
  readonly auth?: Readonly<Record<string, AuthMethodProps>>;
  /**
   * Secrets engines, by the paths of their mounts.
   * @default none; a database engine is mounted where `databases` name it
   */
  readonly engines?: Readonly<Record<string, SecretsEngineProps>>;
  /**
   * Databases: Vault gets a user of its own in each, and makes users that expire.
   * @default none
   */
  readonly databases?: readonly DatabaseProps[];
  /**
   * Policies for passwords that Vault makes, by their names.
   * @default none
   */
  readonly passwordPolicies?: Readonly<Record<string, PasswordPolicy>>;
  /**
   * Audit devices, by the paths of their mounts.
   * @default none besides that of the init Job
   */
  readonly audit?: Readonly<Record<string, AuditDeviceProps>>;
  /**
   * Identity groups, by their names.
   * @default none
   */
  readonly groups?: Readonly<Record<string, GroupProps>>;
  /**
   * What no other prop says: paths of Vault's API and what is written there, last of all.
   * @default none
   */
  readonly raw?: readonly RawOperation[];
  /**
   * Whether what left this file is removed: policies, roles, groups, and connections that nothing uses. Mounts and what they hold stay, whatever this says.
   * @default false: it is listed as unmanaged
   */
  readonly prune?: boolean;
  /**
   * When it is looked at again.
   * @default only when this file changes
   */
  readonly schedule?: DriftScheduleProps;
  /**
   * The Job's IAM role: its name, or its ARN in the same account.
   * @default "<name>-configuration"
   */
  readonly role?: string;
  /**
   * Requests and limits of the Job's container.
   * @default 100m cpu, 128Mi memory and 64Mi ephemeral storage requested; 256Mi memory at most
   */
  readonly resources?: ResourcesProps;
  /**
   * How the Job reaches AWS: through a proxy, with further authorities.
   * @default directly
   */
  readonly outbound?: OutboundProps;
}
