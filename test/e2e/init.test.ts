import { afterAll, beforeAll, expect, jest, test } from '@jest/globals';
import type { Manifest } from '../support/render';
import { AwsPod } from './support/aws-pod';
import { TestCa } from './support/certificates';
import { aws, enforceIam, Installation, kubectl } from './support/cluster';
import { prepareInit, synthInitWithRole } from './support/init';

jest.setTimeout(5 * 60_000);

const installation = new Installation('vault-e2e-init');
const secret = `${installation.namespace}/recovery`;
const ca = new TestCa();
let app: ReturnType<typeof synthInitWithRole>;

const custody = async (): Promise<Manifest> =>
  JSON.parse(await aws(['secretsmanager', 'get-secret-value', '--secret-id', secret, '--query', 'SecretString', '--output', 'text']));

beforeAll(async () => {
  await installation.remove();
  app = synthInitWithRole(installation, secret, {});
  await aws(['secretsmanager', 'create-secret', '--name', secret]);
  await enforceIam();
  await ca.create();
  await prepareInit(installation, ca, app);
});

afterAll(async () => {
  await installation.remove();
  ca.remove();
});

/** Where the time goes: what the Job said and when its container and the servers came up, in seconds after the apply. The API server's times are whole seconds. */
async function timeline(start: number): Promise<string> {
  const events: [Date, string][] = [];
  for (const line of (await installation.initLogs('--timestamps')).trim().split('\n')) {
    const [time = '', ...said] = line.split(' ');
    events.push([new Date(time), said.join(' ')]);
  }
  for (const { metadata, status } of (await installation.get('pods')).items) {
    const { state, name } = status.containerStatuses.find((container: Manifest) => ['vault', 'init'].includes(container.name));
    events.push([new Date((state.running ?? state.terminated).startedAt), `[${metadata.name}: container ${name} started]`]);
    for (const { type, lastTransitionTime } of status.conditions)
      if (['PodScheduled', 'Ready'].includes(type) && name === 'vault')
        events.push([new Date(lastTransitionTime), `[${metadata.name}: ${type}]`]);
  }
  const seconds = (time: Date) => ((time.getTime() - start) / 1000).toFixed(1).padStart(5);
  return events
    .sort(([a], [b]) => a.getTime() - b.getTime())
    .map(([time, what]) => `${seconds(time)} s  ${what}`)
    .join('\n');
}

test('from apply to three ready servers, keys in custody and the root token dead', async () => {
  const start = Date.now();
  await kubectl(['apply', '-k', app.dist]);
  await installation.jobsComplete(1);
  await installation.settled(3);
  console.log(`from apply to ready, keys in custody, root dead: ${((Date.now() - start) / 1000).toFixed(1)} s`);
  console.log(await timeline(start));
  const kept = await custody();
  expect(kept).toEqual({ recovery_keys_base64: [expect.any(String)], root_token: expect.any(String) });
  expect(await installation.vaultAs(kept.root_token, 'token', 'lookup')).toMatchObject({
    status: 2,
    stderr: expect.stringMatching(/permission denied|invalid token/),
  });
  const log = await installation.initLogs();
  for (const value of [kept.root_token, ...kept.recovery_keys_base64]) expect(log).not.toContain(value);
});

test('the configuration Job’s ServiceAccount gets in and administers; a secret it reaches only by a policy that it writes', async () => {
  if (app.init.admin === undefined) throw new Error('no admin path');
  await installation.kubectl(['create', 'serviceaccount', app.init.admin.serviceAccount]);
  const jwt = (await installation.kubectl(['create', 'token', app.init.admin.serviceAccount, `--audience=${app.init.admin.audience}`]))
    .stdout;
  const login = ['sh', '-c', `exec vault write -field=token auth/${app.init.admin.mount}/login role=${app.init.admin.role} jwt=-`];
  const token = (await installation.exec('vault-0', login, { input: jwt })).stdout.trim();
  expect(await installation.vaultAs(token, 'secrets', 'enable', '-path=kv', 'kv')).toMatchObject({ status: 0 });
  const read = () => installation.vaultAs(token, 'read', 'kv/config');
  expect(await read()).toMatchObject({ status: 2, stderr: expect.stringContaining('permission denied') });
  const policy = 'policy=path "kv/*" { capabilities = ["read"] }';
  expect(await installation.vaultAs(token, 'write', `sys/policies/acl/${app.vault.name}-configuration`, policy)).toMatchObject({
    status: 0,
  });
  // the token that is there has it at once: policies are looked up by name at each request
  expect(await read()).toMatchObject({ status: 2, stderr: expect.stringContaining('No value found') });
});

test('applied again nothing runs; a changed Job finds that all is done', async () => {
  const before = await custody();
  await kubectl(['apply', '-k', app.dist]);
  await installation.applyJobAs(app.dist, 'vault-init-changed');
  await installation.jobsComplete(2);
  expect(await custody()).toEqual(before);
  expect(await installation.initLogs()).toMatch(/Vault initialised: yes; keys in custody: all/);
});

test('a recovery key from custody generates a root token', async () => {
  const { recovery_keys_base64: keys } = await custody();
  const token = await installation.generateRoot(keys[0]);
  expect((await installation.vaultAs(token, 'token', 'lookup', '-format=json')).stdout).toContain('"root"');
  expect(await installation.vaultAs(token, 'token', 'revoke', '-self')).toMatchObject({ status: 0 });
});

test('the Job’s role cannot read the keys back, and the servers’ role cannot reach them at all', async () => {
  const describe = ['secretsmanager', 'describe-secret', '--secret-id', secret];
  const read = ['secretsmanager', 'get-secret-value', '--secret-id', secret];
  const job = new AwsPod(installation, `${app.vault.name}-init`);
  const server = new AwsPod(installation, app.vault.serviceAccountName);
  await Promise.all([job.create(), server.create()]);
  await job.allowed(...describe);
  await job.denied(...read);
  await server.denied(...describe);
  await server.denied(...read);
});
