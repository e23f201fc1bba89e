import type { Aws } from '../../app/jobs/runtime/aws.mts';
import { object, optional, string } from '../../app/jobs/runtime/shape.mts';

/** Who holds the lock, as a name that says nothing of a pod, and until when. */
export interface Lock {
  readonly identity: string;
  /** Milliseconds. */
  readonly expires: number;
}

const answer = object({ Item: optional(object({ Identity: object({ B: string }), Expires: object({ N: string }) })) });

/** The item of Vault's lock (vault, physical/dynamodb: path "core", key "_lock"). It is read, and never written. */
export async function readLock(aws: Aws, table: string): Promise<Lock | undefined> {
  const { Item } = await aws.call(
    'dynamodb',
    'GetItem',
    {
      TableName: table,
      Key: { Path: { S: 'core' }, Key: { S: '_lock' } },
      ProjectionExpression: '#identity, #expires',
      ExpressionAttributeNames: { '#identity': 'Identity', '#expires': 'Expires' },
      ConsistentRead: true,
    },
    answer,
  );
  // nanoseconds
  return Item === undefined ? undefined : { identity: Item.Identity.B, expires: Number(Item.Expires.N.slice(0, -6)) };
}
