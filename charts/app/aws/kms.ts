import type { Check } from '../validation/check';
import type { Problems } from '../validation/problems';
import { type AwsEnvironment, parseArn, partitionOf, regionCheck } from './environment';
import type { IamStatement } from './iam-role';

const id = /^([0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}|mrk-[0-9a-f]{32})$/;
// keys that AWS manages, alias/aws/..., serve AWS's services alone
const alias = /^alias\/(?!aws\/)[A-Za-z0-9/_-]{1,250}$/;

/** A key of KMS, by whatever names it (AWS KMS API reference, "KeyId"; ids of multi-Region keys start with mrk-). */
export const kmsKeyCheck: Check<string> = {
  ok: value => {
    const arn = parseArn(value);
    if (arn === undefined) return id.test(value) || alias.test(value);
    const named = arn.resource.startsWith('key/') ? id.test(arn.resource.slice(4)) : alias.test(arn.resource);
    return arn.service === 'kms' && regionCheck.ok(arn.region) && /^\d{12}$/.test(arn.account) && named;
  },
  allowed: 'a key id, a key ARN, "alias/<name>" or an alias ARN',
  fix: 'write for example "alias/vault-unseal"',
};

/** The id or the alias of a key, however it is named; empty where a caller without types named none. */
export const kmsKeyName = (key: string | undefined): string => (parseArn(key ?? '')?.resource ?? key ?? '').replace(/^key\//, '');

/** The ARN of a key that is named by its id or ARN. */
export const kmsKeyArn = (key: string, aws: AwsEnvironment): string =>
  parseArn(key) === undefined ? `arn:${partitionOf(aws.region)}:kms:${aws.region}:${aws.accountId}:key/${key}` : key;

/** A key that encrypts data at rest: it exists beside the data, IAM can name it, and it is none of the keys that unseal. */
export function checkDataKey(
  problems: Problems,
  prop: string,
  key: string | undefined,
  context: { readonly aws: AwsEnvironment | undefined; readonly unsealKeys: readonly string[]; readonly why: string },
): void {
  if (key === undefined || !problems.check(prop, key, kmsKeyCheck)) return;
  const { aws, unsealKeys, why } = context;
  const arn = parseArn(key);
  if (unsealKeys.some(unsealKey => kmsKeyName(unsealKey) === kmsKeyName(key)))
    problems.refuse(prop, key, 'another key than the unseal key', why);
  else if (kmsKeyName(key).startsWith('alias/'))
    problems.refuse(prop, key, 'key ids and key ARNs', 'IAM names keys, not aliases: write the id of the key');
  else if (arn !== undefined && aws !== undefined && (arn.region !== aws.region || arn.partition !== partitionOf(aws.region)))
    problems.refuse(prop, key, `keys in ${aws.region}`, 'correct the ARN: a key is in the region of what it encrypts');
}

/** The condition under which a key is used through a service alone; in China its name has either domain. */
export function viaService(service: string, region: string): NonNullable<IamStatement['conditions']> {
  const domains = partitionOf(region) === 'aws-cn' ? ['amazonaws.com', 'amazonaws.com.cn'] : ['amazonaws.com'];
  return { StringEquals: { 'kms:ViaService': domains.map(domain => `${service}.${region}.${domain}`) } };
}
