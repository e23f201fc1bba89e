import { setTimeout as sleep } from 'node:timers/promises';
import type { Stop } from './stop.mts';

/** Not what is waited for, but may become so: said, and tried again. Every other error ends the program. */
export class NotYet extends Error {}

/** Prints one line. */
export type Say = (line: string) => void;

/** Errors of other programs take several lines, and as many words as they like. */
export const oneLine = (text: string): string => text.replace(/\s+/g, ' ').trim().slice(0, 400);

export interface Pace {
  /** Milliseconds until it gives up; the container is then restarted, which people see. */
  readonly giveUpAfter: number;
  /** Milliseconds, shortest and longest, between two tries. In between it is a tenth of the time waited so far. */
  readonly shortest: number;
  readonly longest: number;
}

const defaultPace: Pace = { giveUpAfter: 5 * 60_000, shortest: 250, longest: 60_000 };

/** Waits for what others must do first, and says for what. */
export class Waiter {
  readonly #say: Say;
  readonly #stop: Stop;
  readonly #pace: Pace;

  constructor(say: Say, stop: Stop, pace: Pace = defaultPace) {
    this.#say = say;
    this.#stop = stop;
    this.#pace = pace;
  }

  /** Tries until it succeeds, and gives up after a while. */
  until<T>(what: string, attempt: () => Promise<T>): Promise<T> {
    return this.#until(what, attempt, error => error instanceof NotYet, this.#pace.giveUpAfter);
  }

  /** Retries without a limit, whatever the error: for what must not be lost. */
  withoutLimit<T>(what: string, attempt: () => Promise<T>): Promise<T> {
    return this.#until(what, attempt, () => !this.#stop.signal.aborted, Number.POSITIVE_INFINITY);
  }

  async #until<T>(what: string, attempt: () => Promise<T>, again: (error: unknown) => boolean, giveUpAfter: number): Promise<T> {
    const { shortest, longest } = this.#pace;
    const start = performance.now();
    let said = '';
    let silentUntil = 0;
    for (;;) {
      this.#stop.signal.throwIfAborted();
      try {
        return await attempt();
      } catch (error) {
        if (!again(error)) throw error;
        const waited = performance.now() - start;
        const pause = Math.min(Math.max(waited / 10, shortest), longest);
        const why = oneLine((error as Error).message);
        // short pauses would flood the log: a new reason at once, the same one now and then
        if (why !== said || waited >= silentUntil) {
          this.#say(`waiting for ${what}: ${why}`);
          said = why;
          silentUntil = Math.max(waited * 1.5, waited + 20 * shortest);
        }
        // told to stop with nothing to lose, it goes on while it may not stop: then there is no next container
        if (waited > giveUpAfter && !(this.#stop.forbidden && this.#stop.told)) throw new Error(`gave up waiting for ${what}: ${why}`);
        await this.#pause(pause);
      }
    }
  }

  /** A second, for an answer that may change. */
  moment(): Promise<void> {
    return this.#pause(4 * this.#pace.shortest);
  }

  /** Ends at once when the program is told to stop and may. */
  async #pause(milliseconds: number): Promise<void> {
    await sleep(milliseconds, undefined, { signal: this.#stop.signal }).catch(() => this.#stop.signal.throwIfAborted());
  }
}
