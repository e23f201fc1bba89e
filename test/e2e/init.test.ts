import { afterAll, beforeAll, expect, jest, test } from '@jest/globals';
import { Custody, VaultInit, type VaultServer } from '../../charts';
import type { Manifest } from '../support/render';
import { TestCa } from './support/certificates';
import { aws, enforceIam, Installation, kubectl } from './support/cluster';
import { eventually } from './support/shell';

jest.setTimeout(5 * 60_000);

const installation = new Installation('vault-e2e-init');
const secret = `${installation.namespace}/recovery`;
let vault: VaultServer;
let init: VaultInit;
let dist: string;

const custody = async (): Promise<Manifest> =>
  JSON.parse(await aws(['secretsmanager', 'get-secret-value', '--secret-id', secret, '--query', 'SecretString', '--output', 'text']));
const jobLog = async () =>
  (await installation.kubectl(['logs', '-l', 'app.kubernetes.io/component=init', '--tail=-1', '--prefix=false'])).stdout;
const complete = () =>
  eventually('the Job to complete', 180, async () => {
    const jobs = await installation.get('jobs');
    if (!jobs.items.every((job: Manifest) => job.status.succeeded === 1)) throw new Error(await jobLog());
  });

beforeAll(async () => {
  await installation.remove();
  ({ vault, dist } = installation.synth({}, (app, server) => {
    init = new VaultInit(app, 'init', { vault: server, custody: Custody.secretsManager(secret), role: `${installation.namespace}-init` });
  }));
  await installation.makeAws(vault);
  if (init.role !== undefined) await installation.makeRole(init.role);
  await aws(['secretsmanager', 'create-secret', '--name', secret]);
  await enforceIam();
  const ca = new TestCa();
  await ca.create();
  await installation.makePrerequisites(vault, ca);
});

afterAll(() => installation.remove());

test('from apply to three ready servers, keys in custody and the root token dead', async () => {
  const start = Date.now();
  await kubectl(['apply', '-k', dist]);
  await complete();
  await installation.settled(3);
  console.log(`from apply to ready, keys in custody, root dead: ${((Date.now() - start) / 1000).toFixed(1)} s`);
  const kept = await custody();
  expect(kept.recovery_keys).toHaveLength(1);
  const lookup = ['sh', '-c', 'read -r VAULT_TOKEN; export VAULT_TOKEN; exec vault token lookup'];
  expect((await installation.exec('vault-0', lookup, { input: `${kept.root_token}\n`, accept: [2] })).stderr).toMatch(
    /permission denied|invalid token/,
  );
  const log = await jobLog();
  console.log(log);
  for (const value of [kept.root_token, ...kept.recovery_keys, ...kept.recovery_keys_base64]) expect(log).not.toContain(value);
});
