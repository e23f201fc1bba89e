import { type AwsEnvironment, iamArn } from '../app/aws/environment';
import type { PolicyDocument } from './iam';
import type { ResourcePolicyStatement } from './resource-policy';

// What is made in AWS, as both Terraform and CloudFormation say it.

export interface Capacity {
  readonly read: number;
  readonly write: number;
}

/** Target tracking of one capacity of a table. */
export interface Scaling {
  /** The policy's name. */
  readonly name: string;
  readonly table: string;
  readonly dimension: 'Read' | 'Write';
  readonly min: number;
  readonly max: number;
  /** The ARN of Application Auto Scaling's role. */
  readonly role: string;
  /** Percentage of the capacity that shall be in use. */
  readonly target: number;
}

export interface Table {
  readonly name: string;
  /** Provisioned, or on demand where undefined. */
  readonly capacity?: Capacity;
  readonly pointInTimeRecovery: boolean;
  readonly deletionProtection: boolean;
  /** The ARN of the key that encrypts it; AWS's own where undefined. */
  readonly kmsKey?: string;
  /** Empty where the table has no policy of its own. */
  readonly policy: readonly ResourcePolicyStatement[];
}

export interface Key {
  /** The alias without "alias/". */
  readonly name: string;
  readonly rotationDays: number;
  readonly multiRegion: boolean;
  readonly policy: readonly ResourcePolicyStatement[];
}

export interface Secret {
  readonly name: string;
  /** The ARN of the key that encrypts it; AWS's own where undefined. */
  readonly kmsKey?: string;
  /** Empty where the secret has no policy of its own. */
  readonly policy: readonly ResourcePolicyStatement[];
}

export interface Role {
  readonly name: string;
  readonly path: string;
  /** Seconds that a session may last at most; AWS's hour where undefined. */
  readonly maxSessionSeconds?: number;
  readonly trust: PolicyDocument;
  readonly policy: PolicyDocument;
}

/** A backup vault, a plan and a selection of that name, for one table. */
export interface Backup {
  readonly name: string;
  readonly tableArn: string;
  readonly role: string;
  readonly schedule: string;
  readonly retentionDays: number;
  /** The ARN of the SNS topic that hears of failures; nobody does where undefined. */
  readonly failureTopic?: string;
}

/** A gateway endpoint for DynamoDB. */
export interface Endpoint {
  readonly service: string;
  /** Empty: AWS's own, which lets everything through. */
  readonly policy: readonly ResourcePolicyStatement[];
}

export interface AwsModel extends AwsEnvironment {
  readonly tags: Readonly<Record<string, string>>;
  readonly tables: readonly Table[];
  readonly scalings: readonly Scaling[];
  readonly keys: readonly Key[];
  readonly secrets: readonly Secret[];
  readonly roles: readonly Role[];
  readonly backups: readonly Backup[];
  readonly endpoint?: Endpoint;
}

/** Who may break glass: principals of this account, never all of them, in words, as a pattern and as an example. */
export const breakGlass = (model: AwsModel): { readonly description: string; readonly pattern: string; readonly example: string } => ({
  description:
    'ARNs of the roles and users that may break glass: disable or delete the unseal key, decrypt with it, read the recovery keys and the table, change the policies that say so. "*" matches within a path',
  pattern: `^${iamArn(model, '(role|user)/.*[A-Za-z0-9].*')}$`,
  example: iamArn(model, 'role/break-glass'),
});

/** Whether somebody who may break glass has to be named. */
export const needsBreakGlass = (model: AwsModel): boolean =>
  [...model.keys, ...model.tables, ...model.secrets].some(({ policy }) => policy.some(({ except }) => except !== undefined));
