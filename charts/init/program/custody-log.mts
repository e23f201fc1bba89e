import { list, object, parse, string } from '../../app/jobs/runtime/shape.mts';
import type { Say } from '../../app/jobs/runtime/wait.mts';
import type { InitPlan } from '../plan.ts';
import { custodyText } from './answer.mts';
import type { Custody, Holding } from './custody.mts';

const encrypted = object({ recovery_pgp_keys: list(string), root_token_pgp_key: string });

/** The log of this pod: for what is encrypted to PGP keys, every key and the root token. */
export class LogCustody implements Custody {
  readonly name = 'custody (the log)';
  readonly rootTokenPlace = 'in the log of the Job that initialised, encrypted';
  readonly identityEnds = undefined;
  readonly #say: Say;

  /** Fails before anything is done where the request would bring something in clear. */
  constructor(plan: InitPlan, say: Say) {
    parse(JSON.stringify(plan.request), encrypted, 'the request to initialise, which the log may hold only encrypted,');
    this.#say = say;
  }

  async holds(): Promise<Holding> {
    return 'unknown';
  }

  async prove(): Promise<void> {
    // a line can always be printed
  }

  async store(answer: string): Promise<string> {
    this.#say(`the answer, encrypted: ${custodyText(answer)}`);
    return 'the line above, which only this log holds: copy it';
  }
}
