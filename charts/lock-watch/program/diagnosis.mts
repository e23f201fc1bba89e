import type { Look } from '../../app/jobs/runtime/servers.mts';
import type { Lock } from './lock.mts';

/** What was seen at a moment; a lock that could not be read is "unknown". */
export interface Sample {
  readonly at: number;
  readonly lock: Lock | undefined | 'unknown';
  readonly look: Look | undefined;
}

/**
 * Whether a lock is held by a server that does not lead: the same identity goes on renewing it, every server is there and unsealed, and none of them is active,
 * for longer than any change of the leader takes. Everything else is another trouble, and none of this program's business.
 */
export class Diagnosis {
  readonly #patience: number;
  #stuck: { readonly identity: string; readonly since: number; readonly expires: number } | undefined;

  /** `patience`: milliseconds. */
  constructor(patience: number) {
    this.#patience = patience;
  }

  /** Milliseconds for which the lock has been stuck, once that is for too long; undefined else. */
  stuckFor({ at, lock, look }: Sample): number | undefined {
    const held = lock !== undefined && lock !== 'unknown' && lock.expires > at ? lock : undefined;
    if (held === undefined || look === undefined || !leaderless(look)) {
      this.#stuck = undefined;
      return undefined;
    }
    if (this.#stuck?.identity !== held.identity) this.#stuck = { identity: held.identity, since: at, expires: held.expires };
    const { since, expires } = this.#stuck;
    // a holder that is gone renews nothing: others take the lock when it expires
    return at - since >= this.#patience && held.expires > expires ? at - since : undefined;
  }

  /** After something was done about it. */
  begin(): void {
    this.#stuck = undefined;
  }
}

/** Standbys alone, all of them there: also those that say that they do not reach an active one. */
const leaderless = ({ servers, replicas }: Look): boolean =>
  servers.length === replicas &&
  replicas > 0 &&
  servers.every(({ role, leaving }) => !leaving && (role === 'standby' || role === 'cut off'));
