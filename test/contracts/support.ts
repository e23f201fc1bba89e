import { HttpsServer } from '../../charts/app/jobs/runtime/https.mts';
import type { Manifest } from '../support/render';

/** What a call was answered, as far as programs go by it. */
export interface Answered {
  readonly status: number;
  /** Vault's errors, Kubernetes' reason or AWS's type. */
  readonly words?: unknown;
  /** The fields of a good answer that programs read. */
  readonly fields?: unknown;
}

interface Call {
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: unknown;
}

/** One call, and its answer as JSON. */
export async function ask(server: HttpsServer, method: string, path: string, call: Call = {}): Promise<{ status: number; body: Manifest }> {
  const { status, text } = await server.call(method, path, call);
  return { status, body: text === '' ? undefined : JSON.parse(text) };
}

export { HttpsServer };

/** A variable without which the real thing cannot be asked. */
export function required(name: string, what: string): string {
  const value = process.env[name];
  if (value === undefined) throw new Error(`${name} is not set: ${what}`);
  return value;
}
