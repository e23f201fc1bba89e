import { afterAll, beforeAll, expect, jest, test } from '@jest/globals';
import { FakeVault } from '../support/fakes/fake-vault';
import { eventually, RealVault } from './real-vault';
import { type Answered, ask, HttpsServer } from './support';

jest.setTimeout(60_000);

/** A token as Kubernetes signs them, of a ServiceAccount that may log in. */
function serviceAccountToken(): string {
  const part = (content: object) => Buffer.from(JSON.stringify(content)).toString('base64url');
  const claims = {
    aud: ['vault'],
    exp: 4e9,
    iat: 1,
    nbf: 1,
    sub: 'system:serviceaccount:b:a',
    'kubernetes.io': { namespace: 'b', serviceaccount: { name: 'a', uid: 'u' } },
  };
  return `${part({ alg: 'RS256' })}.${part(claims)}.${Buffer.from('signature').toString('base64url')}`;
}

/** Everything that the init program asks of a Vault, in every state in which it may ask, and what it is answered. */
async function conversation(
  address: string,
  certificate: string,
  addToken: (name: string, policies: readonly string[], root: string) => Promise<string>,
) {
  const server = new HttpsServer(address, certificate);
  const answers: Record<string, Answered> = {};
  const say = async (
    what: string,
    method: string,
    path: string,
    call: { token?: string; body?: unknown } = {},
    fields?: (body: never) => unknown,
  ) => {
    const { status, body } = await ask(server, method, `/v1/${path}`, {
      ...(call.token === undefined ? {} : { headers: { 'x-vault-token': call.token } }),
      ...(call.body === undefined ? {} : { body: call.body }),
    });
    answers[what] = {
      status,
      ...(body?.errors === undefined ? {} : { words: body.errors }),
      ...(fields === undefined ? {} : { fields: fields(body as never) }),
    };
    return body;
  };
  const initialise = { body: { recovery_shares: 1, recovery_threshold: 1 } };
  const state = ({ initialized }: { initialized: boolean }) => initialized;
  await say('not initialised', 'GET', 'sys/init', {}, state);
  await say('health, not initialised', 'GET', 'sys/health?standbyok=true');
  const { root_token: root } = await say('initialise', 'PUT', 'sys/init', initialise, (body: object) => Object.keys(body).sort());
  await say('initialise again', 'PUT', 'sys/init', initialise);
  await say('initialised', 'GET', 'sys/init', {}, state);
  await eventually(async () => {
    const { status } = await ask(server, 'GET', '/v1/sys/health?standbyok=true');
    if (status !== 200) throw new Error(`health ${status}`);
  });
  await say('health', 'GET', 'sys/health?standbyok=true');
  const login = { body: { role: 'vault-init', jwt: 'a.b.c' } };
  await say('login where the method is not mounted', 'PUT', 'auth/kubernetes/login', login);
  await say('look up oneself, dead', 'GET', 'auth/token/lookup-self', { token: 'hvs.dead' });
  const facts = ({ data }: { data: Record<string, unknown> }) => [data['policies'], typeof data['accessor'], typeof data['creation_time']];
  await say('look up oneself, root', 'GET', 'auth/token/lookup-self', { token: root }, facts);
  await say('auth methods', 'GET', 'sys/auth', { token: root }, ({ data }: { data: object }) => Object.keys(data));
  const enable = { token: root, body: { type: 'kubernetes' } };
  await say('enable', 'PUT', 'sys/auth/kubernetes', enable);
  await say('enable again', 'PUT', 'sys/auth/kubernetes', enable);
  const audit = { token: root, body: { type: 'file', options: { file_path: 'stdout' } } };
  await say('audit', 'PUT', 'sys/audit/stdout', audit);
  await say('audit again', 'PUT', 'sys/audit/stdout', audit);
  await say('audit devices', 'GET', 'sys/audit', { token: root }, ({ data }: { data: object }) => Object.keys(data));
  await say('write a policy', 'PUT', 'sys/policies/acl/vault-init', {
    token: root,
    body: {
      policy:
        'path "auth/token/accessors" { capabilities = ["list", "sudo"] }\npath "auth/token/lookup-accessor" { capabilities = ["update"] }\npath "auth/token/revoke-accessor" { capabilities = ["update"] }',
    },
  });
  await say('configure', 'PUT', 'auth/kubernetes/config', {
    token: root,
    body: { kubernetes_host: 'https://127.0.0.1:1', disable_local_ca_jwt: true },
  });
  await say('login with a role that is not there', 'PUT', 'auth/kubernetes/login', login);
  await say('write a role', 'PUT', 'auth/kubernetes/role/vault-init', {
    token: root,
    body: {
      audience: 'vault',
      bound_service_account_names: ['a'],
      bound_service_account_namespaces: ['b'],
      token_policies: ['vault-init'],
    },
  });
  await say('login that does not verify, or that no API server confirms', 'PUT', 'auth/kubernetes/login', {
    body: { role: 'vault-init', jwt: serviceAccountToken() },
  });
  const sweeper = await addToken('sweeper', ['vault-init'], root);
  const other = await addToken('other', ['default'], root);
  const { data: looked } = await say('look up oneself, no root', 'GET', 'auth/token/lookup-self', { token: other }, (body: never) =>
    facts(body).slice(1),
  );
  const accessor = looked.accessor;
  const list = 'auth/token/accessors?list=true';
  await say('list tokens', 'GET', list, { token: sweeper }, ({ data }: { data: { keys: string[] } }) => data.keys.length);
  await say('list tokens without the right', 'GET', list, { token: other });
  await say('list tokens with a dead token', 'GET', list, { token: 'hvs.dead' });
  for (const path of ['lookup-accessor', 'revoke-accessor']) {
    await say(`${path} with a dead token`, 'PUT', `auth/token/${path}`, { token: 'hvs.dead', body: { accessor } });
    await say(`${path} without the right`, 'PUT', `auth/token/${path}`, { token: other, body: { accessor } });
  }
  await say('lookup-accessor', 'PUT', 'auth/token/lookup-accessor', { token: sweeper, body: { accessor } }, (body: never) =>
    facts(body).slice(1),
  );
  await say('revoke-accessor', 'PUT', 'auth/token/revoke-accessor', { token: sweeper, body: { accessor } });
  for (const path of ['lookup-accessor', 'revoke-accessor'])
    await say(`${path} of one that is gone`, 'PUT', `auth/token/${path}`, { token: sweeper, body: { accessor } });
  await say('revoke oneself', 'PUT', 'auth/token/revoke-self', { token: root });
  await say('revoke oneself, dead', 'PUT', 'auth/token/revoke-self', { token: root });
  return answers;
}

const real = new RealVault();
const fake = new FakeVault();
beforeAll(async () => {
  await Promise.all([real.start(), fake.listen()]);
});
afterAll(() => {
  real.stop();
  fake.close();
});

test('the fake answers as a real Vault does', async () => {
  const invented = await conversation(fake.address, fake.certificate, async (name, policies) => {
    fake.addToken(`hvs.${name}`, policies);
    return `hvs.${name}`;
  });
  const truth = await conversation(real.address, real.certificate, async (_, policies, root) => {
    const server = new HttpsServer(real.address, real.certificate);
    const { body } = await ask(server, 'POST', '/v1/auth/token/create', { headers: { 'x-vault-token': root }, body: { policies } });
    return body.auth.client_token;
  });
  expect(invented).toEqual(truth);
});
