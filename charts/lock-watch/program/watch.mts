import { setTimeout as sleep } from 'node:timers/promises';
import type { Lease } from '../../app/jobs/runtime/lease.mts';
import type { Server, Servers } from '../../app/jobs/runtime/servers.mts';
import type { Stop } from '../../app/jobs/runtime/stop.mts';
import { NotYet, type Say, type Waiter } from '../../app/jobs/runtime/wait.mts';
import { Diagnosis, type Sample } from './diagnosis.mts';
import type { Events } from './events.mts';
import type { Lock } from './lock.mts';

export interface Surroundings {
  readonly servers: Servers;
  /** The table whose lock is read. */
  readonly table: string;
  readonly readLock: () => Promise<Lock | undefined>;
  readonly lease: Lease;
  readonly events: Events;
  /** One that gives up at once: somebody else is at work then. */
  readonly waiter: Waiter;
  readonly stop: Stop;
  readonly say: Say;
  /** Milliseconds: how long the lock must be stuck, between two looks, and how long it must be stuck after a deletion for the next. */
  readonly patience: number;
  readonly interval: number;
  readonly grace: number;
}

/** Looks at the lock and the servers again and again, and deletes the pod of one where the lock is stuck: who led last, else one after the other. */
export class LockWatch {
  readonly #with: Surroundings;
  readonly #diagnosis = new Diagnosis();
  #leader: string | undefined;
  #tried: string[] = [];
  #since: number | undefined;
  #said = '';

  constructor(surroundings: Surroundings) {
    this.#with = surroundings;
  }

  /** Until it is told to stop. */
  async run(): Promise<void> {
    const { stop, interval } = this.#with;
    while (!stop.signal.aborted) {
      await this.look();
      await sleep(interval, undefined, { signal: stop.signal }).catch(() => undefined);
    }
    stop.signal.throwIfAborted();
  }

  async look(): Promise<void> {
    const { say, patience, grace } = this.#with;
    const sample = await this.#sample();
    const active = sample.look?.servers.find(({ role, leaving }) => role === 'active' && !leaving);
    if (active !== undefined) {
      if (this.#since !== undefined)
        say(`${active.name} leads, ${((sample.at - this.#since) / 1000).toFixed(0)} s after the lock was found stuck`);
      this.#leader = active.name;
      this.#tried = [];
      this.#since = undefined;
    }
    const others = this.#tried.length > 0 && this.#tried.length < (sample.look?.replicas ?? 0);
    const stuck = this.#diagnosis.stuckFor(sample, others ? grace : patience);
    if (stuck !== undefined && sample.look !== undefined) await this.#heal(stuck, sample.at, sample.look.servers);
  }

  async #sample(): Promise<Sample> {
    const { servers, readLock, table } = this.#with;
    try {
      const [lock, look] = await Promise.all([readLock(), servers.look()]);
      if (look.table !== undefined && look.table !== table)
        throw new NotYet(`the lock of table ${table} is read, and the servers use ${look.table}: write storage.table in main.ts`);
      this.#complain('');
      return { at: Date.now(), lock, look };
    } catch (error) {
      if (!(error instanceof NotYet)) throw error;
      this.#complain(error.message);
      return { at: Date.now(), lock: 'unknown', look: undefined };
    }
  }

  /** A reason once, as long as it stays the same. */
  #complain(why: string): void {
    if (why !== this.#said && why !== '') this.#with.say(`cannot see what is: ${why}`);
    this.#said = why;
  }

  async #heal(stuck: number, at: number, servers: readonly Server[]): Promise<void> {
    const { lease, waiter, events, say, stop } = this.#with;
    const names = servers.map(({ name }) => name).filter(name => !this.#tried.includes(name));
    const name = names.find(other => other === this.#leader) ?? names[0];
    const victim = servers.find(server => server.name === name);
    if (victim === undefined) {
      // all of them went, and nobody leads: it was something else
      say('every server was replaced once, and nobody leads: nothing more is done. See docs/operations.md, "Symptoms"');
      this.#diagnosis.begin();
      return;
    }
    try {
      await lease.take(waiter);
    } catch (error) {
      stop.signal.throwIfAborted();
      say(`the lock is stuck, but somebody else works on this Vault: ${(error as Error).message}`);
      return;
    }
    try {
      const why = `the lock has been held for ${(stuck / 1000).toFixed(0)} s by a server that does not lead, and nobody is active`;
      say(`deleting ${victim.name}: ${why}`);
      // no eviction: without a leader the others are not ready, and the budget would keep the very pod that is in the way
      await this.#with.servers.delete(victim);
      await events.warn(victim, `deleted, since ${why}`).catch((error: Error) => say(`no event was written: ${error.message}`));
      this.#since ??= at;
      this.#tried.push(victim.name);
    } catch (error) {
      if (!(error instanceof NotYet)) throw error;
      say(`${victim.name} was not deleted: ${error.message}`);
    } finally {
      this.#diagnosis.begin();
      await lease.giveBack();
    }
  }
}
