import type { Aws } from '../../../app/jobs/runtime/aws.mts';
import { anything, list, object, optional, record, string } from '../../../app/jobs/runtime/shape.mts';
import { NotYet, type Say, type Waiter } from '../../../app/jobs/runtime/wait.mts';
import type { Backups } from '../../program/backups.mts';
import { allPages } from '../../program/pages.mts';

const attribute = object({ S: string });
const item = object({ Path: attribute, Key: attribute });
type Item = ReturnType<typeof item>;
const page = object({ Items: list(item), LastEvaluatedKey: optional(record(anything)) });
const unprocessed = object({ UnprocessedItems: optional(record(list(object({ DeleteRequest: object({ Key: item }) })))) });

/**
 * What makes a Vault that starts on old data act outside: leases, which it revokes when they have ended, static roles, which it rotates when they are due, and
 * what engines had begun and would undo. Vault encrypts what it stores, not where (vault/expiration.go, "expire/id/"; sdk/framework/wal.go, "wal/";
 * builtin/logical/database and aws, "static-role").
 */
const acts = /^sys\/expire\/id\/|^(logical|auth)\/[0-9a-f-]+\/(static-(role|roles|creds)|wal)\//;

/** Folders are items too, by a name that ends in "/". */
const isActing = ({ Path: { S: path }, Key: { S: key } }: Item): boolean => acts.test(`${path}/${key}${key.endsWith('/') ? '' : '/'}`);

/** The table that a backup is restored into for a drill. */
export class ScratchTable {
  readonly #aws: Aws;
  readonly #name: string;
  readonly #backups: Backups;
  readonly #say: Say;

  constructor(aws: Aws, name: string, backups: Backups, say: Say) {
    this.#aws = aws;
    this.#name = name;
    this.#backups = backups;
    this.#say = say;
  }

  /** Takes out what would make Vault act outside, and looks that nothing of it is left. */
  async makeHarmless(waiter: Waiter): Promise<void> {
    const found = await waiter.until(`the items of table ${this.#name}`, () => this.#acting());
    for (let at = 0; at < found.length; at += 25)
      await waiter.until(`items of table ${this.#name} to be deleted`, () => this.#delete(found.slice(at, at + 25)));
    const left = await waiter.until(`the items of table ${this.#name}`, () => this.#acting());
    if (left.length > 0) throw new Error(`${left.length} leases or static roles are still in table ${this.#name}: Vault is not started`);
    this.#say(`table ${this.#name}: ${found.length} items of leases, static roles and unfinished work are taken out`);
  }

  /** Deletes the table, if it is there. */
  async remove(waiter: Waiter): Promise<void> {
    await waiter.until(`table ${this.#name} to be gone`, async () => {
      const state = await this.#backups.state(this.#name);
      if (state === undefined) return;
      if (state === 'ACTIVE') await this.#aws.call('dynamodb', 'DeleteTable', { TableName: this.#name }, anything);
      throw new NotYet(`it is ${state}`);
    });
  }

  async #acting(): Promise<readonly Item[]> {
    return allPages(async (from: object | undefined) => {
      const body = {
        TableName: this.#name,
        ConsistentRead: true,
        ProjectionExpression: '#path, #key',
        ExpressionAttributeNames: { '#path': 'Path', '#key': 'Key' },
        ...(from === undefined ? {} : { ExclusiveStartKey: from }),
      };
      const { Items: items, LastEvaluatedKey: next } = await this.#aws.call('dynamodb', 'Scan', body, page);
      return { items: items.filter(isActing), next };
    });
  }

  async #delete(items: readonly Item[]): Promise<void> {
    let requests: object = { [this.#name]: items.map(key => ({ DeleteRequest: { Key: key } })) };
    while (Object.keys(requests).length > 0) {
      const answer = await this.#aws.call('dynamodb', 'BatchWriteItem', { RequestItems: requests }, unprocessed);
      requests = answer.UnprocessedItems ?? {};
    }
  }
}
