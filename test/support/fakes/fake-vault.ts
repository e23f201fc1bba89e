import { type Asked, FakeServer, type Reply } from './fake-server';

interface Token {
  readonly accessor: string;
  readonly policies: readonly string[];
  readonly creation_time: number;
}

const made = Date.parse('2026-01-02T03:04:05Z') / 1000;
const errors = (status: number, words: string): Reply => ({ status, body: { errors: [words] } });
/** As Go's multierror prints several errors, or one. */
const severalErrors = (status: number, ...words: string[]): Reply =>
  errors(status, `${words.length} error${words.length === 1 ? '' : 's'} occurred:\n${words.map(word => `\t* ${word}\n`).join('')}\n`);

/** What Vault 1.21 answers; test/contracts holds each against a real Vault. */
export const denied = severalErrors(403, 'permission denied');
export const loginDenied = errors(403, 'permission denied');
const invalidToken = severalErrors(403, 'permission denied', 'invalid token');
const invalidAccessor = severalErrors(400, 'invalid accessor');
export const alreadyInitialised = errors(400, 'Vault is already initialized');

/** As much of Vault as the init Job speaks to. Whatever is secret in its answers contains "5ecre7". */
export class FakeVault extends FakeServer {
  initialised = false;
  sealed = false;
  /** The ServiceAccount token that logs in. */
  jwt = '';
  readonly tokens = new Map<string, Token>();
  readonly policies = new Set<string>();
  readonly audit = new Set<string>();
  readonly auth = new Set(['token/']);
  /** Roles of auth methods, by "<mount>/<role>", and what was written to them. */
  readonly roles = new Map<string, { readonly token_policies: readonly string[] }>();
  /** Accessors whose tokens are gone: only the index is left of them. */
  readonly danglingAccessors: string[] = [];
  private logins = 0;

  get initAnswer() {
    return {
      keys: [],
      keys_base64: [],
      recovery_keys: this.recoveryKeys.map(key => `hex-${key}`),
      recovery_keys_base64: this.recoveryKeys,
      root_token: this.root,
    };
  }

  readonly root = 'hvs.5ecre7-root';
  recoveryKeys: readonly string[] = ['5ecre7-1'];

  get rootLives(): boolean {
    return this.tokens.has(this.root);
  }

  addToken(token: string, policies: readonly string[]): void {
    this.tokens.set(token, { accessor: `accessor-${token.replace(/\W|5ecre7/g, '')}`, policies, creation_time: made });
  }

  /** What an initialisation leaves. */
  initialise(): void {
    this.initialised = true;
    this.addToken(this.root, ['root']);
  }

  /** What the Job's writes leave. */
  establish(): void {
    this.auth.add('kubernetes/');
    this.roles.set('kubernetes/vault-init', { token_policies: ['vault-init'] });
  }

  protected answer(asked: Asked): Reply {
    const { method, path, body } = asked;
    const call = `${method} ${path}`;
    if (call === 'GET sys/init') return { status: 200, body: { initialized: this.initialised } };
    if (call === 'PUT sys/init') {
      if (this.initialised) return alreadyInitialised;
      this.initialise();
      return { status: 200, body: this.initAnswer };
    }
    if (call.startsWith('GET sys/health')) return { status: this.sealed ? 503 : this.initialised ? 200 : 501, body: {} };
    if (this.sealed) return errors(503, 'Vault is sealed');
    const [, mount = '', ofMount = ''] = /^auth\/([^/]+)\/(.*)$/.exec(path) ?? [];
    if (ofMount === 'login') return this.login(`${mount}/`, body);
    const token = this.tokens.get(asked.headers['x-vault-token'] ?? '');
    if (token === undefined) return invalidToken;
    return mount === 'token' ? this.aboutTokens(`${method} ${ofMount}`, token, asked) : this.administer(call, token, body);
  }

  private login(mount: string, { role, jwt }: { readonly role: string; readonly jwt: string }): Reply {
    if (!this.auth.has(mount)) return loginDenied;
    const found = this.roles.get(`${mount}${role}`);
    if (found === undefined) return errors(400, `invalid role name "${role}"`);
    if (jwt !== this.jwt) return loginDenied;
    this.logins += 1;
    const token = `hvs.5ecre7-login-${this.logins}`;
    this.addToken(token, ['default', ...found.token_policies]);
    return { status: 200, body: { auth: { client_token: token } } };
  }

  private aboutTokens(call: string, own: Token, { headers, body }: Asked): Reply {
    const may = own.policies.includes('root') || own.policies.includes('vault-init');
    switch (call) {
      case 'GET lookup-self':
        return { status: 200, body: { data: own } };
      case 'PUT revoke-self':
        this.tokens.delete(headers['x-vault-token'] ?? '');
        return { status: 204 };
      case 'GET accessors?list=true':
        return may
          ? {
              status: 200,
              body: { data: { keys: [...this.danglingAccessors, ...[...this.tokens.values()].map(({ accessor }) => accessor)] } },
            }
          : denied;
    }
    if (!may || this.danglingAccessors.includes(body.accessor)) return denied;
    const [name, found] = [...this.tokens].find(([, { accessor }]) => accessor === body.accessor) ?? [];
    // of one that is gone already, a revocation only warns
    if (name === undefined)
      return call === 'PUT lookup-accessor' ? invalidAccessor : { status: 200, body: { warnings: ['No token found with this accessor'] } };
    if (call === 'PUT lookup-accessor') return { status: 200, body: { data: { ...found, id: '' } } };
    this.tokens.delete(name);
    return { status: 204 };
  }

  private administer(call: string, token: Token, body: { readonly token_policies: readonly string[] }): Reply {
    if (!token.policies.includes('root')) return denied;
    const [, kind = '', name = ''] = /^PUT sys\/(auth|audit|policies\/acl)\/(.*)$/.exec(call) ?? [];
    const listed = { auth: this.auth, audit: this.audit };
    if (call === 'GET sys/auth' || call === 'GET sys/audit')
      return { status: 200, body: { data: Object.fromEntries([...listed[call.slice(8) as 'auth' | 'audit']].map(path => [path, {}])) } };
    if (kind === 'auth' || kind === 'audit') {
      if (listed[kind].has(`${name}/`))
        return errors(400, kind === 'auth' ? `path is already in use at ${name}/` : 'path already in use: invalid configuration');
      listed[kind].add(`${name}/`);
    } else if (kind === 'policies/acl') this.policies.add(name);
    const [, role] = /^PUT auth\/(.*\/role\/.*)$/.exec(call) ?? [];
    if (role !== undefined) this.roles.set(role.replace('/role/', '/'), body);
    return { status: 204 };
  }
}
