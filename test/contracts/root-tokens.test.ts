import { afterAll, beforeAll, expect, jest, test } from '@jest/globals';
import { Stop } from '../../charts/app/jobs/runtime/stop.mts';
import { Vault } from '../../charts/app/jobs/runtime/vault.mts';
import { Waiter } from '../../charts/app/jobs/runtime/wait.mts';
import { sourceFile } from '../../charts/app/kustomize/source-file';
import { RootTokens } from '../../charts/init/program/root-tokens.mts';
import { eventually, RealVault } from './real-vault';
import { ask, HttpsServer } from './support';

jest.setTimeout(120_000);

const real = new RealVault();
let server: HttpsServer;
beforeAll(async () => {
  await real.start();
  server = new HttpsServer(real.address, real.certificate);
});
afterAll(() => real.stop());

test('155 tokens, 5 of them root, while others come and go, by a token that dies after 3 s each time', async () => {
  const { body: answer } = await ask(server, 'PUT', '/v1/sys/init', { body: { recovery_shares: 1, recovery_threshold: 1 } });
  const headers = { 'x-vault-token': answer.root_token };
  await eventually(async () => {
    const { status } = await ask(server, 'GET', '/v1/sys/health');
    if (status !== 200) throw new Error(`health ${status}`);
  });
  await ask(server, 'PUT', '/v1/sys/policies/acl/vault-init', { headers, body: { policy: sourceFile('init/init.hcl') } });
  const create = async (body: object): Promise<string> =>
    (await ask(server, 'POST', '/v1/auth/token/create-orphan', { headers, body })).body.auth.client_token;
  // a maker that outlives the root tokens, as auth methods do
  const policy = 'path "auth/token/create-orphan" { capabilities = ["update", "sudo"] }';
  await ask(server, 'PUT', '/v1/sys/policies/acl/maker', { headers, body: { policy } });
  const maker = { 'x-vault-token': await create({ policies: ['maker', 'vault-init'] }) };
  for (let index = 0; index < 149; index++) await create({ policies: ['default'] });
  const roots = [answer.root_token];
  // root's own children: Vault gives root tokens to root tokens alone
  for (let index = 0; index < 4; index++)
    roots.push(
      (await ask(server, 'POST', '/v1/auth/token/create', { headers, body: { policies: ['root'], no_parent: true } })).body.auth
        .client_token,
    );
  let logins = 0;
  const login = async (): Promise<string> => {
    logins += 1;
    const made = await ask(server, 'POST', '/v1/auth/token/create-orphan', {
      headers: maker,
      body: { policies: ['vault-init'], ttl: '3s', explicit_max_ttl: '3s' },
    });
    return made.body.auth.client_token;
  };
  const lines: string[] = [];
  const stop = new Stop(line => lines.push(line));
  const vault = new Vault(real.address, real.certificate, stop);
  // slow enough to outlive its tokens, and busy meanwhile
  const slow = vault.call.bind(vault);
  let calls = 0;
  vault.call = async (...args) => {
    calls += 1;
    if (calls % 10 === 0)
      await ask(server, 'POST', '/v1/auth/token/create-orphan', { headers: maker, body: { policies: ['default'], ttl: '1s' } });
    await new Promise(resolve => setTimeout(resolve, 50));
    return slow(...args);
  };
  const start = Date.now();
  await new RootTokens(vault, new Waiter(line => lines.push(line), stop), line => lines.push(line), login).revokeAll();
  console.log(`${calls} calls, ${logins} logins, ${((Date.now() - start) / 1000).toFixed(1)} s`);
  expect(logins).toBeGreaterThan(2);
  expect(lines.filter(line => line.startsWith('revoked the root token with accessor'))).toHaveLength(5);
  for (const root of roots) {
    const { status } = await ask(server, 'GET', '/v1/auth/token/lookup-self', { headers: { 'x-vault-token': root } });
    expect(status).toBe(403);
  }
});
