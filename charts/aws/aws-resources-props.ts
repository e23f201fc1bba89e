import type { ActionList } from '../app/iam-role';

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
   * Whether the secrets of custody are made, or exist. Those that custody names by ARN exist anyway.
   * @default "made"
   */
  readonly secrets?: 'made' | 'existing';
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
}

/** Paid by capacity. Throttling costs the active server its lead: size it generously, or let autoscaling. */
export interface ProvisionedTableProps extends CommonTableProps {
  /** DynamoDB's billing mode. */
  readonly billingMode: 'PROVISIONED';
  /** Read capacity units. Terraform leaves later changes alone, so that autoscaling may make them. */
  readonly readCapacity: number;
  /** Write capacity units. Terraform leaves later changes alone, so that autoscaling may make them. */
  readonly writeCapacity: number;
}

export type TableProps = OnDemandTableProps | ProvisionedTableProps;

/** The unseal key. */
export interface KeyProps {
  /**
   * Days between rotations of the key's material, 90 to 2560 (AWS KMS API reference, "EnableKeyRotation"). Rotation changes nothing for Vault.
   * @default 365
   */
  readonly rotationDays?: number;
}

/** A backup vault, plan and selection of AWS Backup for the table. */
export interface BackupProps {
  /**
   * When, in UTC, as AWS writes cron.
   * @default "cron(0 5 * * ? *)"
   */
  readonly schedule?: string;
  /**
   * Days until a backup is deleted.
   * @default 35
   */
  readonly retentionDays?: number;
}

/** A gateway endpoint for DynamoDB. The VPC and its route tables are asked for at deployment. */
export interface EndpointProps {
  /** What may pass: "open", everything; "onlyThisTable", what Vault's roles may do with Vault's table. The second breaks every other user of DynamoDB behind the same route tables. */
  readonly policy: 'open' | 'onlyThisTable';
}
