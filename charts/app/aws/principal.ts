import { partitionOf } from './environment';

/** Vault compares a caller's ARN without its path (vault issues 2729, 3368): one that is bound with a path never matches. */
export const canonicalArn = (arn: string): string => arn.replace(/^(.*:(?:role|user)\/)(?:.*\/)?/, '$1');

/** The regional endpoint of STS (AWS General Reference, "AWS Security Token Service endpoints"). */
export const stsEndpoint = (region: string): string =>
  `https://sts.${region}.amazonaws.com${partitionOf(region) === 'aws-cn' ? '.cn' : ''}`;
