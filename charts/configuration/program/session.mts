import type { Answer } from '../../app/jobs/runtime/https.mts';
import { type Vault, vaultErrors } from '../../app/jobs/runtime/vault.mts';
import { NotYet, type Waiter } from '../../app/jobs/runtime/wait.mts';

/** Vault said no to a request, and will say so again: its own words. */
export class Refused extends Error {}

/** Answers that pass, whatever was asked (Vault API documentation, "HTTP status codes"). */
const passing: readonly number[] = [412, 429, 472, 473, 502, 503, 504];

/** Vault as this Job's role: logs in when it needs to, also again where its token has ended. */
export class Session {
  readonly #vault: Vault;
  readonly #waiter: Waiter;
  readonly #login: () => Promise<string>;
  #token: string | undefined;
  readonly #patience: number;

  /** `patience`: milliseconds that Vault may answer 500 to one request. */
  constructor(vault: Vault, waiter: Waiter, login: () => Promise<string>, { patience }: { readonly patience: number }) {
    this.#vault = vault;
    this.#waiter = waiter;
    this.#login = login;
    this.#patience = patience;
  }

  /** Waits until the way in is made: the init Job may be at it. */
  async login(): Promise<void> {
    this.#token = await this.#waiter.until('the first login, which the init Job or an administrator makes possible', this.#login);
  }

  /** Waits for what passes; every other answer is the caller's to judge. All calls of this program may be repeated. */
  async call(method: string, path: string, body?: unknown): Promise<Answer> {
    const start = performance.now();
    return this.#waiter.until(`Vault to answer ${method} ${path}`, async () => {
      this.#token ??= await this.#login();
      const answer = await this.#vault.call(method, path, { token: this.#token, ...(body === undefined ? {} : { body }) });
      const words = vaultErrors(answer);
      if (answer.status === 403 && words.includes('invalid token')) {
        this.#token = undefined;
        throw new NotYet('the token has ended');
      }
      const passes = passing.includes(answer.status) || (answer.status === 500 && performance.now() - start < this.#patience);
      // 400: a kv engine of version 2 that was mounted a moment ago
      if (passes || (answer.status === 400 && words.includes('Upgrading from non-versioned')))
        throw new NotYet(`Vault answered ${answer.status} (${words})`);
      return answer;
    });
  }

  /** The text of what stands at a path; undefined where there is nothing. */
  async read(path: string): Promise<string | undefined> {
    const answer = await this.call('GET', path);
    if (answer.status === 404) return undefined;
    if (answer.status !== 200) throw refused('reading', path, answer);
    return answer.text;
  }

  /** The text that Vault answers; empty where it only confirms. */
  async write(path: string, body: object): Promise<string> {
    const answer = await this.call('PUT', path, body);
    if (answer.status !== 200 && answer.status !== 204) throw refused('writing', path, answer);
    return answer.text;
  }

  async delete(path: string): Promise<void> {
    const answer = await this.call('DELETE', path);
    if (![200, 204, 404].includes(answer.status)) throw refused('deleting', path, answer);
  }
}

const refused = (verb: string, path: string, answer: Answer): Refused =>
  new Refused(`${verb} ${path}: Vault answered ${answer.status} (${vaultErrors(answer)})`);
