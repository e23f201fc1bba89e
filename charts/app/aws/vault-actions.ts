import { type AwsEnvironment, partitionOf } from './environment';
import type { IamStatement } from './iam-role';
import { kmsKeyName } from './kms';

/** What Vault really calls on a table that exists. Without CreateTable a misspelt name cannot become an empty Vault. */
export const tableActions: readonly string[] = ['DescribeTable', 'GetItem', 'Query', 'BatchWriteItem', 'UpdateItem', 'DeleteItem'];

/** What Vault does with the key that unseals it. A key under an alias is named by the alias: KMS resolves it, and Decrypt names no key at all. */
export function unsealStatement(
  sid: string,
  key: { readonly kmsKeyId: string; readonly region: string },
  aws: AwsEnvironment,
): IamStatement {
  const actions = ['Encrypt', 'Decrypt', 'DescribeKey'].map(action => `kms:${action}`);
  const prefix = `arn:${partitionOf(aws.region)}:kms:${key.region}:${aws.accountId}`;
  const name = kmsKeyName(key.kmsKeyId);
  if (!name.startsWith('alias/')) return { sid, actions, resources: [`${prefix}:key/${name}`] };
  return { sid, actions, resources: [`${prefix}:key/*`], conditions: { 'ForAnyValue:StringEquals': { 'kms:ResourceAliases': [name] } } };
}
