import { accessors, lookupAccessor, revokeAccessor, TokenExpired, type TokenFacts, type Vault } from '../../app/jobs/runtime/vault.mts';
import { NotYet, type Say, type Waiter } from '../../app/jobs/runtime/wait.mts';

/** The root tokens that live, as this Job's own ServiceAccount sees them: it may list, look up and revoke by accessor, and knows no token. */
export class RootTokens {
  readonly #vault: Vault;
  readonly #waiter: Waiter;
  readonly #say: Say;
  readonly #login: () => Promise<string>;
  #token: string | undefined;

  constructor(vault: Vault, waiter: Waiter, say: Say, login: () => Promise<string>) {
    this.#vault = vault;
    this.#waiter = waiter;
    this.#say = say;
    this.#login = login;
  }

  /** Revokes each, a line a token, until a look at all tokens finds none. Tokens that come and go meanwhile do not prolong it: only root tokens do. */
  async revokeAll(): Promise<void> {
    const seen = new Set<string>();
    for (let found = true; found; ) {
      found = false;
      for (const { accessor, creation_time } of await this.#find(seen)) {
        found = true;
        const alive = await this.#call(`the root token with accessor ${accessor} to be revoked`, token =>
          revokeAccessor(this.#vault, accessor, token),
        );
        if (alive) this.#say(`revoked the root token with accessor ${accessor}, made ${date(creation_time)}`);
      }
    }
  }

  /** Names each, and leaves it alone: somebody may be breaking glass. */
  async name(): Promise<void> {
    for (const { accessor, creation_time } of await this.#find(new Set()))
      this.#say(`a root token lives, with accessor ${accessor}, made ${date(creation_time)}: if nobody is at work with it, revoke it`);
  }

  async #find(seen: Set<string>): Promise<readonly TokenFacts[]> {
    const listed = await this.#call('the list of tokens', token => accessors(this.#vault, token));
    const found: TokenFacts[] = [];
    for (const accessor of listed.filter(each => !seen.has(each))) {
      seen.add(accessor);
      const facts = await this.#call('a look at a token', token => lookupAccessor(this.#vault, accessor, token));
      if (facts?.policies.includes('root')) found.push(facts);
    }
    return found;
  }

  /** A call with a token that lives: where Vault says that it does not, with another. */
  #call<T>(what: string, call: (token: string) => Promise<T>): Promise<T> {
    return this.#waiter.until(what, async () => {
      this.#token ??= await this.#login();
      try {
        return await call(this.#token);
      } catch (error) {
        if (!(error instanceof TokenExpired)) throw error;
        this.#token = undefined;
        throw new NotYet(error.message);
      }
    });
  }
}

const date = (seconds: number): string => new Date(seconds * 1000).toISOString();
