import { matching } from '../validation/check';
import { defaultServerId, type IVault } from '../vault';
import { accountIdCheck, parseArn, partitionOf } from './environment';

/** Vault compares a caller's ARN without its path (vault issues 2729, 3368): one that is bound with a path never matches. */
export const canonicalArn = (arn: string): string => arn.replace(/^(.*:(?:role|user)\/)(?:.*\/)?/, '$1');

/** The regional endpoint of STS (AWS General Reference, "AWS Security Token Service endpoints"). */
const stsEndpoint = (region: string): string => `https://sts.${region}.amazonaws.com${partitionOf(region) === 'aws-cn' ? '.cn' : ''}`;

/** Whether a text is the ARN of something of IAM in the partition of a region, with such a resource. */
export function isIamArn(text: string, region: string, resource: RegExp): boolean {
  const arn = parseArn(text);
  return (
    arn?.partition === partitionOf(region) &&
    arn.service === 'iam' &&
    arn.region === '' &&
    accountIdCheck.ok(arn.account) &&
    resource.test(arn.resource)
  );
}

/** What a login is signed for: a header's value, as one word. */
export const serverIdCheck = matching(
  /^[\w.:/-]{1,128}$/,
  '1 to 128 characters of A-Z, a-z, 0-9 and "_.:/-"',
  'write for example "vault.example.com"',
);

/** The client of the aws auth method (Vault documentation, "AWS auth method"): logins by a signed GetCallerIdentity, for which Vault needs no right in AWS. */
export const awsLoginClient = (vault: IVault, serverId: string | undefined) => ({
  iam_server_id_header_value: serverId ?? defaultServerId(vault),
  sts_endpoint: stsEndpoint(vault.aws.region),
  sts_region: vault.aws.region,
});
