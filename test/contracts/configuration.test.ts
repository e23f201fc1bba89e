import { createSign, generateKeyPairSync } from 'node:crypto';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, jest, test } from '@jest/globals';
import type { VaultConfigurationProps } from '../../charts';
import { adminPolicy } from '../../charts/app/jobs/admin-path';
import { everyConfigurationProp } from '../configuration/all-props';
import { ConfigurationPod } from '../configuration/program/configuration-pod';
import { eventually, RealVault } from './real-vault';
import { ask, HttpsServer } from './support';

jest.setTimeout(120_000);

/** Everything but databases and what has none: the machine of this test runs no such server, and has no audit volume. */
const props: Omit<VaultConfigurationProps, 'vault'> = {
  ...everyConfigurationProp,
  admin: { mount: 'ci', role: 'vault-admin', serviceAccount: 'vault-configuration', audience: 'vault' },
  databases: [],
  audit: { stdout: { filePath: 'stdout' } },
  raw: [
    { path: 'sys/quotas/rate-limit/everybody', body: { rate: 500, interval: 1 } },
    {
      path: 'auth/jwt/role/reader',
      body: { role_type: 'jwt', user_claim: 'sub', bound_audiences: ['vault'] },
      secrets: { bound_subject: { ssm: '/subject' } },
    },
  ],
  prune: false,
};

const real = new RealVault();
const { publicKey, privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
let root: string;
let server: HttpsServer;
let pod: ConfigurationPod;

/** A token as an issuer signs them whose key Vault knows. */
function jwt(): string {
  const part = (content: object) => Buffer.from(JSON.stringify(content)).toString('base64url');
  const now = Math.floor(Date.now() / 1000);
  const signed = `${part({ alg: 'RS256' })}.${part({ sub: 'configuration', aud: 'vault', iat: now, exp: now + 3600 })}`;
  return `${signed}.${createSign('RSA-SHA256').update(signed).sign(privateKey, 'base64url')}`;
}

async function write(path: string, body: object, method = 'PUT'): Promise<void> {
  const answer = await ask(server, method, `/v1/${path}`, { headers: { 'x-vault-token': root }, body });
  if (answer.status >= 300) throw new Error(`${path}: ${answer.status} ${JSON.stringify(answer.body)}`);
}

beforeAll(async () => {
  await real.start();
  server = new HttpsServer(real.address, real.certificate);
  root = (await ask(server, 'PUT', '/v1/sys/init', { body: { recovery_shares: 1, recovery_threshold: 1 } })).body.root_token;
  await eventually(async () => {
    if ((await ask(server, 'GET', '/v1/sys/health')).status !== 200) throw new Error('sealed');
  });
  await write('sys/auth/ci', { type: 'jwt' });
  await write('auth/ci/config', { jwt_validation_pubkeys: [publicKey.export({ type: 'spki', format: 'pem' })] });
  const role = {
    role_type: 'jwt',
    user_claim: 'sub',
    bound_audiences: ['vault'],
    token_policies: ['vault-admin', 'vault-configuration'],
    token_ttl: '10m',
  };
  await write('auth/ci/role/vault-admin', role);
  // what the init Job writes
  await write('sys/policies/acl/vault-admin', { policy: adminPolicy() });
});

afterAll(() => real.stop());

beforeEach(async () => {
  pod = await ConfigurationPod.create(props);
  pod.env['VAULT_ADDR'] = real.address;
  pod.mount('tls/ca.crt', real.certificate);
  pod.mount('var/run/secrets/vault/token', jwt());
  pod.aws.readable.set('/subject', { text: 'somebody', version: 1 });
});

afterEach(() => pod.remove());

const verdicts = (lines: readonly string[]) => lines.filter(line => /^(created|changed|drifted|refused|unmanaged) /.test(line));

describe('what the chart renders, in a real Vault', () => {
  test('is taken as a whole, and a second run changes nothing', async () => {
    const first = await pod.run();
    expect([first.status, verdicts(first.lines).filter(line => /^(drifted|refused|unmanaged)/.test(line))]).toEqual([0, []]);
    expect(verdicts((await pod.run()).lines)).toEqual([]);
  });

  test('is known again when somebody has changed it', async () => {
    await write('auth/aws-people/role/developers', { token_ttl: '10m' });
    await write('sys/auth/kubernetes/tune', { default_lease_ttl: '2h' });
    await write('kv/config', { max_versions: 99 });
    await write('identity/group/name/platform', { policies: ['root-like'] });
    await write('sys/policies/password/long', { policy: 'length = 8\nrule "charset" {\n  charset = "ab"\n}\n' });
    await write('sys/policies/acl/reader', {}, 'DELETE');
    const drifted = [
      'sys/auth/kubernetes/tune',
      'kv/config',
      'sys/policies/password/long',
      'identity/group/name/platform',
      'sys/policies/acl/reader',
    ];
    expect(verdicts((await pod.run()).lines)).toEqual([...drifted, 'auth/aws-people/role/developers'].map(path => `drifted ${path}`));
    expect(verdicts((await pod.run()).lines)).toEqual([]);
  });

  test('lets whoever has a policy do what it says, and no more', async () => {
    const { body } = await ask(server, 'PUT', '/v1/auth/token/create', {
      headers: { 'x-vault-token': root },
      body: { policies: ['reader'] },
    });
    const call = async (method: string, path: string, data?: object, wrap?: string) => {
      const headers = { 'x-vault-token': body.auth.client_token, ...(wrap === undefined ? {} : { 'x-vault-wrap-ttl': wrap }) };
      return (await ask(server, method, `/v1/${path}`, { headers, ...(data === undefined ? {} : { body: data }) })).status;
    };
    const data = { a: 'b' };
    // the policy lets it through: it is the engine that asks for `cas`
    expect(await call('PUT', 'kv/data/shared', { data }, '5m')).toBe(400);
    // not wrapped; for too long; without what is required; with what is denied
    expect(await call('PUT', 'kv/data/shared', { data })).toBe(403);
    expect(await call('PUT', 'kv/data/shared', { data }, '2h')).toBe(403);
    expect(await call('PUT', 'kv/data/shared', { options: {} }, '5m')).toBe(403);
    expect(await call('PUT', 'kv/data/shared', { data, note: 'secret' }, '5m')).toBe(403);
    expect(await call('GET', 'kv/data/other')).toBe(403);
  });

  test('is the same to the fake that the tests of the program ask', async () => {
    const ofReal = (await pod.run()).lines;
    const fake = await ConfigurationPod.create({ ...props, admin: undefined });
    try {
      fake.aws.readable.set('/subject', { text: 'somebody', version: 1 });
      await fake.run();
      expect((await fake.run()).lines).toEqual(ofReal);
    } finally {
      fake.remove();
    }
  });
});

describe('answers by which the program goes', () => {
  const answers = async (address: string, certificate: string, token: string) => {
    const asked = new HttpsServer(address, certificate);
    const calls: readonly (readonly [string, string, object?])[] = [
      ['GET', 'sys/policies/acl/nobody'],
      ['GET', 'auth/kubernetes/role/nobody'],
      ['GET', 'identity/group/name/nobody'],
      ['GET', 'vault-configuration/state/nobody'],
      ['GET', 'auth/kubernetes/role?list=true'],
      ['PUT', 'sys/auth/kubernetes', { type: 'kubernetes' }],
      ['PUT', 'auth/token/lookup-accessor', { accessor: 'nobody' }],
      ['GET', 'sys/leases/lookup/database/creds/nobody?list=true'],
      ['PUT', 'sys/leases/revoke-prefix/database/creds/nobody', { sync: true }],
      ['DELETE', 'sys/policies/acl/nobody'],
    ];
    const found: Record<string, unknown> = {};
    for (const [method, path, body] of calls) {
      const { status, body: text } = await ask(asked, method, `/v1/${path}`, {
        headers: { 'x-vault-token': token },
        ...(body === undefined ? {} : { body }),
      });
      found[`${method} ${path}`] = { status, ...(status < 400 ? {} : { words: text?.errors }) };
    }
    const { status, body } = await ask(asked, 'GET', '/v1/sys/mounts', { headers: { 'x-vault-token': 'dead' } });
    return { ...found, 'with a dead token': { status, words: body.errors } };
  };

  test('are those of a real Vault', async () => {
    const fake = await ConfigurationPod.create({ ...props, admin: undefined });
    try {
      fake.aws.readable.set('/subject', { text: 'somebody', version: 1 });
      await fake.run();
      expect(await answers(fake.vault.address, fake.vault.certificate, fake.vault.token)).toEqual(
        await answers(real.address, real.certificate, root),
      );
    } finally {
      fake.remove();
    }
  });
});
