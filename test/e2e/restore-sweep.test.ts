import { afterAll, beforeAll, expect, jest, test } from '@jest/globals';
import { type DatabaseProps, type VaultConfigurationProps, VaultRestore } from '../../charts';
import { aws, kubectl } from './support/cluster';
import { type ConfiguredApp, ConfiguredInstallation } from './support/configuration';
import type { DatabaseServer } from './support/databases';
import { tableOverlay } from './support/restore';
import { eventually } from './support/shell';

jest.setTimeout(10 * 60_000);

let restore: VaultRestore | undefined;
const installation = new ConfiguredInstallation('vault-e2e-sweep', ['postgresql', 'mysql'], (app, vault) => {
  restore = new VaultRestore(app, 'restore', { vault, role: `${installation.namespace}-restore`, backupVault: 'none' });
});
const { namespace } = installation;
const { postgresql: postgres, mysql: maria } = installation.servers;

const common = { ca: { configMap: 'database-ca', key: 'ca.crt' }, database: 'orders' } as const;
const ttl = { users: ['kubernetes/reader'], defaultTtl: '1h', maxTtl: '24h' } as const;
const orders: DatabaseProps = {
  ...common,
  name: 'orders',
  plugin: 'postgresql',
  host: postgres.host,
  master: { secretsManager: installation.secret },
  roles: { readonly: { group: 'orders_readonly', ...ttl } },
  staticRoles: { report: { username: 'report', rotationPeriod: '24h', users: ['kubernetes/reader'] } },
};
const shop: DatabaseProps = {
  ...common,
  name: 'shop',
  plugin: 'mysql',
  host: maria.host,
  master: { kubernetesSecret: 'shop-master' },
  roles: { readonly: { privileges: ['SELECT'], ...ttl } },
};
const props: Omit<VaultConfigurationProps, 'vault' | 'admin'> = {
  auth: {
    kubernetes: {
      type: 'kubernetes',
      roles: { reader: { boundServiceAccountNames: ['reader'], boundServiceAccountNamespaces: [namespace], audience: 'vault' } },
    },
  },
  databases: [orders, shop],
};
let app: ConfiguredApp;

/** Logs in as a client. */
async function reader(): Promise<string> {
  const jwt = (await installation.kubectl(['create', 'token', 'reader', '--audience=vault'])).stdout;
  const command = ['sh', '-c', 'exec vault write -field=token auth/kubernetes/login role=reader jwt=-'];
  return (await installation.exec('vault-0', command, { input: jwt })).stdout.trim();
}
const data = async (token: string, path: string) =>
  JSON.parse((await installation.vault('vault-0', token, ['read', '-format=json', path])).stdout).data;
const admin = async (...args: string[]) => installation.vault('vault-0', await installation.adminToken(), args);
const works = async (server: DatabaseServer, user: { username: string; password: string }): Promise<boolean> =>
  (await server.as(user, 'orders', 'SELECT 1')).status === 0;

beforeAll(async () => {
  app = await installation.prepare(props, async () => {
    if (restore?.role !== undefined) await installation.makeRestoreRole(restore.role);
  });
  await installation.kubectl([
    'create',
    'secret',
    'generic',
    'shop-master',
    '--from-literal=username=root',
    '--from-literal=password=owner-of-a-test',
  ]);
  await postgres.sql('CREATE DATABASE orders; CREATE ROLE report LOGIN; CREATE ROLE orders_readonly;');
  await maria.sql('CREATE DATABASE orders;');
  await installation.apply();
  await installation.kubectl(['create', 'serviceaccount', 'reader']);
});

afterAll(() => installation.remove());

test('after a restore the sweep of docs/restore.md makes databases and tokens what Vault thinks they are', async () => {
  const leaver = await reader();
  const kept = { token: await reader(), user: await data(leaver, 'database/creds/orders-readonly') };
  await aws(['dynamodb', 'create-backup', '--table-name', namespace, '--backup-name', 'nightly']);
  const backedUp = Math.floor(Date.now() / 1000);

  // what the backup does not know: rotated passwords, users of later, a token that was revoked
  await admin('write', '-f', 'database/rotate-root/orders');
  await admin('write', '-f', 'database/rotate-root/shop');
  await admin('write', '-f', 'database/rotate-role/orders-report');
  const later = await reader();
  const [first, second] = [await data(later, 'database/creds/orders-readonly'), await data(later, 'database/creds/shop-readonly')];
  await installation.vault('vault-0', leaver, ['token', 'revoke', '-self']);

  // the restore, into another table
  await installation.kubectl(['scale', 'statefulset', 'vault', '--replicas=0']);
  await installation.startFrom('vault-restore', 'sweep', { NEW_TABLE: `${namespace}-restored-sweep` });
  expect((await installation.ended('sweep')).failed).toBe(false);
  await eventually('the server to be gone', 120, async () => expect(await installation.pods()).toEqual([]));
  await installation.useTable(`${namespace}-restored-sweep`, app.vault);
  await kubectl(['apply', '-k', tableOverlay(installation.folder, `${namespace}-restored-sweep`)]);
  await installation.settled(1);

  // it is as bad as the page says
  expect((await installation.vaultAs(leaver, 'token', 'lookup')).status).toBe(0);
  expect((await installation.vaultAs(kept.token, 'read', 'database/creds/orders-readonly')).status).not.toBe(0);
  expect(await works(postgres, await data(kept.token, 'database/static-creds/orders-report'))).toBe(false);
  expect([await works(postgres, first), await works(maria, second)]).toEqual([true, true]);

  // the sweep
  for (const name of ['orders', 'shop']) await admin('delete', `database/config/${name}`);
  await installation.applyAgain('sweep-configuration');
  await admin('write', '-f', 'database/rotate-role/orders-report');
  await admin('lease', 'revoke', '-prefix', 'auth/kubernetes/');
  const isLater = (name: string): boolean => name.startsWith('v-') && Number(/\d{10}$/.exec(name)?.[0] ?? 0) > backedUp;
  const roles = (await postgres.sql("SELECT rolname FROM pg_roles WHERE rolname LIKE 'v-%'")).split('\n').filter(isLater);
  for (const role of roles)
    await postgres.sql(`REASSIGN OWNED BY "${role}" TO orders_readonly; DROP OWNED BY "${role}"; DROP ROLE "${role}";`, 'orders');
  const users = (await maria.sql("SELECT user FROM mysql.user WHERE user LIKE 'v-%'")).split('\n').filter(isLater);
  for (const user of users) await maria.sql(`DROP USER '${user}'@'%';`);
  console.log(`swept: ${roles.join()} of PostgreSQL, ${users.join()} of MySQL`);

  expect([await works(postgres, first), await works(maria, second)]).toEqual([false, false]);
  expect((await installation.vaultAs(leaver, 'token', 'lookup')).status).not.toBe(0);
  const token = await reader();
  expect(await works(postgres, await data(token, 'database/creds/orders-readonly'))).toBe(true);
  expect(await works(maria, await data(token, 'database/creds/shop-readonly'))).toBe(true);
  expect(await works(postgres, await data(token, 'database/static-creds/orders-report'))).toBe(true);
});
