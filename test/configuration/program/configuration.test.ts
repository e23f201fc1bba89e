import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { accessorOf, type DatabaseProps, groupIdOf, type VaultConfigurationProps } from '../../../charts';
import { ConfigurationPod } from './configuration-pod';

type Props = Omit<VaultConfigurationProps, 'vault'>;

const jane = 'arn:aws:iam::123456789012:role/aws-reserved/sso.amazonaws.com/jane';
const joe = 'arn:aws:iam::123456789012:role/joe';

const orders: DatabaseProps = {
  name: 'orders',
  plugin: 'postgresql',
  host: 'orders.example.com',
  database: 'orders',
  ca: { configMap: 'database-ca', key: 'ca.crt' },
  master: { secretsManager: 'orders/master' },
  roles: { readonly: { group: 'orders_readonly', users: ['people/developers'] } },
};

const props: Props = {
  auth: {
    people: { type: 'aws', iamAlias: 'full_arn', roles: { developers: { boundIamPrincipalArns: [jane, joe] } } },
    jwt: { type: 'jwt' },
  },
  engines: { kv: { type: 'kv' } },
  databases: [orders],
  groups: { staff: { policies: ['reader'], alias: { mount: 'jwt', name: 'staff' } } },
  policies: {
    reader: [
      { path: `kv/data/{{identity.entity.aliases.${accessorOf('auth/people')}.name}}`, capabilities: ['read'] },
      { path: `kv/data/{{identity.groups.ids.${groupIdOf('staff')}.name}}`, capabilities: ['read'] },
    ],
  },
  raw: [
    {
      path: 'auth/jwt/config',
      body: { oidc_discovery_url: 'https://login.example.com' },
      secrets: { oidc_client_secret: { ssm: '/oidc', key: 'client' } },
    },
  ],
};

let pod: ConfigurationPod;
const shown: string[] = [];

async function run() {
  const ended = await pod.run();
  shown.push(...ended.lines);
  return ended;
}

/** The verdicts of a run on paths, without what is unchanged. */
const verdicts = (lines: readonly string[]): readonly string[] =>
  lines.filter(line => /^(created|changed|drifted|refused|unmanaged|removed) /.test(line));
const count = (lines: readonly string[]): string => lines.find(line => line.startsWith('done: ')) ?? lines.join('\n');

beforeEach(async () => {
  shown.length = 0;
  pod = await ConfigurationPod.create(props);
  pod.aws.readable.set('orders/master', { text: '{"username":"owner","password":"5ecre7-owner"}', version: 1 });
  pod.aws.readable.set('/oidc', { text: '{"client":"5ecre7-oidc"}', version: 1 });
});

afterEach(() => {
  // whatever happened, no secret was shown, and none is kept
  expect(shown.join('\n')).not.toContain('5ecre7');
  const state = [...pod.vault.written].filter(([path]) => path.startsWith('vault-configuration/'));
  expect(JSON.stringify(state)).not.toContain('5ecre7');
  pod.remove();
});

/** Vault's own user has the password that Vault has, and nobody else. */
function expectOwnUser(): void {
  const password = pod.vault.users.get('vault') ?? '';
  expect(pod.vault.passwords.get('orders')).toBe(password);
  expect(pod.vault.known).not.toContain(password);
  expect([...pod.vault.passwords.keys()]).toEqual(['orders']);
  expect([...pod.vault.written.keys()].filter(path => path.includes('master-'))).toEqual([]);
  expect([...pod.vault.leases.keys()].filter(prefix => prefix.includes('master-'))).toHaveLength(
    // what only asks for the leases to end, ends them: the fake forgets the prefix
    0,
  );
}

describe('the first run', () => {
  test('makes everything, in an order in which each thing finds what it needs', async () => {
    const { status, lines } = await run();
    expect([status, count(lines)]).toEqual([
      0,
      expect.stringMatching(/^done: 1\d created, 4 changed, 1 unchanged, 0 drifted, 0 refused, 0 unmanaged, 0 removed$/),
    ]);
    const at = (path: string) => lines.findIndex(line => line.endsWith(` ${path}`));
    const order = ['sys/policies/acl/vault-configuration', 'sys/mounts/vault-configuration', 'sys/auth/people', 'database/config/orders'];
    const then = ['database/roles/orders-readonly', 'identity/group/name/staff', 'sys/policies/acl/reader', 'auth/people/role/developers'];
    const places = [...order, ...then, 'auth/jwt/config'].map(at);
    expect(places).not.toContain(-1);
    expect(places).toEqual([...places].sort((a, b) => a - b));
  });

  test('takes the Lease only once it is in: whoever makes the way in holds it', async () => {
    await run();
    expect(pod.vault.asked[0]?.path).toBe('auth/kubernetes/login');
    expect(pod.kubernetes.get('leases/vault-changes')?.spec.holderIdentity).toBe('');
  });

  test('puts accessors and ids in the place of references', async () => {
    await run();
    const { policy } = pod.vault.written.get('sys/policies/acl/reader');
    expect(policy).toMatch(/aliases\.auth_people_\d\.name/);
    expect(policy).toContain('identity.groups.ids.id-of-staff.name');
    expect(pod.vault.written.get('identity/group-alias')).toEqual({
      name: 'staff',
      mount_accessor: expect.stringMatching(/^auth_jwt_\d$/),
      canonical_id: 'id-of-staff',
    });
  });

  test('sends secrets to Vault and nowhere else', async () => {
    await run();
    expect(pod.vault.written.get('auth/jwt/config')).toEqual({
      oidc_discovery_url: 'https://login.example.com',
      oidc_client_secret: '5ecre7-oidc',
    });
  });

  test('gives Vault a user of its own whose password nobody else knows, and forgets the owner', async () => {
    await run();
    expectOwnUser();
    expect(pod.vault.written.get('database/config/orders')).toMatchObject({
      plugin_name: 'postgresql-database-plugin',
      allowed_roles: ['orders-readonly'],
      connection_details: {
        username: 'vault',
        connection_url: 'postgresql://{{username}}:{{password}}@orders.example.com:5432/orders?sslmode=verify-full',
        tls_ca: 'the authority of the databases',
      },
    });
  });
});

describe('a second run', () => {
  test('writes nothing', async () => {
    await run();
    pod.vault.asked.length = 0;
    const { lines } = await run();
    expect(count(lines)).toMatch(/^done: 0 created, 0 changed, \d+ unchanged, 0 drifted, 0 refused/);
    expect(pod.vault.writes).toEqual(['PUT auth/kubernetes/login']);
    expectOwnUser();
  });

  test('writes what has changed in main.ts, and nothing else', async () => {
    await run();
    const readonly = { group: 'orders_readonly', users: ['people/developers'], maxTtl: '2h' };
    pod.render({ ...props, databases: [{ ...orders, roles: { readonly } }] });
    expect(verdicts((await run()).lines)).toEqual(['changed database/roles/orders-readonly']);
  });

  test('writes a secret again when it has another version', async () => {
    await run();
    pod.aws.readable.set('/oidc', { text: '{"client":"5ecre7-rolled"}', version: 2 });
    expect(verdicts((await run()).lines)).toEqual(['changed auth/jwt/config']);
    expect(pod.vault.written.get('auth/jwt/config').oidc_client_secret).toBe('5ecre7-rolled');
  });

  test('does without the owner, whose password RDS has changed meanwhile', async () => {
    await run();
    pod.vault.users.set('owner', '5ecre7-changed');
    pod.render({ ...props, databases: [{ ...orders, maxOpenConnections: 7 }] });
    expect(verdicts((await run()).lines)).toEqual(['changed database/config/orders']);
    expectOwnUser();
  });

  test('gives Vault’s user what new roles need, as the owner, and rotates its password again', async () => {
    await run();
    pod.render({
      ...props,
      databases: [{ ...orders, roles: { ...orders.roles, admin: { group: 'orders_admin', users: ['people/developers'] } } }],
    });
    const before = pod.vault.users.get('vault');
    const { lines } = await run();
    expect(verdicts(lines)).toEqual(
      ['config/orders', 'roles/orders-admin']
        .map((path, index) => `${index === 0 ? 'changed' : 'created'} database/${path}`)
        .concat(['created sys/policies/acl/database-orders-admin', 'changed auth/people/role/developers']),
    );
    expect(pod.vault.users.get('vault')).not.toBe(before);
    expectOwnUser();
  });
});

describe('what somebody changed by hand', () => {
  const change = () => pod.vault.written.set('auth/people/role/developers', { token_ttl: '90d' });

  test('is drift, and is brought back', async () => {
    await run();
    change();
    pod.vault.written.delete('sys/policies/acl/reader');
    expect(verdicts((await run()).lines)).toEqual(['drifted sys/policies/acl/reader', 'drifted auth/people/role/developers']);
    expect(pod.vault.written.get('auth/people/role/developers').token_ttl).toBe('1h');
    expect(verdicts((await run()).lines)).toEqual([]);
  });

  test('is only reported where the Job is told to report, and the Job fails', async () => {
    await run();
    change();
    pod.env['MODE'] = 'report';
    pod.vault.asked.length = 0;
    const { status, lines } = await run();
    expect(status).toBe(1);
    expect(verdicts(lines)).toEqual(['drifted auth/people/role/developers: left as it is']);
    expect(lines.at(-1)).toBe('1 paths are not as main.ts says: see the lines above');
    expect(pod.vault.writes).toEqual(['PUT auth/kubernetes/login']);
  });
});

describe('a report before the first run', () => {
  test('says what it would make, and writes nothing', async () => {
    pod.env['MODE'] = 'report';
    const { status, lines } = await run();
    expect(status).toBe(1);
    expect(count(lines)).toMatch(/^done: [1-9]\d* created/);
    expect(pod.vault.writes).toEqual(['PUT auth/kubernetes/login']);
  });
});

/** Each request takes a minute: KILL_EVERY=1 does so. */
const every = Number(process.env['KILL_EVERY'] ?? 10);

describe('whatever request it is killed after', () => {
  test('the next run ends as if nothing had been', async () => {
    await run();
    const whole = [...pod.vault.written.keys()].sort();
    const requests = pod.vault.asked.length;
    expect(requests).toBeGreaterThan(60);
    for (let killedAfter = 1; killedAfter < requests; killedAfter += every) {
      pod.vault.reset();
      pod.vault.dieAfter(killedAfter, () => pod.terminate());
      expect((await run()).status).toBe(143);
      const { status, lines } = await run();
      expect([killedAfter, status, count(lines)]).toEqual([killedAfter, 0, expect.stringContaining('0 drifted, 0 refused')]);
      expect([...pod.vault.written.keys()].sort()).toEqual(whole);
      expectOwnUser();
      expect(verdicts((await run()).lines)).toEqual([]);
    }
  }, 120_000);
});

describe('who left', () => {
  const login = { path: 'auth/people/login', meta: { canonical_arn: joe } };
  const without = {
    ...props,
    auth: { ...props.auth, people: { type: 'aws', iamAlias: 'full_arn', roles: { developers: { boundIamPrincipalArns: [jane] } } } },
  } as const;

  test('loses his tokens, and nobody else does', async () => {
    await run();
    pod.vault.tokens.set('of-joe', login);
    pod.vault.tokens.set('of-jane', { path: 'auth/people/login', meta: { canonical_arn: 'arn:aws:iam::123456789012:role/jane' } });
    pod.vault.tokens.set('of-joe-elsewhere', { path: 'auth/aws/login', meta: { canonical_arn: joe } });
    pod.vault.tokens.set('of-somebody', { path: 'auth/token/create' });
    pod.render(without);
    expect((await run()).lines).toContain('1 principals left: 1 of their tokens revoked');
    expect([...pod.vault.tokens.keys()]).toEqual(['of-jane', 'of-joe-elsewhere', 'of-somebody']);
    expect((await run()).lines.join()).not.toContain('left:');
  });

  test('loses them also where the run was killed between the role and the tokens', async () => {
    await run();
    pod.vault.tokens.set('of-joe', login);
    pod.render(without);
    pod.vault.instead['GET auth/token/accessors?list=true'] = () => {
      pod.terminate();
      return 'break off';
    };
    expect((await run()).status).toBe(143);
    expect(pod.vault.written.get('auth/people/role/developers').bound_iam_principal_arn).toEqual(['arn:aws:iam::123456789012:role/jane']);
    delete pod.vault.instead['GET auth/token/accessors?list=true'];
    expect((await run()).lines).toContain('1 principals left: 1 of their tokens revoked');
    expect(pod.vault.tokens.size).toBe(0);
  });
});

describe('what left main.ts', () => {
  const { databases: _, groups: __, policies: ___, ...rest } = props;
  const left = [
    'identity/group/name/staff',
    'database/roles/orders-readonly',
    'database/config/orders',
    'sys/policies/acl/reader',
    'sys/policies/acl/database-orders-readonly',
  ];

  test('is listed, and stays', async () => {
    await run();
    pod.render(rest);
    const { status, lines } = await run();
    expect(status).toBe(0);
    expect(verdicts(lines)).toEqual(expect.arrayContaining(left.map(path => `unmanaged ${path}`)));
    for (const path of left) expect([...pod.vault.written.keys()]).toContain(path);
  });

  test('is removed if told; mounts and their settings stay', async () => {
    await run();
    pod.vault.leases.set('database/creds/orders-readonly', 3);
    pod.render({ ...rest, prune: true });
    const { lines } = await run();
    expect(verdicts(lines)).toEqual(expect.arrayContaining(left.map(path => `removed ${path}`)));
    // also where nothing in main.ts names the engine any more
    expect(pod.vault.written.get('sys/policies/acl/vault-configuration').policy).toContain('path "database/config/*"');
    expect(pod.vault.leases.size).toBe(0);
    expect(pod.vault.enabled['sys/mounts']?.has('database/')).toBe(true);
    expect(verdicts((await run()).lines).every(line => line.startsWith('unmanaged '))).toBe(true);
  });

  test('stays where its leases do not end, and the Job fails', async () => {
    await run();
    pod.vault.leases.set('database/creds/orders-readonly', 2);
    pod.vault.stuck = 'database/creds/orders-readonly';
    pod.render({ ...rest, prune: true });
    const { status, lines } = await run();
    expect(status).toBe(1);
    expect(lines).toContainEqual(
      expect.stringMatching(/^refused database\/roles\/orders-readonly: gave up waiting for the leases of .* to end: 2 left$/),
    );
    expect(lines).toContain('refused database/config/orders: in use by roles/orders-readonly');
    for (const path of ['database/roles/orders-readonly', 'database/config/orders']) expect([...pod.vault.written.keys()]).toContain(path);
  });
});

describe('what goes wrong', () => {
  test('another type at a path: nothing is changed', async () => {
    pod.vault.enabled['sys/mounts']?.set('kv/', { type: 'transit', accessor: 'transit_1' });
    const { status, lines } = await run();
    expect([status, lines.at(-1)]).toEqual([1, 'nothing was changed: sys/mounts/kv/ is of type transit, not kv']);
    // but what the Job itself may do
    expect(pod.vault.writes).toEqual([
      'PUT auth/kubernetes/login',
      ...['admin', 'configuration'].map(name => `PUT sys/policies/acl/vault-${name}`),
    ]);
  });

  test('a secret that is not there: the rest is done, and the Job fails', async () => {
    pod.aws.readable.delete('/oidc');
    const { status, lines } = await run();
    expect(status).toBe(1);
    expect(verdicts(lines)).toContainEqual(
      expect.stringMatching(/^refused auth\/jwt\/config: reading the parameter \/oidc: .*ParameterNotFound/),
    );
    expect(lines.at(-1)).toBe('1 refused: see the lines above');
    expect([...pod.vault.written.keys()]).toContain('auth/people/role/developers');
  });

  test('a secret of another form: its text is not shown', async () => {
    pod.aws.readable.set('/oidc', { text: '5ecre7-plain', version: 1 });
    expect(verdicts((await run()).lines)).toContain('refused auth/jwt/config: the parameter /oidc: its text is no JSON');
  });

  test('a password of the owner that is wrong: Vault’s words, and nothing of it stays', async () => {
    pod.aws.readable.set('orders/master', { text: '{"username":"owner","password":"5ecre7-old"}', version: 1 });
    const { lines } = await run();
    expect(verdicts(lines)).toContainEqual(
      expect.stringMatching(
        /^refused database\/config\/orders: writing database\/config\/master-orders: Vault answered 400 .*password of owner is wrong/,
      ),
    );
    pod.aws.readable.set('orders/master', { text: '{"username":"owner","password":"5ecre7-owner"}', version: 2 });
    expect((await run()).status).toBe(0);
    expectOwnUser();
  });

  test('a connection that somebody else made: it is left alone', async () => {
    pod.vault.written.set('database/config/orders', {
      plugin_name: 'postgresql-database-plugin',
      connection_details: { username: 'root' },
    });
    const { lines } = await run();
    expect(verdicts(lines)).toContainEqual(
      expect.stringMatching(/^refused database\/config\/orders: its user is root, not vault: nothing was written/),
    );
    expect(pod.vault.written.get('database/config/orders').connection_details).toEqual({ username: 'root' });
  });

  test('a token that ends on the way: another login', async () => {
    pod.vault.instead['PUT sys/auth/people'] = () => {
      delete pod.vault.instead['PUT sys/auth/people'];
      pod.vault.endToken();
      return undefined;
    };
    expect((await run()).status).toBe(0);
    expect(pod.vault.logins).toBe(2);
  });

  test('Vault that is away for a moment: it waits and says for what', async () => {
    let times = 0;
    pod.vault.instead['PUT sys/auth/people'] = () => {
      times += 1;
      return times > 3 ? undefined : { status: 503, body: { errors: ['Vault is sealed'] } };
    };
    const { status, lines } = await run();
    expect(status).toBe(0);
    expect(lines).toContain('waiting for Vault to answer PUT sys/auth/people: Vault answered 503 (Vault is sealed)');
  });

  test('a 500 that does not pass is a no', async () => {
    pod.vault.instead['PUT auth/people/role/developers'] = { status: 500, body: { errors: ['1 error occurred:\n\t* no such thing\n\n'] } };
    const { lines } = await run();
    expect(verdicts(lines)).toContain(
      'refused auth/people/role/developers: writing auth/people/role/developers: Vault answered 500 (1 error occurred: * no such thing)',
    );
  });

  test('no way in: it says what is missing', async () => {
    pod.vault.jwt = 'another';
    const { status, lines } = await run();
    expect([status, lines.at(-1)]).toEqual([
      1,
      expect.stringMatching(
        /^gave up waiting for the first login, which the init Job or an administrator makes possible: the login as vault-admin: Vault answered 403/,
      ),
    ]);
  });
});
