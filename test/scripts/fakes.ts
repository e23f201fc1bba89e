import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import type { Manifest } from '../support/render';

interface Asked {
  readonly method: string;
  readonly path: string;
  readonly token: string | undefined;
  readonly body: Manifest;
}

type Answer = (asked: Asked, response: ServerResponse) => unknown;

/** A server on a port of its own that keeps what it was asked. */
abstract class Fake {
  readonly asked: Asked[] = [];
  private readonly server: Server;

  constructor(tls?: { readonly key: Buffer; readonly cert: Buffer }) {
    const listener = (request: IncomingMessage, response: ServerResponse) => {
      let text = '';
      request.on('data', chunk => {
        text += chunk;
      });
      request.on('end', () => {
        const asked = {
          method: request.method ?? '',
          path: (request.url ?? '').replace(/^\/(v1\/)?/, ''),
          token: request.headers['x-vault-token'] as string | undefined,
          body: text === '' ? undefined : JSON.parse(text),
        };
        this.asked.push(asked);
        this.answer(asked, response);
      });
    };
    this.server = tls === undefined ? createServer(listener) : createTlsServer(tls, listener);
  }

  protected abstract answer(asked: Asked, response: ServerResponse): unknown;

  protected send(response: ServerResponse, status: number, body?: object): unknown {
    return response.writeHead(status, { 'content-type': 'application/json' }).end(body === undefined ? '' : JSON.stringify(body));
  }

  async listen(scheme = 'http'): Promise<string> {
    await new Promise<void>(resolve => this.server.listen(0, '127.0.0.1', resolve));
    return `${scheme}://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  close(): void {
    this.server.closeAllConnections();
    this.server.close();
  }

  /** The requests that changed something, as "METHOD path". */
  get writes(): string[] {
    return this.asked.filter(({ method }) => method === 'PUT' || method === 'POST').map(({ method, path }) => `${method} ${path}`);
  }
}

export const initAnswer = {
  keys: [],
  keys_base64: [],
  recovery_keys: ['5ecre7-one', '5ecre7-two'],
  recovery_keys_base64: ['5ecre7-1', '5ecre7-2'],
  root_token: 'hvs.5ecre7-root',
};

/** As much of Vault as the init Job speaks to. A route of `instead` answers in its place. */
export class FakeVault extends Fake {
  initialised = false;
  rootLives = true;
  adminPath = false;
  readonly instead: Record<string, Answer> = {};

  protected answer(asked: Asked, response: ServerResponse): unknown {
    const { method, path, token } = asked;
    const special = this.instead[`${method} ${path}`];
    if (special !== undefined) return special(asked, response);
    const root = token === initAnswer.root_token && this.rootLives;
    const init = token === 'hvs.5ecre7-init';
    switch (`${method} ${path.replace(/\?.*/, '')}`) {
      case 'GET sys/init':
        return this.send(response, 200, { initialized: this.initialised });
      case 'PUT sys/init':
        if (this.initialised) return this.send(response, 400, { errors: ['Vault is already initialized'] });
        this.initialised = true;
        return this.send(response, 200, initAnswer);
      case 'GET sys/health':
        return this.send(response, 200, {});
      case 'GET sys/audit':
      case 'GET sys/auth':
        return root ? this.send(response, 200, { data: { 'token/': {} } }) : this.send(response, 403);
      case 'PUT auth/kubernetes/login':
        return this.adminPath
          ? this.send(response, 200, { auth: { client_token: 'hvs.5ecre7-init' } })
          : this.send(response, 400, { errors: ['invalid role name'] });
      case 'PUT auth/token/revoke-self':
        this.rootLives = false;
        return this.send(response, 204);
      case 'GET auth/token/lookup-self':
        return root ? this.send(response, 200, { data: {} }) : this.send(response, 403);
      case 'GET auth/token/accessors':
        return init ? this.send(response, 200, { data: { keys: ['of-root', 'of-init'] } }) : this.send(response, 403);
      case 'PUT auth/token/lookup-accessor':
        if (asked.body.accessor !== 'of-root') return this.send(response, 200, { data: { policies: ['default'] } });
        return this.rootLives ? this.send(response, 200, { data: { policies: ['root'] } }) : this.send(response, 403);
      case 'PUT auth/token/revoke-accessor':
        this.rootLives = false;
        return this.send(response, 204);
      default:
        if (!root) return this.send(response, 403, { errors: ['permission denied'] });
        if (path === 'auth/kubernetes/role/vault-init') this.adminPath = true;
        return this.send(response, 204);
    }
  }
}

/** Leases and Secrets of the API server. */
export class FakeKubernetes extends Fake {
  lease: Manifest;
  secret: { readonly stringData: Readonly<Record<string, string>> } | undefined;

  protected answer({ method, path, body }: Asked, response: ServerResponse): unknown {
    if (path.includes('/secrets')) {
      if (this.secret !== undefined) return this.send(response, 409);
      if (!path.includes('dryRun=All')) this.secret = body;
      return this.send(response, 201, body);
    }
    if (method === 'GET') return this.lease === undefined ? this.send(response, 404) : this.send(response, 200, this.lease);
    this.lease = { ...body, metadata: { ...body.metadata, resourceVersion: String(Date.now()) } };
    return this.send(response, method === 'POST' ? 201 : 200, this.lease);
  }
}
