import { appendFileSync, existsSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';

/**
 * Vault's answer to the initialisation, in a memory volume that outlives the container: until custody has it, it exists once in the world.
 *
 * It is written as it arrives, so that a container that dies meanwhile leaves what there is.
 */
export class KeptAnswer {
  readonly #arriving: string;
  readonly #answer: string;

  constructor(folder: string) {
    this.#arriving = join(folder, 'arriving.json');
    this.#answer = join(folder, 'answer.json');
    // what an earlier container was receiving when it died
    if (existsSync(this.#arriving)) this.complete();
  }

  /** The answer, whole or not; undefined where this pod has none. */
  get text(): string | undefined {
    return existsSync(this.#answer) ? readFileSync(this.#answer, 'utf8') : undefined;
  }

  append(chunk: Buffer): void {
    appendFileSync(this.#arriving, chunk, { mode: 0o600 });
  }

  /** All that will arrive is there. */
  complete(): void {
    if (existsSync(this.#arriving)) renameSync(this.#arriving, this.#answer);
  }

  forget(): void {
    rmSync(this.#answer, { force: true });
  }
}
