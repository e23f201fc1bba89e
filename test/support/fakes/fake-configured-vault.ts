import type { Manifest } from '../render';
import { type Asked, FakeServer, type Reply } from './fake-server';

const errors = (status: number, ...words: string[]): Reply => ({ status, body: { errors: words } });
const data = (value: object): Reply => ({ status: 200, body: { data: value } });
const nothing = errors(404);
const invalidToken = errors(403, '2 errors occurred:\n\t* permission denied\n\t* invalid token\n\n');

interface Token {
  readonly path: string;
  readonly meta?: Readonly<Record<string, string>>;
}

/** As much of Vault as the configuration Job speaks to, with one database behind it; test/contracts holds its answers against a real Vault. */
export class FakeConfiguredVault extends FakeServer {
  /** The ServiceAccount token that logs in. */
  jwt = '';
  /** Tokens by their accessors; the one that calls is another. */
  readonly tokens = new Map<string, Token>();
  readonly enabled: Readonly<Record<string, Map<string, Manifest>>> = {
    'sys/auth': new Map(),
    'sys/mounts': new Map(),
    'sys/audit': new Map(),
  };
  /** What was written, by path. */
  readonly written = new Map<string, Manifest>();
  /** The users of the database and their passwords. */
  readonly users = new Map<string, string>();
  /** What Vault has of each connection: its password. */
  readonly passwords = new Map<string, string>();
  /** Passwords that somebody besides Vault has seen. */
  readonly known = new Set<string>();
  /** Leases by their prefixes. */
  readonly leases = new Map<string, number>();
  /** The lease that nothing ends. */
  stuck = '';
  logins = 0;
  private live = '';

  /** The token of the program. */
  get token(): string {
    return this.live;
  }

  private made = 0;

  constructor() {
    super();
    this.reset();
  }

  /** As the init Job leaves it. */
  reset(): void {
    for (const map of [this.tokens, this.written, this.users, this.passwords, this.known, this.leases, ...Object.values(this.enabled)])
      map.clear();
    this.enabled['sys/auth']?.set('token/', { type: 'token', accessor: 'auth_token_1' });
    this.enabled['sys/mounts']?.set('sys/', { type: 'system', accessor: 'system_1' });
    this.enabled['sys/audit']?.set('stdout/', { type: 'file', options: { file_path: 'stdout' } });
    this.users.set('owner', '5ecre7-owner');
    this.known.add('5ecre7-owner');
  }

  /** The token of the program ends. */
  endToken(): void {
    this.live = '';
  }

  private answers = Number.POSITIVE_INFINITY;
  private die = (): void => undefined;

  /** After so many answers it breaks off whatever it is asked, until the next login; the answer before may have been carried out. */
  dieAfter(answers: number, die: () => void): void {
    this.answers = answers;
    this.die = die;
  }

  protected answer(asked: Asked): Reply {
    this.answers -= 1;
    if (this.answers > 0) return this.reply(asked);
    this.answers = Number.POSITIVE_INFINITY;
    // carried out, and never answered
    this.reply(asked);
    this.die();
    return 'break off';
  }

  private reply({ method, path: asked, headers, body }: Asked): Reply {
    const [path = '', query] = asked.split('?');
    if (path === 'auth/kubernetes/login') {
      if (body.jwt !== this.jwt) return errors(403, 'permission denied');
      this.logins += 1;
      this.live = `hvs.5ecre7-${this.logins}`;
      return { status: 200, body: { auth: { client_token: this.live } } };
    }
    if (this.live === '' || headers['x-vault-token'] !== this.live) return invalidToken;
    const list = query === 'list=true' ? 'LIST' : method;
    return (
      this.mounts(list, path, body) ?? this.tokenCalls(path, body) ?? this.database(list, path, body) ?? this.generic(list, path, body)
    );
  }

  private mounts(method: string, path: string, body: Manifest): Reply | undefined {
    const list = this.enabled[path];
    if (list !== undefined) return data(Object.fromEntries(list));
    const [, at = '', name = ''] = /^(sys\/(?:auth|mounts|audit))\/(.*)$/.exec(path) ?? [];
    const mounts = this.enabled[at];
    if (mounts === undefined) return undefined;
    if (name.endsWith('/tune')) {
      if (!mounts.has(name.replace(/tune$/, ''))) return errors(400, 'no mount');
      return method === 'GET' ? data(this.written.get(path) ?? { description: '' }) : this.generic(method, path, body);
    }
    if (mounts.has(`${name}/`)) return errors(400, `path is already in use at ${name}/`);
    this.made += 1;
    mounts.set(`${name}/`, { ...body, accessor: `auth_${name}_${this.made}` });
    return { status: 204 };
  }

  private tokenCalls(path: string, body: Manifest): Reply | undefined {
    if (path === 'auth/token/accessors') return data({ keys: [...this.tokens.keys()] });
    const token = this.tokens.get(body?.accessor);
    if (path === 'auth/token/lookup-accessor')
      return token === undefined ? errors(400, '1 error occurred:\n\t* invalid accessor\n\n') : data(token);
    if (path !== 'auth/token/revoke-accessor') return undefined;
    this.tokens.delete(body.accessor);
    return { status: 204 };
  }

  private database(method: string, path: string, body: Manifest): Reply | undefined {
    const [, what = '', name = ''] = /^database\/(config|creds|rotate-root)\/(.*)$/.exec(path) ?? [];
    if (what === 'config' && method === 'PUT') return this.connect(path, name, body);
    if (what === 'config' && method === 'DELETE') this.passwords.delete(name);
    if (what === 'creds') return this.runAsOwner(name);
    if (what === 'rotate-root') {
      const user = this.written.get(`database/config/${name}`)?.connection_details.username;
      this.made += 1;
      const password = `5ecre7-rotated-${this.made}`;
      this.users.set(user, password);
      this.passwords.set(name, password);
      return { status: 204 };
    }
    const [, prefix = ''] = /^sys\/leases\/(?:lookup|revoke-prefix)\/(.*)$/.exec(path) ?? [];
    if (path.startsWith('sys/leases/lookup/')) {
      const count = this.leases.get(prefix) ?? 0;
      return count === 0 ? nothing : data({ keys: Array.from({ length: count }, (_, index) => `lease-${index}`) });
    }
    if (!path.startsWith('sys/leases/revoke-prefix/')) return undefined;
    if (prefix !== this.stuck) this.leases.delete(prefix);
    return { status: 204 };
  }

  /** A connection is tried before it is kept; what a request leaves out stays. */
  private connect(path: string, name: string, { password, plugin_name, allowed_roles, ...rest }: Manifest): Reply {
    const before = this.written.get(path);
    const username = rest.username ?? before?.connection_details.username;
    const used = password ?? this.passwords.get(name);
    if (this.users.get(username) !== used)
      return errors(400, `error creating database object: error verifying connection: password of ${username} is wrong`);
    this.passwords.set(name, used);
    this.written.set(path, { plugin_name, allowed_roles, connection_details: { ...rest, username } });
    return { status: 204 };
  }

  /** What the statements of the Job's own role do: make Vault's user, or give it a new password, or only give it rights. */
  private runAsOwner(name: string): Reply {
    const role = this.written.get(`database/roles/${name}`);
    if (role === undefined || !this.passwords.has(role.db_name)) return errors(400, `unknown role: ${name}`);
    this.made += 1;
    const password = `5ecre7-made-${this.made}`;
    const [, user] = /ALTER ROLE "(\w+)" WITH LOGIN CREATEROLE PASSWORD/.exec(role.creation_statements.join('\n')) ?? [];
    if (user !== undefined) this.users.set(user, password);
    this.known.add(password);
    this.leases.set(`database/creds/${name}`, (this.leases.get(`database/creds/${name}`) ?? 0) + 1);
    return { status: 200, body: { lease_id: `database/creds/${name}/x`, data: { username: 'v-x', password } } };
  }

  private generic(method: string, path: string, body: Manifest): Reply {
    if (method === 'PUT') this.written.set(path, this.stored(path, body));
    if (method === 'DELETE') this.written.delete(path);
    if (method === 'PUT' || method === 'DELETE') return { status: 204 };
    if (method === 'GET') return this.written.has(path) ? data(this.written.get(path) as object) : nothing;
    const keys = [...this.written.keys()].filter(key => key.startsWith(`${path}/`)).map(key => key.slice(path.length + 1));
    return keys.length === 0 ? nothing : data({ keys });
  }

  /** A group has an id of its own. */
  private stored(path: string, body: Manifest): Manifest {
    return path.startsWith('identity/group/name/') ? { ...body, id: `id-of-${path.slice('identity/group/name/'.length)}` } : body;
  }
}
