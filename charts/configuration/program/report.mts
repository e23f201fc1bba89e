import type { Say } from '../../app/jobs/runtime/wait.mts';

const verdicts = ['created', 'changed', 'unchanged', 'drifted', 'refused', 'unmanaged', 'removed'] as const;
export type Verdict = (typeof verdicts)[number];

/** A line for each thing, and a count at the end. */
export class Report {
  readonly #say: Say;
  readonly #counts = new Map<Verdict, number>();

  constructor(say: Say) {
    this.#say = say;
  }

  add(verdict: Verdict, what: string, why = ''): void {
    this.#counts.set(verdict, this.count(verdict) + 1);
    this.#say(`${verdict} ${what}${why === '' ? '' : `: ${why}`}`);
  }

  count(verdict: Verdict): number {
    return this.#counts.get(verdict) ?? 0;
  }

  summary(): string {
    return verdicts.map(verdict => `${this.count(verdict)} ${verdict}`).join(', ');
  }
}
