import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, expect, jest, test } from '@jest/globals';
import { Custody } from '../../charts';
import { serviceAccountTrust } from '../../charts/aws/iam';
import { TestCa } from './support/certificates';
import { accountId, aws, enforceIam, Installation, issuer, kubectl, region } from './support/cluster';
import { prepareInit, synthInit, synthInitWithRole } from './support/init';
import { eventually } from './support/shell';

jest.setTimeout(5 * 60_000);

const installation = new Installation('vault-e2e-custody');
const ca = new TestCa();

beforeAll(async () => {
  await installation.remove();
  await ca.create();
  await enforceIam();
});
afterEach(() => installation.remove());
afterAll(() => ca.remove());

/** Gives keys until a root token comes out. */
async function generateRoot(keys: readonly string[]): Promise<string> {
  const started = JSON.parse((await installation.exec('vault-0', ['vault', 'operator', 'generate-root', '-init', '-format=json'])).stdout);
  let encoded = '';
  for (const key of keys) {
    const give = ['vault', 'operator', 'generate-root', '-format=json', `-nonce=${started.nonce}`, '-'];
    encoded = JSON.parse((await installation.exec('vault-0', give, { input: key })).stdout).encoded_token;
  }
  return (
    await installation.exec('vault-0', ['vault', 'operator', 'generate-root', `-decode=${encoded}`, `-otp=${started.otp}`])
  ).stdout.trim();
}

test('a Kubernetes Secret, and two Jobs at once: one initialises, the other waits and finds all done', async () => {
  const app = synthInit(installation, { custody: Custody.kubernetesSecret('recovery') });
  await prepareInit(installation, ca, app);
  await kubectl(['apply', '-k', app.dist]);
  await installation.applyJobAs(app.dist, 'vault-init-second');
  await installation.jobsComplete(2);
  const log = await installation.initLogs();
  expect(log.match(/initialising Vault/g)).toHaveLength(1);
  expect(log.match(/init: done/g)).toHaveLength(2);
  expect(log).toContain('waiting for Lease vault-changes');
  const secret = await installation.get('secret', 'recovery');
  const answer = JSON.parse(Buffer.from(secret.data['answer.json'], 'base64').toString());
  expect(secret.immutable).toBe(true);
  expect(await installation.vaultAs(answer.root_token, 'token', 'lookup')).toMatchObject({ status: 2 });
  const may = (verb: string) =>
    installation.kubectl(['auth', 'can-i', verb, 'secrets', `--as=system:serviceaccount:${installation.namespace}:vault-init`], {
      accept: [0, 1],
    });
  expect([(await may('create')).stdout, (await may('get')).stdout].map(text => text.trim())).toEqual(['yes', 'no']);
});

test('three secrets with a recovery key each, two of which generate a root token', async () => {
  const names = ['a', 'b', 'c'].map(name => `${installation.namespace}/${name}`);
  const app = synthInitWithRole(installation, names);
  await prepareInit(installation, ca, app);
  for (const name of names) await aws(['secretsmanager', 'create-secret', '--name', name]);
  await kubectl(['apply', '-k', app.dist]);
  await installation.jobsComplete(1);
  const held = await Promise.all(
    names.map(async name =>
      JSON.parse(await aws(['secretsmanager', 'get-secret-value', '--secret-id', name, '--query', 'SecretString', '--output', 'text'])),
    ),
  );
  expect(held.map(({ share, root_token }) => [share, root_token])).toEqual([
    [1, undefined],
    [2, undefined],
    [3, undefined],
  ]);
  const token = await generateRoot([held[0].recovery_key_base64, held[2].recovery_key_base64]);
  expect(await installation.vaultAs(token, 'token', 'revoke', '-self')).toMatchObject({ status: 0 });
});

test('the log: what stands there is ciphertext, whose owner gets in', async () => {
  const home = mkdtempSync(join(tmpdir(), 'cdk8s-vault-gpg-'));
  const gpg = (...args: string[]) =>
    execFileSync('gpg', ['--homedir', home, '--batch', '--quiet', ...args], { stdio: ['ignore', 'pipe', 'ignore'] });
  try {
    gpg('--passphrase', '', '--quick-generate-key', 'owner', 'rsa2048', 'encrypt,sign');
    const key = gpg('--export', 'owner').toString('base64');
    const app = synthInit(installation, { custody: Custody.log(), pgpKeys: [key], rootTokenPgpKey: key });
    await prepareInit(installation, ca, app);
    await kubectl(['apply', '-k', app.dist]);
    await installation.jobsComplete(1);
    const line = /the answer, encrypted: (\{.*\})/.exec(await installation.initLogs())?.[1] ?? '';
    writeFileSync(join(home, 'token'), Buffer.from(JSON.parse(line).root_token, 'base64'));
    const token = gpg('--decrypt', join(home, 'token')).toString().trim();
    expect(line).not.toContain(token);
    expect(await installation.vaultAs(token, 'token', 'lookup')).toMatchObject({ status: 0 });
  } finally {
    execFileSync('gpgconf', ['--homedir', home, '--kill', 'all']);
    rmSync(home, { recursive: true, force: true });
  }
});

test('jwt on the cluster’s issuer, and people by an IAM role with a path, as SSO’s have', async () => {
  const path = '/aws-reserved/sso.amazonaws.com/';
  const role = `${installation.namespace}-people`;
  const app = synthInit(installation, {
    custody: Custody.kubernetesSecret('recovery'),
    admin: { method: 'jwt', issuer: `https://${issuer}`, iamPrincipals: [`arn:aws:iam::${accountId}:role${path}${role}`] },
  });
  await prepareInit(installation, ca, app);
  const trust = serviceAccountTrust(
    { aws: { accountId, region }, serviceAccount: { namespace: installation.namespace, name: 'alice' } },
    issuer,
  );
  await aws(['iam', 'create-role', '--role-name', role, '--path', path, '--assume-role-policy-document', JSON.stringify(trust)]);
  try {
    await kubectl(['apply', '-k', app.dist]);
    await installation.jobsComplete(1);
    const { admin } = app.init;
    if (admin === undefined) throw new Error('no admin path');
    await installation.kubectl(['create', 'serviceaccount', admin.serviceAccount]);
    const jwt = (await installation.kubectl(['create', 'token', admin.serviceAccount, `--audience=${admin.audience}`])).stdout;
    const byToken = ['vault', 'write', '-field=token_policies', `auth/${admin.mount}/login`, `role=${admin.role}`, 'jwt=-'];
    expect((await installation.exec('vault-0', byToken, { input: jwt })).stdout).toContain('vault-admin');
    await installation.kubectl(['create', 'serviceaccount', 'alice']);
    const identity = (await installation.kubectl(['create', 'token', 'alice', '--audience=sts.amazonaws.com'])).stdout.trim();
    const session = ['--role-session-name', 'alice', '--web-identity-token', identity];
    const assumed = JSON.parse(
      await aws(['sts', 'assume-role-with-web-identity', '--role-arn', `arn:aws:iam::${accountId}:role${path}${role}`, ...session]),
    );
    const { AccessKeyId, SecretAccessKey, SessionToken } = assumed.Credentials;
    const signIn = (serverId: string) => {
      const script = `read -r AWS_ACCESS_KEY_ID; read -r AWS_SECRET_ACCESS_KEY; read -r AWS_SESSION_TOKEN; export AWS_ACCESS_KEY_ID AWS_SECRET_ACCESS_KEY AWS_SESSION_TOKEN
exec vault login -no-store -field=policies -method=aws region=us-east-1 header_value="$1" role=${admin.role}`;
      const input = `${AccessKeyId}\n${SecretAccessKey}\n${SessionToken}\n`;
      return installation.exec('vault-0', ['sh', '-c', script, 'sh', serverId], { input, accept: [0, 2] });
    };
    const { table } = app.vault;
    expect(await signIn(`${table.name}.${table.region}.${accountId}`)).toMatchObject({
      status: 0,
      stdout: expect.stringContaining('vault-admin'),
    });
    // a login that was signed for another Vault
    expect(await signIn(`other.${table.region}.${accountId}`)).toMatchObject({ status: 2 });
  } finally {
    await aws(['iam', 'delete-role', '--role-name', role]);
  }
});

test('a Vault that somebody initialised is left as it is, and the Job says no more than it knows', async () => {
  const app = synthInitWithRole(installation, `${installation.namespace}/recovery`);
  await prepareInit(installation, ca, app);
  await aws(['secretsmanager', 'create-secret', '--name', `${installation.namespace}/recovery`]);
  // the servers first: this time people are faster than the Job
  await kubectl(['apply', '-k', app.dist]);
  await installation.kubectl(['delete', 'jobs', '--all', '--cascade=foreground']);
  await eventually('the server to answer', 120, () => installation.exec('vault-0', ['vault', 'status'], { accept: [2] }));
  const { stdout } = await installation.exec('vault-0', [
    'vault',
    'operator',
    'init',
    '-recovery-shares=1',
    '-recovery-threshold=1',
    '-format=json',
  ]);
  await installation.applyJobAs(app.dist, 'vault-init-later');
  await eventually('the Job to fail', 120, async () =>
    expect(await installation.initLogs()).toMatch(
      /no login through the admin path works, and custody \(.*\) holds none of its recovery keys\. No run of this Job left them unstored/,
    ),
  );
  expect(await installation.vaultAs(JSON.parse(stdout).root_token, 'token', 'lookup')).toMatchObject({ status: 0 });
});
