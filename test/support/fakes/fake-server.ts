import { randomUUID } from 'node:crypto';
import { createServer as createPlainServer, type RequestListener, type Server } from 'node:http';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { generate } from 'selfsigned';
import type { Manifest } from '../render';

/** One for all servers of a process that have the same names: making one takes longer than a test. */
const certificates = new Map<string, ReturnType<typeof generate>>();

function certificateFor(names: readonly string[]): ReturnType<typeof generate> {
  const key = names.join();
  const made =
    certificates.get(key) ??
    generate([{ name: 'commonName', value: `fake-${randomUUID()}` }], {
      keyType: 'ec',
      extensions: [
        { name: 'basicConstraints', cA: true },
        { name: 'subjectAltName', altNames: names.map(name => (/^[\d.]+$/.test(name) ? { type: 7, ip: name } : { type: 2, value: name })) },
      ],
    });
  certificates.set(key, made);
  return made;
}

export interface Asked {
  readonly method: string;
  readonly path: string;
  readonly headers: Readonly<Record<string, string | undefined>>;
  readonly body: Manifest;
}

/** An answer, or what is done to the connection instead of one. */
export type Reply =
  | { readonly status: number; readonly body?: object | string; readonly headers?: Record<string, string> }
  | 'break off'
  | 'half';

/** A server on a port of its own that keeps what it was asked. */
export abstract class FakeServer {
  readonly asked: Asked[] = [];
  /** Answers instead of the fake's own, by "METHOD path"; a function decides each time, and may leave it to the fake. */
  readonly instead: Record<string, Reply | ((asked: Asked) => Reply | undefined)> = {};
  address = '';
  certificate = '';
  protected readonly secure: boolean = true;
  #server: Server | undefined;

  protected abstract answer(asked: Asked): Reply;

  /** `names`: what the certificate is for. */
  async listen(names: readonly string[] = ['127.0.0.1']): Promise<void> {
    const server = this.secure ? await this.#secureServer(names) : createPlainServer(this.#listener);
    await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve));
    this.#server = server;
    this.address = `http${this.secure ? 's' : ''}://127.0.0.1:${(server.address() as AddressInfo).port}`;
  }

  async #secureServer(names: readonly string[]): Promise<Server> {
    const made = await certificateFor(names);
    this.certificate = made.cert;
    return createServer({ key: made.private, cert: made.cert }, this.#listener);
  }

  readonly #listener: RequestListener = (request, response) => {
    let text = '';
    request.on('data', chunk => {
      text += chunk;
    });
    request.on('end', () => {
      const asked = {
        method: request.method ?? '',
        path: decodeURIComponent((request.url ?? '').replace(/^\/(v1\/)?/, '')),
        headers: request.headers as Record<string, string | undefined>,
        body: text === '' ? undefined : text.startsWith('{') ? JSON.parse(text) : text,
      };
      this.asked.push(asked);
      const special = this.instead[`${asked.method} ${asked.path}`];
      const reply = (typeof special === 'function' ? special(asked) : special) ?? this.answer(asked);
      if (reply === 'break off') request.socket.destroy();
      else if (reply === 'half') {
        const whole = this.answer(asked);
        const body = typeof whole === 'string' ? '' : JSON.stringify(whole.body);
        response.writeHead(200, { 'content-length': body.length });
        response.write(body.slice(0, body.length / 2));
        setTimeout(() => request.socket.destroy(), 50);
      } else {
        response.writeHead(reply.status, { 'content-type': 'application/json', ...reply.headers });
        response.end(typeof reply.body === 'string' ? reply.body : reply.body === undefined ? '' : JSON.stringify(reply.body));
      }
    });
  };

  close(): void {
    this.#server?.closeAllConnections();
    this.#server?.close();
  }

  /** The requests that changed something, as "METHOD path". */
  get writes(): string[] {
    return this.asked.filter(({ method }) => method !== 'GET').map(({ method, path }) => `${method} ${path}`);
  }
}
