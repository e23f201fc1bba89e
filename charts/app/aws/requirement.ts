import { Construct } from 'constructs';
import type { AwsEnvironment } from './environment';
import type { IamRole, IamStatement } from './iam-role';

/** A table with Vault's schema, by the name under which the servers use it. */
export interface RequiredTable {
  readonly type: 'table';
  readonly name: string;
  /** The servers' role. */
  readonly role: IamRole;
}

/** An unseal key, by the alias or id under which the servers use it. */
export interface RequiredKey {
  readonly type: 'key';
  readonly name: string;
  /** Whether it exists whatever is made: named by its id, or in another account. */
  readonly exists: boolean;
}

/** An empty secret of Secrets Manager. */
export interface RequiredSecret {
  readonly type: 'secret';
  readonly name: string;
  /** The id or ARN of the key that encrypts it; AWS's own where undefined. */
  readonly kmsKey?: string;
}

/** A role that a service of AWS takes on, such as AWS Backup. */
export interface RequiredServiceRole {
  readonly type: 'service-role';
  readonly name: string;
  /** The service, such as "backup.amazonaws.com". */
  readonly service: string;
  readonly statements: readonly IamStatement[];
}

export type RequiredResource = RequiredTable | RequiredKey | RequiredSecret | RequiredServiceRole;

/** What a chart needs of AWS besides its roles, by the name that stands in its YAML: made from the documents in `dist/aws`. */
export class AwsRequirement extends Construct {
  constructor(
    scope: Construct,
    id: string,
    readonly aws: AwsEnvironment,
    /** Where it is, which may be another region than the cluster's. */
    readonly region: string,
    readonly resource: RequiredResource,
  ) {
    super(scope, id);
  }
}
