import { afterAll, beforeAll, expect, jest, test } from '@jest/globals';
import type { DatabaseProps } from '../../charts';
import { ConfiguredInstallation } from './support/configuration';

jest.setTimeout(10 * 60_000);

const count = 60;
const installation = new ConfiguredInstallation('vault-e2e-many', ['postgresql']);
const { postgresql } = installation.servers;

const database = (index: number): DatabaseProps => ({
  name: `db${index}`,
  plugin: 'postgresql',
  host: postgresql.host,
  database: `db${index}`,
  ca: { configMap: 'database-ca', key: 'ca.crt' },
  master: { secretsManager: installation.secret },
  // a user of Vault's own in each: on one server, they would take each other's password
  user: `vault_db${index}`,
  maxOpenConnections: 1,
  roles: Object.fromEntries(
    ['readonly', 'readwrite', 'admin'].map(role => [role, { group: `db${index}_${role}`, users: ['kubernetes/developers'] }]),
  ),
});

beforeAll(async () => {
  await installation.prepare({
    auth: {
      kubernetes: {
        type: 'kubernetes',
        roles: { developers: { boundServiceAccountNames: ['developers'], boundServiceAccountNamespaces: ['*'], audience: 'vault' } },
      },
    },
    databases: Array.from({ length: count }, (_, index) => database(index)),
  });
  const names = Array.from({ length: count }, (_, index) => `db${index}`);
  await postgresql.sql(names.map(name => `CREATE DATABASE ${name};`).join('\n'));
  await postgresql.sql(names.flatMap(name => ['readonly', 'readwrite', 'admin'].map(role => `CREATE ROLE ${name}_${role};`)).join('\n'));
});

afterAll(() => installation.remove());

test(`${count} connections with three roles each: the first run, and one that finds all as it is`, async () => {
  const first = await installation.apply();
  expect(first).toMatch(/ 0 refused, 0 unmanaged/);
  const firstJob = await installation.newestJob();
  const again = await installation.applyAgain('again');
  expect(again).toMatch(/done: 0 created, 0 changed, \d{3} unchanged, 0 drifted, 0 refused/);
  for (const [what, job] of [
    ['first', firstJob],
    ['again', 'again'],
  ] as const) {
    const { startTime, completionTime } = (await installation.get('job', job)).status;
    console.log(`${what}: ${(Date.parse(completionTime) - Date.parse(startTime)) / 1000} s from the Job's start to its completion`);
  }
  console.log(`the ConfigMaps: ${installation.configMapSizes().join(', ')} bytes`);
});
