import { afterAll, beforeAll, describe, expect, jest, test } from '@jest/globals';
import type { DatabaseProps, VaultConfigurationProps } from '../../charts';
import { serviceAccountTrust } from '../../charts/aws/iam';
import { accountId, aws, awsDelete, issuer, kubectl } from './support/cluster';
import { type ConfiguredApp, ConfiguredInstallation } from './support/configuration';
import { ownerPassword } from './support/databases';
import { LoginPod } from './support/login-pod';
import { eventually } from './support/shell';

jest.setTimeout(10 * 60_000);

const installation = new ConfiguredInstallation('vault-e2e-config', ['postgresql', 'mysql']);
const { namespace } = installation;
const { postgresql: postgres, mysql: maria } = installation.servers;

const sso = `arn:aws:iam::${accountId}:role/aws-reserved/sso.amazonaws.com/eu-west-1/${namespace}-client-developers`;
const anySso = `arn:aws:iam::${accountId}:role/aws-reserved/sso.amazonaws.com/*`;
const workload = `arn:aws:iam::${accountId}:role/${namespace}-client-orders`;
const partner = 'arn:aws:iam::111122223333:role/partner';
const serverId = `${namespace}.us-east-1.${accountId}`;

const orders: DatabaseProps = {
  name: 'orders',
  plugin: 'postgresql',
  host: postgres.host,
  database: 'orders',
  ca: { configMap: 'database-ca', key: 'ca.crt' },
  master: { secretsManager: installation.secret },
  roles: {
    readonly: { group: 'orders_readonly', users: ['aws-people/developers'], defaultTtl: '20s', maxTtl: '1m' },
    readwrite: { group: 'orders_readwrite', users: ['aws-people/developers', 'aws/orders'], defaultTtl: '20s', maxTtl: '1m' },
  },
  staticRoles: { report: { username: 'report', rotationPeriod: '10s', users: ['aws/orders'] } },
};
const shop: DatabaseProps = {
  name: 'shop',
  plugin: 'mysql',
  host: maria.host,
  database: 'shop',
  ca: { configMap: 'database-ca', key: 'ca.crt' },
  master: { kubernetesSecret: 'shop-master' },
  roles: { readonly: { privileges: ['SELECT'], users: ['aws-people/developers'], defaultTtl: '20s', maxTtl: '1m' } },
};

/** The same server once more, with its owner in Parameter Store. */
const stock: DatabaseProps = { ...shop, name: 'stock', database: 'stock', user: 'vault_stock', master: { ssm: `/${namespace}/stock` } };

const props = (): Omit<VaultConfigurationProps, 'vault' | 'admin'> => ({
  auth: {
    'aws-people': {
      type: 'aws',
      iamAlias: 'full_arn',
      roles: { developers: { boundIamPrincipalArns: [sso] }, anybody: { boundIamPrincipalArns: [anySso] } },
    },
    aws: { type: 'aws', roles: { orders: { boundIamPrincipalArns: [workload] }, partner: { boundIamPrincipalArns: [partner] } } },
  },
  databases: [orders, shop, stock],
  engines: { kv: { type: 'kv' } },
  policies: { 'kv-reader': [{ path: 'kv/data/*', capabilities: ['read'] }] },
  schedule: { cron: '0 6 * * *' },
});

let app: ConfiguredApp;
let developer: LoginPod;
let service: LoginPod;

/** Roles of IAM that only a pod of its own may take on: that of a person, as SSO makes it, and that of a workload. */
async function makeClientRoles({ vault }: ConfiguredApp): Promise<void> {
  for (const [arn, name] of [
    [sso, 'developer'],
    [workload, 'orders'],
  ] as const) {
    const trust = JSON.stringify(serviceAccountTrust({ aws: vault.aws, serviceAccount: { namespace, name } }, issuer));
    const path = arn.replace(/^.*:role(\/.*\/|\/).*?$/, '$1');
    const role = ['--role-name', arn.slice(arn.lastIndexOf('/') + 1), '--path', path];
    await aws(['iam', 'create-role', ...role, '--assume-role-policy-document', trust]);
  }
}

beforeAll(async () => {
  const owner = { username: 'root', password: ownerPassword };
  const parameter = ['--name', `/${namespace}/stock`, '--type', 'SecureString', '--overwrite', '--value', JSON.stringify(owner)];
  app = await installation.prepare(props(), async made => {
    await makeClientRoles(made);
    await aws(['ssm', 'put-parameter', ...parameter]);
  });
  const literals = Object.entries(owner).map(([key, value]) => `--from-literal=${key}=${value}`);
  await installation.kubectl(['create', 'secret', 'generic', 'shop-master', ...literals]);
  await postgres.sql('CREATE DATABASE orders; CREATE ROLE report LOGIN;');
  await postgres.sql(
    `CREATE ROLE orders_readonly; CREATE ROLE orders_readwrite;
CREATE TABLE lines (id int); INSERT INTO lines VALUES (1);
GRANT USAGE ON SCHEMA public TO orders_readonly; GRANT USAGE, CREATE ON SCHEMA public TO orders_readwrite;
GRANT SELECT ON ALL TABLES IN SCHEMA public TO orders_readonly; GRANT SELECT, INSERT ON ALL TABLES IN SCHEMA public TO orders_readwrite;
ALTER DEFAULT PRIVILEGES FOR ROLE orders_readwrite IN SCHEMA public GRANT SELECT ON TABLES TO orders_readonly;`,
    'orders',
  );
  await maria.sql('CREATE DATABASE stock; CREATE DATABASE shop; CREATE TABLE shop.items (id int); INSERT INTO shop.items VALUES (2);');
  developer = new LoginPod(installation, 'developer', sso, app.vault.clientLabels, 'jane@example.com');
  service = new LoginPod(installation, 'orders', workload, app.vault.clientLabels);
});

afterAll(async () => {
  await installation.remove();
  await awsDelete(['ssm', 'delete-parameter', '--name', `/${namespace}/stock`]);
});

interface User {
  readonly username: string;
  readonly password: string;
  /** Seconds until a static user gets another password. */
  readonly ttl?: number;
}

async function userOf(pod: LoginPod, path: string): Promise<User> {
  const { status, stdout, stderr } = await pod.vault('read', '-format=json', path);
  if (status !== 0) throw new Error(stderr);
  return JSON.parse(stdout).data;
}

const exists = async (user: User): Promise<boolean> =>
  (await postgres.sql(`SELECT count(*) FROM pg_roles WHERE rolname = '${user.username}'`)) === '1';

test('one apply of server, init and configuration leads from nothing to a Vault that is configured', async () => {
  const start = Date.now();
  const said = await installation.apply();
  console.log(`from apply to configured: ${((Date.now() - start) / 1000).toFixed(1)} s\n${said}`);
  expect(said).toMatch(/done: \d+ created, \d changed, \d unchanged, 0 drifted, 0 refused/);
  expect(said).not.toContain(ownerPassword);
  await Promise.all([developer.create(), service.create()]);
});

describe('a developer who has an IAM role of SSO', () => {
  test('logs in, and is known as himself', async () => {
    expect(await developer.login('aws-people', 'developers', serverId)).toMatchObject({ status: 0 });
    const { data } = JSON.parse((await developer.vault('token', 'lookup', '-format=json')).stdout);
    expect(data.display_name).toBe(`aws-people-${namespace}-client-developers/jane@example.com`);
    const entity = await installation.vaultAs(
      await installation.adminToken(),
      'read',
      '-format=json',
      `identity/entity/id/${data.entity_id}`,
    );
    const arn = `arn:aws:sts::${accountId}:assumed-role/${namespace}-client-developers/jane@example.com`;
    expect(JSON.parse(entity.stdout).data.aliases.map(({ name }: { name: string }) => name)).toEqual([arn]);
    expect(data.policies).toEqual([
      'database-orders-readonly',
      'database-orders-readwrite',
      'database-shop-readonly',
      'database-stock-readonly',
      'default',
    ]);
  });

  test('logs in by a wildcard too, for which Vault asks IAM for the path of his role', async () => {
    expect(await developer.login('aws-people', 'anybody', serverId)).toMatchObject({ status: 0 });
    // the servers' role may ask for those alone whom the wildcard names
    const other = await service.login('aws-people', 'anybody', serverId);
    expect(other).toMatchObject({ status: 2, stderr: expect.stringMatching(/error looking up full ARN[\s\S]*status code: 403/) });
    expect(await developer.login('aws-people', 'developers', serverId)).toMatchObject({ status: 0 });
  });

  test('gets a user of PostgreSQL by his name, who can do what the role says and no more', async () => {
    const user = await userOf(developer, 'database/creds/orders-readonly');
    expect(user.username).toMatch(/^v-jane@example\.com-/);
    expect(await postgres.as(user, 'orders', 'SELECT id FROM lines')).toMatchObject({ status: 0, stdout: '1\n' });
    const written = await postgres.as(user, 'orders', 'INSERT INTO lines VALUES (3)');
    expect(written).toMatchObject({ status: 3, stderr: expect.stringContaining('permission denied for table lines') });
    expect(await postgres.as(user, 'orders', 'CREATE TABLE mine (id int)')).toMatchObject({ status: 3 });
  });

  test('gets a user of MariaDB, likewise', async () => {
    const user = await userOf(developer, 'database/creds/shop-readonly');
    expect(user.username).toMatch(/^v-jane@/);
    expect(await maria.as(user, 'shop', 'SELECT id FROM items')).toMatchObject({ status: 0, stdout: '2\n' });
    expect(await maria.as(user, 'shop', 'INSERT INTO items VALUES (3)')).toMatchObject({
      status: 1,
      stderr: expect.stringContaining('denied'),
    });
  });

  test('makes a table, and is gone when his time ends, with his sessions; the table stays, and readers see it', async () => {
    const user = await userOf(developer, 'database/creds/orders-readwrite');
    const made = await postgres.as(user, 'orders', 'CREATE TABLE of_today (id int); INSERT INTO of_today VALUES (7)');
    expect(made).toMatchObject({ status: 0 });
    const session = postgres.as(user, 'orders', 'SELECT pg_sleep(120)');
    await eventually('the user to be gone', 60, async () => expect(await exists(user)).toBe(false));
    expect(await session).toMatchObject({ status: 2, stderr: expect.stringContaining('terminating connection') });
    expect(await postgres.as(user, 'orders', 'SELECT 1')).toMatchObject({ status: 2 });
    expect(await postgres.sql("SELECT tableowner FROM pg_tables WHERE tablename = 'of_today'", 'orders')).toBe('orders_readwrite');
    const reader = await userOf(developer, 'database/creds/orders-readonly');
    expect(await postgres.as(reader, 'orders', 'SELECT id FROM of_today')).toMatchObject({ status: 0, stdout: '7\n' });
  });
});

describe('a workload', () => {
  test('logs in by its role, and gets what its role names', async () => {
    expect(await service.login('aws', 'orders', serverId)).toMatchObject({ status: 0 });
    const user = await userOf(service, 'database/creds/orders-readwrite');
    expect(user.username).toMatch(new RegExp(`^v-${namespace}-client-orders/`));
    expect(await postgres.as(user, 'orders', 'INSERT INTO lines VALUES (4)')).toMatchObject({ status: 0 });
    expect(await service.vault('read', 'database/creds/shop-readonly')).toMatchObject({
      status: 2,
      stderr: expect.stringContaining('permission denied'),
    });
  });

  test('reads the password of a static user, which changes', async () => {
    const before = await eventually('a password that is good for some seconds yet', 30, async () => {
      const user = await userOf(service, 'database/static-creds/orders-report');
      expect(user.ttl).toBeGreaterThan(5);
      return user;
    });
    expect(await postgres.as(before, 'orders', 'SELECT 1')).toMatchObject({ status: 0 });
    const after = await eventually('another password', 30, async () => {
      const now = await userOf(service, 'database/static-creds/orders-report');
      expect(now.password).not.toBe(before.password);
      return now;
    });
    expect(await postgres.as(after, 'orders', 'SELECT 1')).toMatchObject({ status: 0 });
    expect(await postgres.as(before, 'orders', 'SELECT 1')).toMatchObject({ status: 2 });
  });

  test('does not get in by a role that does not name it, nor with a login that was signed for another Vault', async () => {
    const uninvited = await service.login('aws-people', 'developers', serverId);
    expect(uninvited).toMatchObject({ status: 2, stderr: expect.stringContaining('does not belong to the role') });
    const elsewhere = await service.login('aws', 'orders', 'another.us-east-1.123456789012');
    expect(elsewhere).toMatchObject({ status: 2, stderr: expect.stringContaining('expected "') });
  });

  test('of another account logs in by its role there', async () => {
    const text = await aws(['sts', 'assume-role', '--role-arn', partner, '--role-session-name', 'partner', '--output', 'json']);
    expect(await service.loginWith(JSON.parse(text).Credentials, 'aws', 'partner', serverId)).toMatchObject({ status: 0 });
    expect(await service.vault('token', 'lookup', '-format=json')).toMatchObject({ stdout: expect.stringContaining(partner) });
  });
});

test('a second run changes nothing; Vault goes on with passwords that it alone knows', async () => {
  const said = await installation.applyAgain('again');
  console.log(said);
  expect(said).toMatch(/done: 0 created, 0 changed, \d+ unchanged, 0 drifted, 0 refused, 0 unmanaged, 0 removed/);
  for (const [server, path, database] of [
    [postgres, 'database/creds/orders-readonly', 'orders'],
    [maria, 'database/creds/shop-readonly', 'shop'],
  ] as const)
    expect(await server.as(await userOf(developer, path), database, 'SELECT 1')).toMatchObject({ status: 0 });
  const owner = { username: 'vault', password: ownerPassword };
  expect(await postgres.as(owner, 'orders', 'SELECT 1')).toMatchObject({ status: 2 });
  const token = await installation.adminToken();
  for (const leftover of ['database/config/master-orders', 'database/roles/master-orders', 'database/config/master-shop'])
    expect(await installation.vaultAs(token, 'read', leftover)).toMatchObject({ status: 2 });
});

test('what somebody changed by hand is reported as drift, and brought back by the next apply', async () => {
  expect(await installation.report('nothing')).toMatchObject({ failed: false });
  const token = await installation.adminToken();
  expect(await installation.vaultAs(token, 'write', 'auth/aws/role/orders', 'token_ttl=3h')).toMatchObject({ status: 0 });
  expect(await installation.vaultAs(token, 'delete', 'sys/policies/acl/kv-reader')).toMatchObject({ status: 0 });
  const drift = await installation.report('drift');
  expect(drift.failed).toBe(true);
  expect(drift.said).toContain('configuration: drifted auth/aws/role/orders: left as it is');
  expect(drift.said).toContain('configuration: drifted sys/policies/acl/kv-reader: left as it is');
  expect(drift.said).toMatch(/done: 0 created, 0 changed, \d+ unchanged, 2 drifted/);
  expect(await installation.applyAgain('repair')).toMatch(/done: 0 created, 0 changed, \d+ unchanged, 2 drifted, 0 refused/);
  expect((await installation.report('repaired')).failed).toBe(false);
});

test('a kv engine where another one is mounted is an error, and nothing is changed', async () => {
  const token = await installation.adminToken();
  expect(await installation.vaultAs(token, 'secrets', 'enable', '-path=taken', 'transit')).toMatchObject({ status: 0 });
  const { dist } = installation.synthConfigured({ ...props(), engines: { taken: { type: 'kv' } } });
  await kubectl(['apply', '-k', dist]);
  await eventually('the Job to say so', 60, async () => {
    const newest = await installation.newestJob();
    const { stdout } = await installation.kubectl(['logs', `job/${newest}`]);
    expect(stdout).toContain('nothing was changed: sys/mounts/taken/ is of type transit, not kv');
  });
  await installation.kubectl(['delete', 'job', await installation.newestJob()]);
});

test('audit entries name the person and the user whom he was given, and show no secret', async () => {
  const user = await userOf(developer, 'database/creds/orders-readonly');
  const log = (await installation.kubectl(['logs', 'vault-0', '-c', 'vault', '--tail=-1'])).stdout;
  const entries = log.split('\n').flatMap(line => (line.startsWith('{"') ? [JSON.parse(line)] : []));
  const given = entries.find(entry => entry.type === 'response' && entry.response?.data?.username === user.username);
  expect(given.auth.display_name).toContain('jane@example.com');
  expect(given.request.path).toBe('database/creds/orders-readonly');
  for (const secret of [user.password, ownerPassword]) expect(log).not.toContain(secret);
});

test('who left has no token and no user after the next apply; what left main.ts is listed, and removed only if told', async () => {
  await developer.login('aws-people', 'developers', serverId);
  const user = await userOf(developer, 'database/creds/orders-readwrite');
  const others = `arn:aws:iam::${accountId}:role/others`;
  const { auth, policies: _, ...rest } = props();
  const people = { type: 'aws', iamAlias: 'full_arn', roles: { developers: { boundIamPrincipalArns: [others] } } } as const;
  const left = { ...rest, auth: { ...auth, 'aws-people': people }, policies: {}, databases: [orders] };
  installation.synthConfigured(left);
  const said = await installation.apply();
  console.log(said);
  expect(said).toMatch(/1 principals left: \d of their tokens revoked/);
  expect(await developer.vault('token', 'lookup')).toMatchObject({ status: 2 });
  await eventually('his user to be gone', 20, async () => expect(await exists(user)).toBe(false));
  expect(await developer.login('aws-people', 'developers', serverId)).toMatchObject({ status: 2 });
  for (const path of ['sys/policies/acl/kv-reader', 'database/roles/shop-readonly', 'database/config/shop'])
    expect(said).toContain(`unmanaged ${path}`);

  installation.synthConfigured({ ...left, prune: true });
  const pruned = await installation.apply();
  console.log(pruned);
  for (const path of ['sys/policies/acl/kv-reader', 'database/roles/shop-readonly', 'database/config/shop'])
    expect(pruned).toContain(`removed ${path}`);
  expect(pruned).toMatch(/0 refused, 0 unmanaged, 8 removed/);
});
