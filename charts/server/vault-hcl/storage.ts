import { partitionOf, regionCheck, tableArn } from '../../app/aws/environment';
import { type ActionList, allow, type IamStatement } from '../../app/aws/iam-role';
import { tableActions } from '../../app/aws/vault-actions';
import { type HclBlock, snakeCase } from '../../app/hcl';
import { urlCheck } from '../../app/validation/addresses';
import { booleanCheck, type Checks, integer, matching, oneOf } from '../../app/validation/check';
import type { Part } from '../../app/validation/part';
import type { Problems } from '../../app/validation/problems';
import type { ServerIdentity } from '../server-identity';

/** The `storage "dynamodb"` stanza, in the terms of Vault's documentation ("DynamoDB storage backend"). Credentials come from the pod's role. */
export interface DynamoDbStorageProps {
  /** The table's name. An overlay changes it with the environment variable AWS_DYNAMODB_TABLE. */
  readonly table: string;
  /**
   * The table's region. An overlay changes it with AWS_DYNAMODB_REGION.
   * @default the region of `aws`
   */
  readonly region?: string;
  /**
   * Another endpoint than AWS's public one, such as an interface endpoint.
   * @default AWS's endpoint of the region
   */
  readonly endpoint?: string;
  /**
   * Whether servers elect an active one through a lock in the table. RequiredResource from two replicas up; without it every Service leads to the one server.
   * @default true
   */
  readonly haEnabled?: boolean;
  /**
   * Requests to the table at the same time, of each server.
   * @default 128 (Vault's)
   */
  readonly maxParallel?: number;
  /**
   * Read capacity of a table that Vault makes itself.
   * @default 5 (Vault's)
   */
  readonly readCapacity?: number;
  /**
   * Write capacity of a table that Vault makes itself.
   * @default 5 (Vault's)
   */
  readonly writeCapacity?: number;
  /**
   * Billing mode of a table that Vault makes itself.
   * @default "PROVISIONED" (Vault's)
   */
  readonly billingMode?: 'PROVISIONED' | 'PAY_PER_REQUEST';
  /**
   * Whether Vault may change capacity and billing mode of an existing table.
   * @default false (Vault's)
   */
  readonly dynamodbAllowUpdates?: boolean;
  /**
   * How often a failed request is tried again.
   * @default the AWS SDK's
   */
  readonly dynamodbMaxRetries?: number;
}

const checks: Checks<DynamoDbStorageProps> = {
  table: matching(
    /^[a-zA-Z0-9_.-]{3,255}$/,
    '3 to 255 characters of a-z, A-Z, 0-9, "_", "-" and "."',
    'write a table name, such as "vault-data"',
  ),
  region: regionCheck,
  endpoint: urlCheck,
  haEnabled: booleanCheck,
  maxParallel: integer(1),
  readCapacity: integer(1),
  writeCapacity: integer(1),
  billingMode: oneOf('PROVISIONED', 'PAY_PER_REQUEST'),
  dynamodbAllowUpdates: booleanCheck,
  dynamodbMaxRetries: integer(0),
};

/** The list of Vault's documentation ("DynamoDB storage backend", "Required AWS permissions"), less CreateTable and UpdateTable. */
const documentedActions = {
  table: [
    ...['DescribeTable', 'DescribeTimeToLive', 'ListTagsOfResource', 'BatchGetItem', 'BatchWriteItem', 'GetItem', 'PutItem', 'UpdateItem'],
    ...['DeleteItem', 'Query', 'Scan'],
  ],
  stream: ['GetRecords'],
  // these know no resource (AWS Service Authorization Reference)
  account: ['DescribeLimits', 'DescribeReservedCapacity', 'DescribeReservedCapacityOfferings', 'ListTables'],
};

/** The table that holds Vault's data. */
export class DynamoDbStorage implements Part {
  readonly table: string;
  readonly region: string;
  readonly haEnabled: boolean;

  constructor(
    private readonly server: ServerIdentity,
    private readonly props: DynamoDbStorageProps,
  ) {
    this.table = props.table;
    this.region = props.region ?? server.aws.region;
    this.haEnabled = props.haEnabled ?? true;
  }

  get endpoints(): readonly (string | undefined)[] {
    return [this.props.endpoint];
  }

  validate(problems: Problems): void {
    const { props } = this;
    const { aws, replicas } = this.server;
    if (props.table === undefined) problems.require('storage.table', props.table, checks.table);
    problems.checkAll('storage', props, checks);
    if (props.haEnabled === false && replicas > 1)
      problems.refuse(
        'storage.haEnabled',
        false,
        `true with ${replicas} replicas`,
        'leave it out, or run one replica: without the lock several servers would write to one table',
      );
    if (props.region !== undefined && partitionOf(props.region) !== partitionOf(aws.region))
      problems.refuse(
        'storage.region',
        props.region,
        `regions of partition ${partitionOf(aws.region)}, as aws.region ${aws.region} is`,
        'correct one of the two',
      );
  }

  /** Every value is a string: Vault's parser of this stanza takes nothing else. */
  block(): HclBlock {
    // to Vault any value of dynamodb_allow_updates is yes, "false" too
    const dynamodbAllowUpdates = this.props.dynamodbAllowUpdates ? true : undefined;
    const values = { ...this.props, region: this.region, haEnabled: this.haEnabled, dynamodbAllowUpdates };
    const attributes = Object.keys(checks).flatMap(key => {
      const value = values[key as keyof DynamoDbStorageProps];
      return value === undefined ? [] : [[snakeCase(key), String(value)]];
    });
    return { type: 'storage', labels: ['dynamodb'], body: { attributes: Object.fromEntries(attributes) } };
  }

  /** What the servers' role may do with the table. */
  statements(list: ActionList): readonly IamStatement[] {
    const table = tableArn(this.table, this.server.aws, this.region);
    const update = this.props.dynamodbAllowUpdates ? ['UpdateTable'] : [];
    if (list === 'least') return [allow('Storage', 'dynamodb', [...tableActions, ...update], table)];
    return [
      allow('Storage', 'dynamodb', [...documentedActions.table, ...update], table),
      allow('StorageStream', 'dynamodb', documentedActions.stream, `${table}/stream/*`),
      allow('StorageAccount', 'dynamodb', documentedActions.account, '*'),
    ];
  }
}
