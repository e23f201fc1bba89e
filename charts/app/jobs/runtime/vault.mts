import { type Answer, type CallOptions, HttpsServer, type ServerOptions } from './https.mts';
import { list, object, optional, parse, type Shape, string } from './shape.mts';
import type { Stop } from './stop.mts';
import { NotYet, oneLine } from './wait.mts';

const errorList = object({ errors: list(string) });

/** Vault's own words, where it answered in its form (Vault API documentation, "Error response"); a proxy does not. */
export function vaultErrors(answer: Answer): string {
  try {
    // several errors of Vault come as several lines
    return oneLine(parse(answer.text, errorList, 'the answer').errors.join('; ')) || 'no reason given';
  } catch {
    return 'an answer that is not Vault’s';
  }
}

/** An answer of Vault that is none of those that a call knows. */
const unexpected = (what: string, answer: Answer): NotYet =>
  new NotYet(`${what}: Vault answered ${answer.status} (${vaultErrors(answer)})`);

/** Vault's HTTP API, on one server. */
export class Vault {
  readonly #server: HttpsServer;
  readonly #stop: Stop;

  constructor(address: string, ca: string, stop: Stop, options: ServerOptions = {}) {
    this.#server = new HttpsServer(address, ca, options);
    this.#stop = stop;
  }

  get address(): string {
    return this.#server.address;
  }

  /** One call; a token goes into a header, and nowhere else. */
  call(method: string, path: string, options: CallOptions & { readonly token?: string } = {}): Promise<Answer> {
    const { token, ...rest } = options;
    const headers = { 'x-vault-request': 'true', ...(token === undefined ? {} : { 'x-vault-token': token }) };
    return this.#server.call(method, `/v1/${path}`, { signal: this.#stop.signal, ...rest, headers });
  }

  /** A call that answers with data (200) or is not answered yet. */
  async read<T>(path: string, token: string | undefined, shape: Shape<T>): Promise<T> {
    const answer = await this.call('GET', path, token === undefined ? {} : { token });
    if (answer.status !== 200) throw unexpected(`GET ${path}`, answer);
    return parse(answer.text, shape, `the answer to GET ${path}`);
  }

  /** A write that Vault confirms: 204, or 200 with what it has to say (Vault API documentation, "HTTP status codes"). */
  async write(path: string, body: unknown, token: string): Promise<void> {
    const answer = await this.call('PUT', path, { body, token });
    if (answer.status !== 200 && answer.status !== 204) throw unexpected(`PUT ${path}`, answer);
  }
}

const loginAnswer = object({ auth: object({ client_token: string }) });

/** Vault said no to a login, by its status. A no that passes is none: with its API server away, Vault refuses good tokens too. */
export class LoginRefused extends NotYet {}

/**
 * Logs in with a ServiceAccount token, and returns Vault's.
 *
 * 200 is a token. 400 (a role that does not exist, a token that does not verify), 403 (a ServiceAccount that is not bound, a method that is not mounted) and
 * 404 (a path that the method lacks) are Vault's no (vault-plugin-auth-kubernetes, vault-plugin-auth-jwt, `pathLogin`; http/handler.go, `respondErrorCommon`).
 */
export async function login(vault: Vault, mount: string, role: string, jwt: string): Promise<string> {
  const answer = await vault.call('PUT', `auth/${mount}/login`, { body: { role, jwt } });
  const what = `the login as ${role}`;
  if (answer.status === 200) return parse(answer.text, loginAnswer, `the answer to ${what}`).auth.client_token;
  if ([400, 403, 404].includes(answer.status)) throw new LoginRefused(`${what}: Vault answered ${answer.status} (${vaultErrors(answer)})`);
  throw unexpected(what, answer);
}

export interface TokenFacts {
  readonly accessor: string;
  readonly policies: readonly string[];
  readonly creation_time: number;
}

const tokenAnswer = object({
  data: object<TokenFacts>({ accessor: string, policies: list(string), creation_time: seconds }),
});

function seconds(value: unknown, at: string): number {
  return optional<number>((given, place) => (typeof given === 'number' ? given : Number(string(given, place))))(value, at) ?? 0;
}

/** What a token is; undefined where it is dead: Vault answers 403 to it alone (vault/request_handling.go, ErrPermissionDenied for a token that is not found). */
export async function lookupSelf(vault: Vault, token: string): Promise<TokenFacts | undefined> {
  const answer = await vault.call('GET', 'auth/token/lookup-self', { token });
  if (answer.status === 200) return parse(answer.text, tokenAnswer, 'the answer about the token').data;
  if (answer.status === 403) return undefined;
  throw unexpected('looking up the token', answer);
}

/** The caller's own token is no longer good: it must log in again. */
export class TokenExpired extends Error {}

/** The caller's token lives, and may not do what it asked for. */
class Denied extends NotYet {}

/** 403: the caller's own token is dead ("invalid token"), or it lacks the right. */
const deniedToCaller = (what: string, answer: Answer): Error => {
  const words = vaultErrors(answer);
  const message = `${what}: Vault answered 403 (${words})`;
  return words.includes('invalid token') ? new TokenExpired(message) : new Denied(message);
};

/** What a call about an accessor answers; undefined where its token is gone: 400 "invalid accessor" (vault/token_store.go, `lookupByAccessor`). */
async function aboutAccessor(vault: Vault, path: string, accessor: string, token: string): Promise<Answer | undefined> {
  const answer = await vault.call('PUT', path, { body: { accessor }, token });
  if (answer.status === 200 || answer.status === 204) return answer;
  if (answer.status === 403) throw deniedToCaller(`PUT ${path}`, answer);
  if (answer.status === 400 && vaultErrors(answer).includes('invalid accessor')) return undefined;
  throw unexpected(`PUT ${path}`, answer);
}

/** Whether a token may look up by accessor: its own is there to be found. */
async function mayLookUp(vault: Vault, token: string): Promise<boolean> {
  const own = await lookupSelf(vault, token);
  if (own === undefined) return false;
  const answer = await vault.call('PUT', 'auth/token/lookup-accessor', { body: { accessor: own.accessor }, token });
  return answer.status === 200;
}

/** The accessors of all tokens. */
export async function accessors(vault: Vault, token: string): Promise<readonly string[]> {
  const answer = await vault.call('GET', 'auth/token/accessors?list=true', { token });
  if (answer.status === 403) throw deniedToCaller('listing tokens', answer);
  if (answer.status !== 200) throw unexpected('listing tokens', answer);
  return parse(answer.text, object({ data: object({ keys: list(string) }) }), 'the list of tokens').data.keys;
}

/**
 * What the token of an accessor is; undefined where it is gone. Where only the accessor is left of it, Vault answers 403 "permission denied" to somebody who may
 * look up others (seen on Vault 1.21; vault/token_store.go, `handleLookup` after `lookupByAccessor`).
 */
export async function lookupAccessor(vault: Vault, accessor: string, token: string): Promise<TokenFacts | undefined> {
  try {
    const answer = await aboutAccessor(vault, 'auth/token/lookup-accessor', accessor, token);
    return answer === undefined ? undefined : parse(answer.text, tokenAnswer, 'the answer about an accessor').data;
  } catch (error) {
    if (error instanceof Denied && (await mayLookUp(vault, token))) return undefined;
    throw error;
  }
}

/** Whether there was a token to revoke: 204. Where it is gone already, Vault warns with a 200 (vault/token_store.go, `handleUpdateRevokeAccessor`). */
export const revokeAccessor = async (vault: Vault, accessor: string, token: string): Promise<boolean> =>
  (await aboutAccessor(vault, 'auth/token/revoke-accessor', accessor, token))?.status === 204;
