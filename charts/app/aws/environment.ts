import { type Check, matching } from '../validation/check';
import type { KnownProps, Problems } from '../validation/problems';

/** Where the AWS resources of a Vault are. */
export interface AwsEnvironment {
  /** The AWS account id: 12 digits. Goes into role ARNs and IAM documents. */
  readonly accountId: string;
  /** The region of the cluster, and of table and key unless they say otherwise, such as "ap-northeast-1". Decides the partition: aws, aws-cn or aws-us-gov. */
  readonly region: string;
}

export type Partition = 'aws' | 'aws-cn' | 'aws-us-gov';

/** AWS General Reference, "Amazon Resource Names": the partition follows from the region. */
export function partitionOf(region: string): Partition {
  if (region?.startsWith('cn-')) return 'aws-cn';
  return region?.startsWith('us-gov-') ? 'aws-us-gov' : 'aws';
}

export interface Arn {
  readonly partition: string;
  readonly service: string;
  readonly region: string;
  readonly account: string;
  readonly resource: string;
}

/** The parts of an ARN, or undefined where the text is none. */
export function parseArn(text: string): Arn | undefined {
  const [arn, partition = '', service = '', region = '', account = '', ...resource] = (typeof text === 'string' ? text : '').split(':');
  return arn === 'arn' && resource.length > 0 ? { partition, service, region, account, resource: resource.join(':') } : undefined;
}

/** The ARN of something of IAM in an account, such as "role/vault-server". */
export const iamArn = ({ accountId: account, region: home }: AwsEnvironment, resource: string): string =>
  `arn:${partitionOf(home)}:iam::${account}:${resource}`;

/** The ARN of a DynamoDB table. */
export const tableArn = (name: string, { accountId: account, region: home }: AwsEnvironment, at = home): string =>
  `arn:${partitionOf(home)}:dynamodb:${at}:${account}:table/${name}`;

/** The ARN of a secret of Secrets Manager that is named by name or ARN: six random characters end it. */
export const secretArn = (secret: string, { accountId: account, region: home }: AwsEnvironment): string =>
  parseArn(secret) === undefined ? `arn:${partitionOf(home)}:secretsmanager:${home}:${account}:secret:${secret}-??????` : secret;

export const accountIdCheck = matching(/^\d{12}$/, 'AWS account ids of 12 digits', 'write for example "123456789012", as a string');

export const regionCheck = matching(
  /^(us|eu|ap|sa|ca|me|af|il|mx|cn|us-gov)-(north|south|east|west|central|northeast|northwest|southeast|southwest)-\d$/,
  'regions of the partitions aws, aws-cn and aws-us-gov',
  'write for example "us-east-1"',
);

/** IAM User Guide, "IAM and AWS STS quotas": role names. */
export const roleNameCheck = matching(
  /^[\w+=,.@-]{1,64}$/,
  '1 to 64 characters of A-Z, a-z, 0-9 and "_+=,.@-"',
  'write for example "vault-server"',
);

export function checkAwsEnvironment(problems: Problems, aws: AwsEnvironment): void {
  problems.checkNames('aws', aws, { accountId: true, region: true } satisfies KnownProps<AwsEnvironment>);
  problems.require('aws.accountId', aws.accountId, accountIdCheck);
  problems.require('aws.region', aws.region, regionCheck);
}

export const roleArnCheck: Check<string> = {
  ok: value => {
    const arn = parseArn(value);
    return (
      arn?.service === 'iam' &&
      arn.region === '' &&
      accountIdCheck.ok(arn.account) &&
      /^role\/([\w+=,.@-]+\/)*[\w+=,.@-]{1,64}$/.test(arn.resource)
    );
  },
  allowed: 'ARNs of IAM roles',
  fix: 'write for example "arn:aws:iam::123456789012:role/vault-server"',
};
