import { readFileSync } from 'node:fs';
import { Agent, request } from 'node:https';
import { createSecureContext } from 'node:tls';
import { NotYet } from './wait.mts';

export interface Answer {
  readonly status: number;
  readonly text: string;
}

export interface CallOptions {
  readonly headers?: Readonly<Record<string, string>>;
  /** Sent as JSON. */
  readonly body?: unknown;
  /** Milliseconds, or "none" for what may take as long as it takes. */
  readonly timeout?: number | 'none';
  readonly signal?: AbortSignal;
  /** For what only this very server may do: to be sent on is an answer like any other then. */
  readonly followRedirects?: false;
  /** Gets what arrives as it arrives. */
  readonly onData?: (status: number, chunk: Buffer) => void;
}

/** Reads a file that the pod should have; says which volume is missing where it has not. */
export function readMounted(path: string, missing: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') throw new Error(`${path} is missing: ${missing}`);
    throw error;
  }
}

export interface ServerOptions {
  /** One connection for many calls, for those that may all be repeated: a call on one that the server has just closed fails. */
  readonly keepAlive?: boolean;
  /** The name that its certificate must have, where that is not the host of its address. */
  readonly servername?: string;
}

/** A server that is trusted by its own CA alone. `fetch` takes no CA, ends every call after 300 s, and follows proxies. */
export class HttpsServer {
  /** https://host:port */
  readonly address: string;
  readonly #agent: Agent;

  constructor(address: string, ca: string, { keepAlive = false, servername }: ServerOptions = {}) {
    this.address = address;
    // an agent of its own: Node.js gives the global one the proxy of NODE_USE_ENV_PROXY; the authority is read once, not for each connection
    this.#agent = new Agent({ secureContext: createSecureContext({ ca }), keepAlive, ...(servername === undefined ? {} : { servername }) });
  }

  /** One call. No answer, or one that breaks off, is NotYet: whether to try again is for the caller to know. */
  async call(method: string, path: string, options: CallOptions = {}): Promise<Answer> {
    let url = new URL(path, this.address);
    for (let hops = 0; ; hops++) {
      const { location, ...answer } = await this.#once(method, url, options);
      if (location === undefined || options.followRedirects === false) return answer;
      const next = new URL(location, url);
      // a standby that cannot forward names the active server
      if (hops === 3 || next.protocol !== 'https:') throw new NotYet(`${url.origin} sends on to ${next.origin}`);
      url = next;
    }
  }

  #once(method: string, url: URL, options: CallOptions): Promise<Answer & { readonly location?: string }> {
    const { body, timeout = 30_000, signal, onData } = options;
    const data = body === undefined ? undefined : JSON.stringify(body);
    const headers = {
      ...options.headers,
      ...(data === undefined ? {} : { 'content-type': 'application/json', 'content-length': Buffer.byteLength(data) }),
    };
    const limits = [...(timeout === 'none' ? [] : [AbortSignal.timeout(timeout)]), ...(signal === undefined ? [] : [signal])];
    return new Promise((resolve, reject) => {
      const failed = (error: Error) =>
        signal?.aborted
          ? reject(signal.reason)
          : reject(new NotYet(`${url.origin}: ${error.cause instanceof Error ? error.cause.message : error.message}`));
      const call = request(url, { method, headers, agent: this.#agent, signal: AbortSignal.any(limits) }, response => {
        const status = response.statusCode ?? 0;
        const chunks: Buffer[] = [];
        response.on('data', (chunk: Buffer) => {
          chunks.push(chunk);
          onData?.(status, chunk);
        });
        response.on('error', failed);
        response.on('end', () => {
          const { location } = response.headers;
          const answer = { status, text: Buffer.concat(chunks).toString() };
          resolve(status >= 300 && status < 400 && location !== undefined ? { ...answer, location } : answer);
        });
      });
      call.on('error', failed);
      // without a limit, a server whose node has gone would be waited for without end: nobody says that the connection is no more
      if (timeout === 'none') call.setSocketKeepAlive(true, 10_000);
      call.end(data);
    });
  }
}
