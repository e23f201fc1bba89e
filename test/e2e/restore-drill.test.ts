import { afterAll, beforeAll, describe, expect, jest, test } from '@jest/globals';
import { type DatabaseProps, type VaultConfigurationProps, VaultRestoreDrill } from '../../charts';
import { aws, type Ended } from './support/cluster';
import { ConfiguredInstallation } from './support/configuration';
import { eventually, sleep } from './support/shell';

jest.setTimeout(10 * 60_000);

let drill: VaultRestoreDrill | undefined;
const installation = new ConfiguredInstallation('vault-e2e-drill', ['postgresql'], (app, vault) => {
  drill = new VaultRestoreDrill(app, 'drill', {
    vault,
    databases: [{ host: installation.servers.postgresql.host, port: 5432 }],
    canary: 'kv/data/canary',
    backupVault: 'none',
    role: `${installation.namespace}-drill`,
    serverRole: `${installation.namespace}-drill-server`,
  });
});
const { namespace } = installation;
const { postgresql: postgres } = installation.servers;
const scratch = `${namespace}-drill-scratch`;

const orders = (rotationPeriod: string): DatabaseProps => ({
  name: 'orders',
  plugin: 'postgresql',
  host: postgres.host,
  database: 'orders',
  ca: { configMap: 'database-ca', key: 'ca.crt' },
  master: { secretsManager: installation.secret },
  roles: { readonly: { group: 'orders_readonly', users: ['kubernetes/reader'], defaultTtl: '45s', maxTtl: '24h' } },
  staticRoles: { report: { username: 'report', rotationPeriod, users: ['kubernetes/reader'] } },
});
const login = (name: string) => ({ boundServiceAccountNames: [name], boundServiceAccountNamespaces: [namespace], audience: 'vault' });
const props = (rotationPeriod: string): Omit<VaultConfigurationProps, 'vault' | 'admin'> => ({
  auth: {
    kubernetes: {
      type: 'kubernetes',
      roles: { 'vault-drill': { ...login('vault-drill'), tokenPolicies: ['vault-drill'] }, reader: login('reader') },
    },
  },
  databases: [orders(rotationPeriod)],
  engines: { kv: { type: 'kv' } },
  policies: { 'vault-drill': [{ path: 'kv/data/canary', capabilities: ['read'] }] },
  raw: [{ path: 'kv/data/canary', body: { data: { word: 'alive-and-well' } } }],
});

interface Lease {
  readonly lease_id: string;
  readonly data: { readonly username: string; readonly password: string };
}
let token: string;
let lease: Lease;

/** A call of Vault with the token of a client. */
const vault = async (...args: string[]) => (await installation.vaultAs(token, ...args)).stdout;
const report = async () => JSON.parse(await vault('read', '-format=json', 'database/static-creds/orders-report')).data;
const hash = () => postgres.sql("SELECT rolpassword FROM pg_authid WHERE rolname = 'report'");
const exists = async (name: string) => (await postgres.sql(`SELECT count(*) FROM pg_roles WHERE rolname = '${name}'`)) === '1';

async function run(name: string): Promise<Ended> {
  await installation.startFrom('vault-drill', name);
  const ended = await installation.ended(name);
  console.log(ended.said);
  return ended;
}

async function nothingLeft(): Promise<void> {
  expect(JSON.parse(await aws(['dynamodb', 'list-tables'])).TableNames).not.toContain(scratch);
  expect((await installation.get('pods', '-l', 'app.kubernetes.io/component=drill-server')).items).toEqual([]);
}

beforeAll(async () => {
  await installation.prepare(props('20s'), async () => {
    for (const role of [drill?.role, drill?.serverRole]) if (role !== undefined) await installation.makeRole(role);
  });
  await postgres.sql('CREATE DATABASE orders; CREATE ROLE report LOGIN; CREATE ROLE orders_readonly;');
  await installation.apply();
  await installation.kubectl(['create', 'serviceaccount', 'reader']);
  const jwt = (await installation.kubectl(['create', 'token', 'reader', '--audience=vault'])).stdout;
  const asReader = ['sh', '-c', 'exec vault write -field=token auth/kubernetes/login role=reader jwt=-'];
  token = (await installation.exec('vault-0', asReader, { input: jwt })).stdout.trim();
});

afterAll(() => installation.remove());

test('without a backup it fails, and leaves nothing behind', async () => {
  const { failed, said } = await run('early');
  expect([failed, said]).toEqual([true, expect.stringContaining(`there is no backup of table ${namespace} that is complete`)]);
  await nothingLeft();
});

describe('with a backup in which a lease is about to end and a static role is due', () => {
  beforeAll(async () => {
    lease = JSON.parse(await vault('read', '-format=json', 'database/creds/orders-readonly'));
    await aws(['dynamodb', 'create-backup', '--table-name', namespace, '--backup-name', 'nightly']);
    // what production does afterwards: the lease lives on, and the static role is not due for a day
    await vault('lease', 'renew', '-increment=3600', lease.lease_id);
    installation.synthConfigured(props('24h'));
    await installation.apply();
    await sleep(60_000);
  });

  test('it passes: the copy is unsealed, is the same cluster, and lets the drill read its canary', async () => {
    const before = await hash();
    const start = Date.now();
    const { failed, said } = await run('passes');
    console.log(`a drill: ${((Date.now() - start) / 1000).toFixed(0)} s`);
    expect([failed, said]).toEqual([false, expect.stringMatching(/passed: arn:aws:dynamodb:\S+ of \S+ is a Vault that is alive/)]);
    await nothingLeft();

    // untouched by the copy, in which both were over
    expect(await exists(lease.data.username)).toBe(true);
    expect((await postgres.as(lease.data, 'orders', 'SELECT 1')).stdout.trim()).toBe('1');
    expect(await hash()).toBe(before);
    expect((await postgres.as(await report(), 'orders', 'SELECT 1')).stdout.trim()).toBe('1');
  });

  test('where policies are not enforced it refuses, and Vault is not started', async () => {
    await installation.kubectl(['delete', 'networkpolicy', 'vault-drill-server']);
    const { failed, said } = await run('unguarded');
    expect([failed, said]).toEqual([
      true,
      expect.stringMatching(/this pod reaches the database at \S+:5432: NetworkPolicies are not enforced here/),
    ]);
    await nothingLeft();
    expect(await exists(lease.data.username)).toBe(true);
  });

  test('killed in the middle, the next one cleans up and passes', async () => {
    await installation.apply();
    await installation.startFrom('vault-drill', 'killed');
    await eventually('the scratch table', 120, async () => {
      expect(JSON.parse(await aws(['dynamodb', 'list-tables'])).TableNames).toContain(scratch);
    });
    await installation.kubectl(['delete', 'job', 'killed', '--cascade=foreground', '--grace-period=0', '--force']);
    const { failed, said } = await run('after');
    expect([failed, said]).toEqual([false, expect.stringContaining('is a Vault that is alive')]);
    await nothingLeft();
    expect(await exists(lease.data.username)).toBe(true);
  });
});
