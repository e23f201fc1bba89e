import { type AwsEnvironment, iamArn } from '../app/aws';
import type { PolicyDocument } from './iam';
import type { ResourcePolicyStatement } from './resource-policy';

// What is made in AWS, as both Terraform and CloudFormation say it.

export interface Capacity {
  readonly read: number;
  readonly write: number;
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
  readonly policy: readonly ResourcePolicyStatement[];
}

export interface Secret {
  readonly name: string;
  /** The ARN of the key that encrypts it; AWS's own where undefined. */
  readonly kmsKey?: string;
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
  readonly keys: readonly Key[];
  readonly secrets: readonly Secret[];
  readonly roles: readonly Role[];
  readonly backups: readonly Backup[];
  readonly endpoint?: Endpoint;
}

/** Who may break glass: principals of this account, never all of them, as a pattern and as an example. */
export const breakGlass = (model: AwsModel): { readonly pattern: string; readonly example: string } => ({
  pattern: `^${iamArn(model, '(role|user)/.*[A-Za-z0-9].*')}$`,
  example: iamArn(model, 'role/break-glass'),
});

/** Whether somebody who may break glass has to be named. */
export const needsBreakGlass = (model: AwsModel): boolean =>
  [...model.keys, ...model.tables].some(({ policy }) => policy.some(({ except }) => except !== undefined));
