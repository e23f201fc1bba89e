import type { Look } from '../../app/jobs/runtime/servers.mts';
import type { Lock } from './lock.mts';

/** What was seen at a moment; a lock that could not be read is "unknown". */
export interface Sample {
  readonly at: number;
  readonly lock: Lock | undefined | 'unknown';
  readonly look: Look | undefined;
}

/** Milliseconds after which a lock that nobody renews is anybody's: its holder renews it every 5 s (vault, physical/dynamodb: DynamoDBLockTTL). */
const ttl = 15_000;

/**
 * Whether a lock is held by a server that does not lead: the same identity goes on renewing it, every server is there and unsealed, and none of them is active,
 * for longer than any change of the leader takes. Everything else is another trouble, and none of this program's business. The times in the lock are those of
 * its holder's clock, and only compared with each other.
 */
export class Diagnosis {
  #seen: { readonly identity: string; readonly since: number; readonly expires: number; readonly renewed: number | undefined } | undefined;

  /** Milliseconds for which the lock has been stuck, once that is as long as `patience`; undefined else. */
  stuckFor({ at, lock, look }: Sample, patience: number): number | undefined {
    if (lock === undefined || lock === 'unknown' || look === undefined || !leaderless(look)) {
      this.#seen = undefined;
      return undefined;
    }
    const { identity, expires } = lock;
    const before = this.#seen?.identity === identity ? this.#seen : { since: at, expires, renewed: undefined };
    const renewed = expires > before.expires ? at : before.renewed;
    this.#seen = { identity, since: before.since, expires, renewed };
    // a holder that is gone renews nothing: others take the lock when it expires
    return at - before.since >= patience && renewed !== undefined && at - renewed < ttl ? at - before.since : undefined;
  }

  /** After something was done about it. */
  begin(): void {
    this.#seen = undefined;
  }
}

/** Standbys alone, all of them there: also those that say that they do not reach an active one. */
const leaderless = ({ servers, replicas }: Look): boolean =>
  servers.length === replicas &&
  replicas > 0 &&
  servers.every(({ role, leaving }) => !leaving && (role === 'standby' || role === 'cut off'));
