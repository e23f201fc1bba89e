import { afterAll, beforeAll, expect, jest, test } from '@jest/globals';
import { Custody, type DatabaseProps, VaultConfiguration, type VaultConfigurationProps, VaultInit } from '../../charts';
import { serviceAccountTrust } from '../../charts/aws/iam';
import type { Manifest } from '../support/render';
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
  staticRoles: { report: { username: 'report', rotationPeriod: '1h', users: ['aws/orders'] } },
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
    aws: { type: 'aws', roles: { orders: { boundIamPrincipalArns: [workload] } } },
  },
  databases: [orders, shop],
  engines: { kv: { type: 'kv' } },
  policies: { 'kv-reader': [{ path: 'kv/data/*', capabilities: ['read'] }] },
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

const logs = async (): Promise<string> =>
  (await installation.kubectl(['logs', '-l', 'app.kubernetes.io/component=configuration', '--tail=-1', '--prefix'])).stdout;

/** Applies a dist and waits for the Job that it holds; returns what it said. */
async function apply(dist: string): Promise<string> {
  await kubectl(['apply', '-k', dist]);
  return eventually('the configuration Job to complete', 240, async () => {
    const jobs: Manifest[] = (await installation.get('jobs', '-l', 'app.kubernetes.io/component=configuration')).items;
    const newest = jobs.sort((a, b) => b.metadata.creationTimestamp.localeCompare(a.metadata.creationTimestamp))[0];
    const said =
      newest === undefined
        ? 'no Job'
        : (await installation.kubectl(['logs', `job/${newest.metadata.name}`, '--tail=-1'], { accept: [0, 1] })).stdout;
    if (newest?.status.succeeded !== 1) throw new Error(said);
    return said;
  });
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

test('one apply of server, init and configuration leads to a Vault that hands out users of both databases', async () => {
  const start = Date.now();
  const said = await apply(first.dist);
  console.log(`from apply to configured: ${((Date.now() - start) / 1000).toFixed(1)} s\n${said}`);
  expect(said).toMatch(/done: \d+ created, 0 changed, \d+ unchanged, 0 drifted, 0 refused/);
  await Promise.all([developer.create(), service.create()]);
  console.log(await developer.login('aws-people', 'developers', serverId));
  console.log(await developer.vault('token', 'lookup', '-format=json'));
  console.log(await developer.vault('read', '-format=json', 'database/creds/orders-readonly'));
  console.log(await developer.vault('read', '-format=json', 'database/creds/shop-readonly'));
  console.log(await service.login('aws', 'orders', serverId));
  console.log(await service.vault('read', '-format=json', 'database/creds/orders-readwrite'));
});
