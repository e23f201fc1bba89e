import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, jest, test } from '@jest/globals';
import { Custody, type DatabaseProps, VaultConfiguration, type VaultConfigurationProps, VaultInit } from '../../charts';
import { serviceAccountTrust } from '../../charts/aws/iam';
import { type Manifest, yaml } from '../support/render';
import { TestCa } from './support/certificates';
import { accountId, aws, enforceIam, Installation, issuer, kubectl } from './support/cluster';
import { DatabaseServer, ownerPassword } from './support/databases';
import { LoginPod } from './support/login-pod';
import { eventually } from './support/shell';

jest.setTimeout(10 * 60_000);

const installation = new Installation('vault-e2e-config');
const { namespace } = installation;
const databases = `${namespace}-databases`;
const postgres = new DatabaseServer(databases, 'postgresql');
const maria = new DatabaseServer(databases, 'mysql');
const ca = new TestCa();

const sso = `arn:aws:iam::${accountId}:role/aws-reserved/sso.amazonaws.com/eu-west-1/${namespace}-client-developers`;
const workload = `arn:aws:iam::${accountId}:role/${namespace}-client-orders`;
const partner = 'arn:aws:iam::111122223333:role/partner';
const serverId = `${namespace}.us-east-1.${accountId}`;

const orders: DatabaseProps = {
  name: 'orders',
  plugin: 'postgresql',
  host: postgres.host,
  database: 'orders',
  ca: { configMap: 'database-ca', key: 'ca.crt' },
  master: { secretsManager: `${namespace}/orders-master` },
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

const props = (): Omit<VaultConfigurationProps, 'vault' | 'admin'> => ({
  auth: {
    'aws-people': { type: 'aws', iamAlias: 'full_arn', roles: { developers: { boundIamPrincipalArns: [sso] } } },
    aws: { type: 'aws', roles: { orders: { boundIamPrincipalArns: [workload] }, partner: { boundIamPrincipalArns: [partner] } } },
  },
  databases: [orders, shop],
  engines: { kv: { type: 'kv' } },
  policies: { 'kv-reader': [{ path: 'kv/data/*', capabilities: ['read'] }] },
  schedule: { cron: '0 6 * * *' },
});

function synth(more: Partial<VaultConfigurationProps> = {}) {
  let charts: { init: VaultInit; configuration: VaultConfiguration } | undefined;
  const made = installation.synth(
    {
      replicas: 1,
      network: {
        egress: [{ podLabels: { app: 'database' }, namespaceLabels: { 'kubernetes.io/metadata.name': databases }, ports: [5432, 3306] }],
      },
    },
    (app, vault) => {
      const init = new VaultInit(app, 'init', {
        vault,
        custody: Custody.secretsManager(`${namespace}/recovery`),
        role: `${namespace}-init`,
      });
      const configuration = new VaultConfiguration(app, 'configuration', {
        vault,
        admin: init.admin,
        role: `${namespace}-configuration`,
        ...props(),
        ...more,
      });
      charts = { init, configuration };
    },
  );
  if (charts === undefined) throw new Error('no charts');
  return { ...made, ...charts };
}

async function remove(): Promise<void> {
  await installation.remove();
  await kubectl(['delete', 'namespace', databases, '--ignore-not-found', '--timeout=60s']);
}

const newestJob = async (): Promise<string> => {
  const jobs: Manifest[] = (await installation.get('jobs', '-l', 'app.kubernetes.io/component=configuration')).items;
  const newest = jobs.sort((a, b) => b.metadata.creationTimestamp.localeCompare(a.metadata.creationTimestamp))[0];
  if (newest === undefined) throw new Error('no Job');
  return newest.metadata.name;
};

/** Waits for a Job to complete, and returns what it said. */
const jobSaid = (name: string): Promise<string> =>
  eventually(`${name} to complete`, 240, async () => {
    const said = (await installation.kubectl(['logs', `job/${name}`, '--tail=-1'], { accept: [0, 1] })).stdout;
    if ((await installation.get('job', name)).status.succeeded !== 1) throw new Error(said);
    return said;
  });

/** Applies a dist and waits for the Job that it holds; returns what it said. */
async function apply(dist: string): Promise<string> {
  const file = readdirSync(join(dist, 'manifests')).find(name => name === 'Job.vault-configuration.yaml') ?? '';
  await kubectl(['apply', '-k', dist]);
  return jobSaid(yaml(readFileSync(join(dist, 'manifests', file), 'utf8')).metadata.name);
}

let first: ReturnType<typeof synth>;
let developer: LoginPod;
let service: LoginPod;

beforeAll(async () => {
  await remove();
  first = synth();
  await aws(['secretsmanager', 'create-secret', '--name', `${namespace}/recovery`]);
  const owner = JSON.stringify({ username: 'postgres', password: ownerPassword });
  await aws(['secretsmanager', 'create-secret', '--name', `${namespace}/orders-master`, '--secret-string', owner]);
  await installation.makeAws(first.vault);
  for (const role of [first.init.role, first.configuration.role]) if (role !== undefined) await installation.makeRole(role);
  for (const [arn, path] of [
    [sso, '/aws-reserved/sso.amazonaws.com/eu-west-1/'],
    [workload, '/'],
  ] as const) {
    const trust = JSON.stringify(
      serviceAccountTrust(
        { ...first.vault.role, serviceAccount: { namespace, name: arn === sso ? 'developer' : 'orders' } } as never,
        issuer,
      ),
    );
    await aws([
      'iam',
      'create-role',
      '--role-name',
      arn.slice(arn.lastIndexOf('/') + 1),
      '--path',
      path,
      '--assume-role-policy-document',
      trust,
    ]);
  }
  await enforceIam();
  await ca.create();
  await installation.makePrerequisites(first.vault, ca);
  await kubectl(['create', 'namespace', databases]);
  await installation.kubectl(['create', 'configmap', 'database-ca', `--from-literal=ca.crt=${ca.certificate}`]);
  await installation.kubectl([
    'create',
    'secret',
    'generic',
    'shop-master',
    '--from-literal=username=root',
    `--from-literal=password=${ownerPassword}`,
  ]);
  for (const server of [postgres, maria]) await server.create(ca);
  await postgres.sql('CREATE DATABASE orders; CREATE ROLE report LOGIN;');
  await postgres.sql(
    `CREATE ROLE orders_readonly; CREATE ROLE orders_readwrite;
CREATE TABLE lines (id int); INSERT INTO lines VALUES (1);
GRANT USAGE ON SCHEMA public TO orders_readonly; GRANT USAGE, CREATE ON SCHEMA public TO orders_readwrite;
GRANT SELECT ON ALL TABLES IN SCHEMA public TO orders_readonly; GRANT SELECT, INSERT ON ALL TABLES IN SCHEMA public TO orders_readwrite;
ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT SELECT ON TABLES TO orders_readonly;`,
    'orders',
  );
  await maria.sql('CREATE DATABASE shop; CREATE TABLE shop.items (id int); INSERT INTO shop.items VALUES (2);');
  const clients = { ...first.vault.clientLabels };
  developer = new LoginPod(installation, 'developer', sso, clients, 'jane@example.com');
  service = new LoginPod(installation, 'orders', workload, clients);
});

afterAll(async () => {
  if (process.env['KEEP'] === undefined) await remove();
  ca.remove();
});

/** A token of an administrator: what the admin path gives the configuration Job. */
async function adminToken(): Promise<string> {
  const { admin } = first.init;
  if (admin === undefined) throw new Error('no admin path');
  const jwt = (await installation.kubectl(['create', 'token', admin.serviceAccount, `--audience=${admin.audience}`])).stdout;
  const login = ['sh', '-c', `exec vault write -field=token auth/${admin.mount}/login role=${admin.role} jwt=-`];
  return (await installation.exec('vault-0', login, { input: jwt })).stdout.trim();
}

interface User {
  readonly username: string;
  readonly password: string;
}

async function userOf(pod: LoginPod, path: string): Promise<User> {
  const { status, stdout, stderr } = await pod.vault('read', '-format=json', path);
  if (status !== 0) throw new Error(stderr);
  return JSON.parse(stdout).data;
}

const exists = async (user: User): Promise<boolean> =>
  (await postgres.sql(`SELECT count(*) FROM pg_roles WHERE rolname = '${user.username}'`)) === '1';

/** Runs the Job of the drift schedule once, and returns what it said and how it ended. */
async function report(name: string): Promise<{ readonly said: string; readonly failed: boolean }> {
  await installation.kubectl(['create', 'job', '--from=cronjob/vault-configuration-drift', name]);
  return eventually('the report to end', 120, async () => {
    const { status } = await installation.get('job', name);
    if (!(status.succeeded > 0 || status.failed > 0)) throw new Error('it runs');
    return { said: (await installation.kubectl(['logs', `job/${name}`])).stdout, failed: status.failed > 0 };
  });
}

test('one apply of server, init and configuration leads from nothing to a Vault that is configured', async () => {
  const start = Date.now();
  const said = await apply(first.dist);
  console.log(`from apply to configured: ${((Date.now() - start) / 1000).toFixed(1)} s\n${said}`);
  expect(said).toMatch(/done: 2\d created, \d changed, \d unchanged, 0 drifted, 0 refused/);
  expect(said).not.toContain(ownerPassword);
  await Promise.all([developer.create(), service.create()]);
});

describe('a developer who has an IAM role of SSO', () => {
  test('logs in, and is known as himself', async () => {
    expect(await developer.login('aws-people', 'developers', serverId)).toMatchObject({ status: 0 });
    const { data } = JSON.parse((await developer.vault('token', 'lookup', '-format=json')).stdout);
    expect(data.display_name).toBe(`aws-people-${namespace}-client-developers/jane@example.com`);
    expect(data.policies).toEqual(['database-orders-readonly', 'database-orders-readwrite', 'database-shop-readonly', 'default']);
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
    const made = await postgres.as(
      user,
      'orders',
      'CREATE TABLE of_today (id int); INSERT INTO of_today VALUES (7); GRANT SELECT ON of_today TO orders_readonly;',
    );
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
    const before = await userOf(service, 'database/static-creds/orders-report');
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
  await installation.applyJobAs(first.dist, 'vault-configuration-again', 'configuration');
  const said = await jobSaid('vault-configuration-again');
  console.log(said);
  expect(said).toMatch(/done: 0 created, 0 changed, \d+ unchanged, 0 drifted, 0 refused, 0 unmanaged, 0 removed/);
  for (const [server, path, database] of [
    [postgres, 'database/creds/orders-readonly', 'orders'],
    [maria, 'database/creds/shop-readonly', 'shop'],
  ] as const)
    expect(await server.as(await userOf(developer, path), database, 'SELECT 1')).toMatchObject({ status: 0 });
  const owner = { username: 'vault', password: ownerPassword };
  expect(await postgres.as(owner, 'orders', 'SELECT 1')).toMatchObject({ status: 2 });
  const token = await adminToken();
  for (const leftover of ['database/config/master-orders', 'database/roles/master-orders', 'database/config/master-shop'])
    expect(await installation.vaultAs(token, 'read', leftover)).toMatchObject({ status: 2 });
});

test('what somebody changed by hand is reported as drift, and brought back by the next apply', async () => {
  expect(await report('nothing')).toMatchObject({ failed: false });
  const token = await adminToken();
  expect(await installation.vaultAs(token, 'write', 'auth/aws/role/orders', 'token_ttl=3h')).toMatchObject({ status: 0 });
  expect(await installation.vaultAs(token, 'delete', 'sys/policies/acl/kv-reader')).toMatchObject({ status: 0 });
  const drift = await report('drift');
  expect(drift.failed).toBe(true);
  expect(drift.said).toContain('configuration: drifted auth/aws/role/orders: left as it is');
  expect(drift.said).toContain('configuration: drifted sys/policies/acl/kv-reader: left as it is');
  expect(drift.said).toMatch(/done: 0 created, 0 changed, \d+ unchanged, 2 drifted/);
  await installation.applyJobAs(first.dist, 'vault-configuration-repair', 'configuration');
  expect(await jobSaid('vault-configuration-repair')).toMatch(/done: 0 created, 0 changed, \d+ unchanged, 2 drifted, 0 refused/);
  expect((await report('repaired')).failed).toBe(false);
});

test('a kv engine where another one is mounted is an error, and nothing is changed', async () => {
  const token = await adminToken();
  expect(await installation.vaultAs(token, 'secrets', 'enable', '-path=taken', 'transit')).toMatchObject({ status: 0 });
  const other = synth({ engines: { taken: { type: 'kv' } }, policies: {} });
  await kubectl(['apply', '-k', other.dist]);
  await eventually('the Job to say so', 60, async () => {
    const newest = await newestJob();
    const { stdout } = await installation.kubectl(['logs', `job/${newest}`]);
    expect(stdout).toContain('nothing was changed: sys/mounts/taken/ is of type transit, not kv');
  });
  await installation.kubectl(['delete', 'job', await newestJob()]);
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
  const said = await apply(synth(left).dist);
  console.log(said);
  expect(said).toMatch(/1 principals left: \d of their tokens revoked/);
  expect(await developer.vault('token', 'lookup')).toMatchObject({ status: 2 });
  await eventually('his user to be gone', 20, async () => expect(await exists(user)).toBe(false));
  expect(await developer.login('aws-people', 'developers', serverId)).toMatchObject({ status: 2 });
  for (const path of ['sys/policies/acl/kv-reader', 'database/roles/shop-readonly', 'database/config/shop'])
    expect(said).toContain(`unmanaged ${path}`);

  const pruned = await apply(synth({ ...left, prune: true }).dist);
  console.log(pruned);
  for (const path of ['sys/policies/acl/kv-reader', 'database/roles/shop-readonly', 'database/config/shop'])
    expect(pruned).toContain(`removed ${path}`);
  expect(pruned).toMatch(/0 refused, 0 unmanaged, 4 removed/);
});
