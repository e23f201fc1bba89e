import type { ActionList } from '../app/aws/iam-role';

/** What AwsResources cannot know from the charts, and how to make what they need. */
export interface AwsResourcesProps {
  /** The cluster's OIDC provider without "https://", such as "oidc.eks.eu-west-1.amazonaws.com/id/0123456789ABCDEF0123456789ABCDEF": `aws eks describe-cluster --query cluster.identity.oidc.issuer`. Roles go to its ServiceAccounts alone. */
  readonly oidcProvider: string;
  /**
   * What the servers' role may do with the table: "least", the six actions that Vault calls, or "documented", the list of Vault's documentation.
   * @default "least"
   */
  readonly actions?: ActionList;
  /**
   * The servers' table: its settings; "existing" where you make it; "made-by-vault" where Vault shall, which gives it CreateTable.
   * @default on demand, with point-in-time recovery and deletion protection
   */
  readonly table?: TableProps | 'existing' | 'made-by-vault';
  /**
   * The unseal key and its alias: its settings, or "existing" where you make them. A key that `seal.kmsKeyId` names by its id exists anyway.
   * @default rotated every 365 days
   */
  readonly key?: KeyProps | 'existing';
  /**
   * The secrets of custody, made empty: their settings, or "existing" where you make them. Those that custody names by ARN exist anyway.
   * @default read by who may break glass alone
   */
  readonly secrets?: SecretProps | 'existing';
  /**
   * AWS Backup of the table, or "off". Point-in-time recovery ends with the table; these backups do not.
   * @default daily, kept for 35 days
   */
  readonly backup?: BackupProps | 'off';
  /**
   * A gateway endpoint for DynamoDB in the cluster's VPC, so that Vault's data does not pass a NAT gateway.
   * @default none
   */
  readonly endpoint?: EndpointProps;
  /**
   * Tags of everything that takes tags. More come at deployment: Terraform's variable `tags`, `aws cloudformation deploy --tags`.
   * @default none
   */
  readonly tags?: Readonly<Record<string, string>>;
}

/** The servers' table. */
export interface CommonTableProps {
  /**
   * Whether the table can be restored to any second of the last 35 days.
   * @default true
   */
  readonly pointInTimeRecovery?: boolean;
  /**
   * Whether DynamoDB refuses to delete the table.
   * @default true
   */
  readonly deletionProtection?: boolean;
  /**
   * The id or ARN of a key of yours that encrypts the table. Not the unseal key. Roles that use the table may use it, through DynamoDB alone.
   * @default a key that AWS owns
   */
  readonly kmsKey?: string;
  /**
   * Whether the table itself denies reading and writing items to everybody but Vault's roles, AWS Backup's and those who may break glass: administrators of the account too, as long as they leave that policy alone. Backups and restored copies are tables of their own.
   * @default false
   */
  readonly denyOthers?: boolean;
}

/** Paid by request; nothing to size. */
export interface OnDemandTableProps extends CommonTableProps {
  /**
   * DynamoDB's billing mode.
   * @default "PAY_PER_REQUEST"
   */
  readonly billingMode?: 'PAY_PER_REQUEST';
  readonly readCapacity?: never;
  readonly writeCapacity?: never;
  readonly autoscaling?: never;
}

/** Paid by capacity. Throttling costs the active server its lead: size it generously, and let autoscaling do the rest. What either mode costs: docs/cost.md. */
export interface ProvisionedTableProps extends CommonTableProps {
  /** DynamoDB's billing mode. */
  readonly billingMode: 'PROVISIONED';
  /** Read capacity units; with `autoscaling` the fewest. Terraform leaves later changes alone, so that autoscaling may make them. */
  readonly readCapacity: number;
  /** Write capacity units; with `autoscaling` the fewest. Terraform leaves later changes alone, so that autoscaling may make them. */
  readonly writeCapacity: number;
  /**
   * Application Auto Scaling of both capacities by target tracking. It works through its service-linked role for DynamoDB, which AWS makes in the account at
   * first use: whoever deploys needs `iam:CreateServiceLinkedRole` then.
   * @default none, the capacity stays as it is
   */
  readonly autoscaling?: AutoscalingProps;
}

/** How far Application Auto Scaling may raise a table's capacity. It reacts to minutes of load; a shorter peak is throttled. */
export interface AutoscalingProps {
  /** The most read capacity units, `readCapacity` or more. */
  readonly maxReadCapacity: number;
  /** The most write capacity units, `writeCapacity` or more. */
  readonly maxWriteCapacity: number;
  /**
   * Percentage of the capacity that shall be in use, 20 to 90 (DynamoDB Developer Guide, "Managing throughput capacity automatically with DynamoDB auto scaling"). Lower leaves more room for peaks.
   * @default 70
   */
  readonly targetUtilization?: number;
}

export type TableProps = OnDemandTableProps | ProvisionedTableProps;

/** The unseal key. */
export interface KeyProps {
  /**
   * Days between rotations of the key's material, 90 to 2560 (AWS KMS API reference, "EnableKeyRotation"). Rotation changes nothing for Vault.
   * @default 365
   */
  readonly rotationDays?: number;
  /**
   * Whether the key itself denies decrypting, re-encrypting and granting (`Decrypt`, `ReEncrypt*`, `CreateGrant`; of a multi-Region key `ReplicateKey` too, since
   * a replica has a policy of its own) to everybody but Vault's roles and who may break glass: administrators of the account and its root user too. A role that is
   * given to Vault later unseals once who may break glass has deployed the key's policy anew.
   * @default false
   */
  readonly denyOthers?: boolean;
  /**
   * Whether the key is a multi-Region primary key, which can be replicated to other regions; no replica is made. It can never be changed (AWS KMS Developer
   * Guide, "Multi-Region keys in AWS KMS"): CloudFormation fails the update, and Terraform refuses to replace the key.
   * @default false
   */
  readonly multiRegion?: boolean;
}

/** The secrets of custody. */
export interface SecretProps {
  /**
   * Whether each secret itself denies reading it (`GetSecretValue`, also through `BatchGetSecretValue`), copying it to other regions, deleting it, and changing or
   * deleting this policy to everybody but who may break glass and the account's root user. The init Job writes it all the same. Whoever deploys a later change of
   * this policy, also with CloudFormation or Terraform, must be among those who may break glass.
   * @default true
   */
  readonly denyOthers?: boolean;
}

/** A backup vault, plan and selection of AWS Backup for the table. */
export interface BackupProps {
  /**
   * When a backup begins, in UTC; within eight hours from then.
   * @default daily at 05:00
   */
  readonly schedule?: BackupScheduleProps;
  /**
   * Days until a backup is deleted.
   * @default 35
   */
  readonly retentionDays?: number;
  /**
   * The ARN of a standard SNS topic of yours, in the same account and region, that hears of every backup that failed, expired or was aborted. The topic's
   * policy must let events.amazonaws.com publish: docs/operations.md.
   * @default none, a failed backup is seen in AWS Backup alone
   */
  readonly failureTopic?: string;
}

/** The time of day. */
export interface CommonScheduleProps {
  /**
   * The hour in UTC, 0 to 23.
   * @default 5
   */
  readonly hour?: number;
  /**
   * The minute, 0 to 59.
   * @default 0
   */
  readonly minute?: number;
}

/** On some days of the week, or on every day. */
export interface WeeklyScheduleProps extends CommonScheduleProps {
  /**
   * The days of the week.
   * @default every day
   */
  readonly weekdays?: readonly Weekday[];
  readonly dayOfMonth?: never;
}

/** Once a month. */
export interface MonthlyScheduleProps extends CommonScheduleProps {
  /** The day of the month, 1 to 28: not every month has a later one. */
  readonly dayOfMonth: number;
  readonly weekdays?: never;
}

export type BackupScheduleProps = WeeklyScheduleProps | MonthlyScheduleProps;

export type Weekday = 'MON' | 'TUE' | 'WED' | 'THU' | 'FRI' | 'SAT' | 'SUN';

/** A gateway endpoint for DynamoDB. The VPC and its route tables are asked for at deployment. */
export interface EndpointProps {
  /** What may pass: "open", everything; "onlyThisTable", what Vault's roles may do with Vault's table. The second breaks every other user of DynamoDB behind the same route tables. */
  readonly policy: 'open' | 'onlyThisTable';
}
