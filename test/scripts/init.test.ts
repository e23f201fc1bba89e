import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals';
import { Custody, type VaultInitProps } from '../../charts';
import { FakeKubernetes, FakeVault, initAnswer } from './fakes';
import { Sandbox, which } from './sandbox';

jest.setTimeout(20_000);

let vault: FakeVault;
let kubernetes: FakeKubernetes;
let pod: Sandbox;

async function makePod(props: Omit<VaultInitProps, 'vault'> = { custody: Custody.secretsManager('recovery') }): Promise<void> {
  pod = new Sandbox(props, { vault: await vault.listen(), kubernetes: await kubernetes.listen() });
  for (const name of ['recovery', 'a', 'b']) pod.makeSecret(name);
}

beforeEach(() => {
  vault = new FakeVault();
  kubernetes = new FakeKubernetes();
});

afterEach(() => {
  // whatever happened, no secret was shown
  expect(pod.output).not.toMatch(/5ecre7|account-token/);
  pod.remove();
  vault.close();
  kubernetes.close();
});

const held = () => JSON.parse(pod.secret('recovery') ?? 'null');

describe('Vault is not initialised, custody is empty', () => {
  test('keys go into custody before anything else is done, a login is tried, and the root token dies', async () => {
    await makePod();
    expect(await pod.start()).toMatchObject({ status: 0, output: expect.stringMatching(/init: done\n$/) });
    expect(held()).toEqual(initAnswer);
    expect([vault.rootLives, pod.kept]).toEqual([false, []]);
    expect(vault.writes.slice(0, 2)).toEqual(['PUT sys/init', 'PUT sys/audit/stdout']);
    expect(vault.asked.find(({ path }) => path === 'auth/kubernetes/role/vault-init')?.body).toMatchObject({
      bound_service_account_namespaces: ['vault'],
    });
    expect(pod.commandLines).not.toMatch(/5ecre7|account-token/);
    // an answer that is not waited for is lost
    expect(pod.commandLines).toMatch(/curl (?!.*--max-time).*\/v1\/sys\/init\n/);
  });

  test('and may not be written to: nothing is initialised', async () => {
    await makePod();
    pod.awsFails('put-secret-value', 'LimitExceededException');
    expect(await pod.start()).toMatchObject({
      status: 1,
      output: expect.stringContaining('waiting for custody to take a write: An error occurred (LimitExceededException)'),
    });
    expect(vault.writes).toEqual([]);
  });

  test.each([
    ['describe-secret', 'AccessDeniedException'],
    ['describe-secret', 'ServiceUnavailable'],
  ])('and %s fails with %s: an error is never "empty"', async (action, error) => {
    await makePod();
    pod.awsFails(action, error);
    expect(await pod.start()).toMatchObject({
      status: 1,
      output: expect.stringContaining(`waiting for a clean answer of custody: An error occurred (${error})`),
    });
    expect(vault.asked).toEqual([]);
  });

  test('its secret is misspelt, or lies in another region', async () => {
    await makePod({ custody: Custody.secretsManager('recovrey') });
    expect(await pod.start()).toMatchObject({ status: 1, output: expect.stringContaining('ResourceNotFoundException') });
    expect(vault.asked).toEqual([]);
  });

  test('Vault refuses: said in its words, nothing kept', async () => {
    await makePod();
    vault.instead['PUT sys/init'] = (_, response) => response.writeHead(400).end('{"errors":["cannot initialise"]}');
    expect(await pod.start()).toMatchObject({
      status: 1,
      output: expect.stringContaining('Vault refused to initialise (400): ["cannot initialise"]'),
    });
    expect([pod.secret('recovery'), pod.kept.includes('answer.json')]).toEqual([undefined, false]);
  });

  test('Vault answers with an error: it is not taken for "not initialised"', async () => {
    await makePod();
    vault.instead['GET sys/init'] = (_, response) => response.writeHead(500).end('{"initialized":false}');
    expect(await pod.start()).toMatchObject({ status: 1, output: expect.stringContaining('Vault answered 500') });
    expect(vault.writes).toEqual([]);
  });

  test('the connection breaks before an answer: said, and the next container says that nobody holds the keys', async () => {
    await makePod();
    vault.instead['PUT sys/init'] = (_, response) => {
      vault.initialised = true;
      response.destroy();
    };
    expect(await pod.start()).toMatchObject({ status: 1, output: expect.stringContaining('the answer to the initialisation was lost') });
    expect(await pod.start()).toMatchObject({
      status: 1,
      output: expect.stringContaining('nobody holds its recovery keys: custody holds none'),
    });
    expect(vault.writes).toEqual(['PUT sys/init']);
  });

  test('half an answer: custody gets it as it is, and the Job fails', async () => {
    await makePod();
    vault.instead['PUT sys/init'] = (_, response) => {
      vault.initialised = true;
      response.writeHead(200, { 'content-length': '1000' });
      response.write(JSON.stringify(initAnswer).slice(0, 80));
      setTimeout(() => response.destroy(), 50);
    };
    expect(await pod.start()).toMatchObject({
      status: 1,
      output: expect.stringContaining('the answer to the initialisation is not whole; what came of it is in custody'),
    });
    expect(pod.secret('recovery')).toBe(JSON.stringify(initAnswer).slice(0, 80));
  });

  test('custody goes away after its proof: storing goes on until it is back', async () => {
    await makePod();
    pod.awsFails('put-secret-value.cdk8s-vault-recovery-keys-0000-000000000000', 'ServiceUnavailable');
    const ended = pod.start();
    await pod.says('custody does not take the recovery keys, try 5, trying for ever: An error occurred (ServiceUnavailable)');
    expect(vault.writes).toEqual(['PUT sys/init']);
    pod.awsFails('put-secret-value.cdk8s-vault-recovery-keys-0000-000000000000', '');
    expect(await ended).toMatchObject({ status: 0, output: expect.stringMatching(/init: done\n$/) });
    expect(held()).toEqual(initAnswer);
  });

  test('told to stop while storing: the keys come first', async () => {
    await makePod();
    pod.awsFails('put-secret-value.cdk8s-vault-recovery-keys-0000-000000000000', 'ServiceUnavailable');
    const ended = pod.start();
    await pod.says('try 1,');
    pod.terminate();
    await pod.says('told to stop, but this pod holds the only copy of the recovery keys: storing them first');
    pod.awsFails('put-secret-value.cdk8s-vault-recovery-keys-0000-000000000000', '');
    expect(await ended).toMatchObject({ status: 0, output: expect.stringMatching(/init: done\n$/) });
    expect([held(), vault.rootLives]).toEqual([initAnswer, false]);
  });

  test('told to stop with nothing to lose: it stops', async () => {
    await makePod();
    vault.instead['GET sys/init'] = (_, response) => response.writeHead(500).end();
    const ended = pod.start();
    await pod.says('waiting for a clean answer of http');
    pod.terminate();
    expect(await ended).toMatchObject({ status: 143 });
  });

  test('Vault stays sealed for a while after it was initialised', async () => {
    await makePod();
    let asked = 0;
    vault.instead['GET sys/health?standbyok=true'] = (_, response) => response.writeHead(++asked < 5 ? 503 : 200).end('{}');
    expect(await pod.start()).toMatchObject({
      status: 0,
      output: expect.stringContaining('waiting for Vault to unseal itself: Vault answers 503'),
    });
  });

  test('a standby that sends on to the active server is followed', async () => {
    await makePod();
    vault.instead['PUT auth/kubernetes/login'] = (_, response) => {
      delete vault.instead['PUT auth/kubernetes/login'];
      response.writeHead(307, { location: '/v1/auth/kubernetes/login' }).end();
    };
    expect(await pod.start()).toMatchObject({ status: 0 });
    expect(pod.output).not.toContain('waiting for a login');
  });

  test('a root token that lives on is no success', async () => {
    await makePod();
    vault.instead['GET auth/token/lookup-self'] = (_, response) => response.writeHead(200).end('{}'); // also after it was revoked
    expect(await pod.start()).toMatchObject({ status: 1, output: expect.stringContaining('the root token still answers with 200') });
  });

  test('a login that fails is no success, and the root token stays to mend it', async () => {
    await makePod();
    vault.instead['PUT auth/kubernetes/login'] = (_, response) => response.writeHead(403).end('{"errors":["permission denied"]}');
    expect(await pod.start()).toMatchObject({ status: 1, output: expect.stringContaining('was answered with 403 ["permission denied"]') });
    expect(vault.rootLives).toBe(true);
  });
});

describe('custody holds keys', () => {
  const initialiseOnce = async () => {
    await makePod();
    expect(await pod.start()).toMatchObject({ status: 0, output: expect.stringMatching(/init: done\n$/) });
    vault.asked.length = 0;
  };

  test('and a login works: there is nothing to do', async () => {
    await initialiseOnce();
    expect(await pod.start()).toMatchObject({ status: 0, output: expect.stringMatching(/init: done\n$/) });
    expect(vault.writes.filter(write => !/token|login/.test(write))).toEqual([]);
  });

  test('but Vault is not initialised: it reads another table, or an empty one', async () => {
    await initialiseOnce();
    vault.initialised = false;
    expect(await pod.start()).toMatchObject({
      status: 1,
      output: expect.stringContaining('custody holds recovery keys, but this Vault is not initialised'),
    });
    expect(vault.writes).toEqual([]);
  });

  test('but no server leads: a login that nobody can answer is no "no"', async () => {
    await initialiseOnce();
    let failures = 7;
    const { instead } = vault;
    instead['PUT auth/kubernetes/login'] = (_, response) => {
      if (--failures === 0) delete instead['PUT auth/kubernetes/login'];
      response.writeHead(500).end('{"errors":["local node not active but active cluster node not found"]}');
    };
    expect(await pod.start()).toMatchObject({
      status: 0,
      output: expect.stringContaining(
        'waiting for a clean answer about a login through the admin path: the login as vault-init was answered with 500',
      ),
    });
    failures = 100;
    instead['PUT auth/kubernetes/login'] = (_, response) => response.writeHead(500).end();
    expect(await pod.start()).toMatchObject({
      status: 1,
      output: expect.stringMatching(/gave up waiting for a clean answer about a login through the admin path\n$/),
    });
  });

  test('but no login works: a root token is live, and the message says where', async () => {
    await initialiseOnce();
    vault.adminPath = false;
    expect(await pod.start()).toMatchObject({ status: 1, output: expect.stringContaining('A root token is live: in secret recovery.') });
  });
});

describe('Vault is initialised, custody is empty', () => {
  test('nobody holds the keys, and it fails', async () => {
    await makePod();
    vault.initialised = true;
    expect(await pod.start()).toMatchObject({ status: 1, output: expect.stringContaining('nobody holds its recovery keys') });
  });

  test('adopted: fine where a login works, and its owners’ root tokens are left alone', async () => {
    await makePod({ custody: Custody.secretsManager('recovery'), adopt: true });
    vault.initialised = true;
    vault.adminPath = true;
    expect(await pod.start()).toMatchObject({ status: 0, output: expect.stringMatching(/init: done\n$/) });
    expect(vault.rootLives).toBe(true);
  });

  test('adopted, but without an admin path', async () => {
    await makePod({ custody: Custody.secretsManager('recovery'), adopt: true });
    vault.initialised = true;
    expect(await pod.start()).toMatchObject({
      status: 1,
      output: expect.stringContaining('Vault is adopted, but no login through the admin path works'),
    });
  });

  test('an earlier container kept the answer: it goes on from there, and initialises nothing', async () => {
    await makePod();
    vault.initialised = true;
    pod.keep(initAnswer);
    expect(await pod.start()).toMatchObject({
      status: 0,
      output: expect.stringContaining('this pod kept the answer of the initialisation: custody comes before all else'),
    });
    expect([held(), vault.rootLives, vault.writes.includes('PUT sys/init')]).toEqual([initAnswer, false, false]);
  });

  test.each([
    ['whole', JSON.stringify(initAnswer), 0],
    ['half', JSON.stringify(initAnswer).slice(0, 80), 1],
  ])('an earlier container died while the answer arrived, %s: custody gets what there is', async (_, reply, status) => {
    await makePod();
    vault.initialised = true;
    pod.keepFile('reply.json', reply);
    expect(await pod.start()).toMatchObject({ status });
    expect([pod.secret('recovery'), vault.writes.includes('PUT sys/init')]).toEqual([reply, false]);
  });

  test('an earlier container died over a refusal: that is no answer', async () => {
    await makePod();
    vault.initialised = true;
    pod.keepFile('reply.json', '{"errors":["Vault is already initialized"]}');
    expect(await pod.start()).toMatchObject({ status: 1, output: expect.stringContaining('nobody holds its recovery keys') });
    expect(pod.secret('recovery')).toBeUndefined();
  });

  test('an earlier container had revoked the root token already: a login through the admin path is enough', async () => {
    await makePod();
    Object.assign(vault, { initialised: true, rootLives: false, adminPath: true });
    pod.keep(initAnswer);
    expect(await pod.start()).toMatchObject({ status: 0, output: expect.stringMatching(/init: done\n$/) });
    expect(vault.writes.filter(write => write.includes('sys/'))).toEqual([]);
  });

  test('somebody else revoked the root token before there was an admin path: no success', async () => {
    await makePod();
    Object.assign(vault, { initialised: true, rootLives: false });
    pod.keep(initAnswer);
    expect(await pod.start()).toMatchObject({
      status: 1,
      output: expect.stringContaining('gave up waiting for a login through the admin path'),
    });
  });

  test('the kept answer belongs to a Vault that is gone: custody has it first, then the Job says so', async () => {
    await makePod();
    pod.keep(initAnswer);
    expect(await pod.start()).toMatchObject({
      status: 1,
      output: expect.stringContaining('custody holds recovery keys, but this Vault is not initialised'),
    });
    expect([held(), pod.kept, vault.writes]).toEqual([initAnswer, expect.arrayContaining(['answer.json']), []]);
  });

  test('with a kept answer it never gives up on custody, asks nobody else before, and is not stopped', async () => {
    await makePod();
    vault.initialised = true;
    pod.keep(initAnswer);
    pod.awsFails('describe-secret', 'ServiceUnavailable');
    const ended = pod.start();
    // more tries than any other question gets
    for (let tries = 0; pod.output.split('waiting for a clean answer of custody').length < 15; tries++) {
      if (tries > 500) throw new Error(pod.output);
      await new Promise(resolve => setTimeout(resolve, 20));
    }
    pod.terminate();
    await pod.says('told to stop, but this pod holds the only copy');
    expect([vault.asked, kubernetes.asked]).toEqual([[], []]);
    pod.awsFails('describe-secret', '');
    expect(await ended).toMatchObject({ status: 0 });
    expect(held()).toEqual(initAnswer);
  });
});

describe('other places of custody', () => {
  test('one secret for each key: no place holds two, and none the root token', async () => {
    await makePod({ custody: Custody.secretsManager(['a', 'b']) });
    expect(await pod.start()).toMatchObject({ status: 0, output: expect.stringMatching(/init: done\n$/) });
    expect([pod.secret('a'), pod.secret('b')].map(text => JSON.parse(text ?? ''))).toEqual([
      { share: 1, recovery_key: '5ecre7-one', recovery_key_base64: '5ecre7-1' },
      { share: 2, recovery_key: '5ecre7-two', recovery_key_base64: '5ecre7-2' },
    ]);
    expect(await pod.start()).toMatchObject({ status: 0, output: expect.stringContaining('keys in custody: yes') });
  });

  test('one of two was stored when the container died: the next stores the other', async () => {
    await makePod({ custody: Custody.secretsManager(['a', 'b']) });
    vault.initialised = true;
    pod.keep(initAnswer);
    expect(await pod.start()).toMatchObject({ status: 0, output: expect.stringMatching(/init: done\n$/) });
    rmSync(join(pod.secretFolder('b')), { recursive: true });
    pod.makeSecret('b');
    pod.keep(initAnswer);
    vault.rootLives = true;
    expect(await pod.start()).toMatchObject({ status: 0, output: expect.stringContaining('the recovery keys are in custody') });
    expect(JSON.parse(pod.secret('b') ?? '').share).toBe(2);
  });

  test('one of two was stored, and no answer is kept: said', async () => {
    await makePod({ custody: Custody.secretsManager(['a', 'b']) });
    expect(await pod.start()).toMatchObject({ status: 0, output: expect.stringMatching(/init: done\n$/) });
    rmSync(join(pod.secretFolder('b')), { recursive: true });
    pod.makeSecret('b');
    expect(await pod.start()).toMatchObject({ status: 1, output: expect.stringContaining('custody holds only some') });
  });

  test('a Kubernetes Secret, which a dry run finds', async () => {
    await makePod({ custody: Custody.kubernetesSecret('recovery') });
    expect(await pod.start()).toMatchObject({ status: 0, output: expect.stringMatching(/init: done\n$/) });
    expect(JSON.parse(kubernetes.secret?.stringData['answer.json'] ?? '')).toEqual(initAnswer);
    expect(await pod.start()).toMatchObject({ status: 0, output: expect.stringContaining('keys in custody: yes') });
    expect(kubernetes.asked.filter(({ method, path }) => method === 'GET' && path.includes('secrets'))).toEqual([]);
  });

  test('the log, for what is encrypted; no admin path is made', async () => {
    const key = Buffer.concat([Buffer.from([0x99]), Buffer.alloc(200, 7)]).toString('base64');
    const encrypted = { recovery_keys: ['c0ffee'], recovery_keys_base64: ['cipher-key'], root_token: 'cipher-token' };
    await makePod({ custody: Custody.log(), pgpKeys: [key], rootTokenPgpKey: key });
    vault.instead['PUT sys/init'] = (_, response) => {
      vault.initialised = true;
      response.writeHead(200).end(JSON.stringify(encrypted));
    };
    expect(await pod.start()).toMatchObject({
      status: 0,
      output: expect.stringContaining('init: the answer, encrypted: {"recovery_keys_base64":["cipher-key"],"root_token":"cipher-token"}'),
    });
    expect(vault.asked.find(({ method, path }) => `${method} ${path}` === 'PUT sys/init')?.body).toMatchObject({
      recovery_pgp_keys: [key],
      root_token_pgp_key: key,
    });
    expect(vault.writes).toEqual(['PUT sys/init']);
  });
});

describe('the Lease', () => {
  const lease = (renewed: Date) => ({
    metadata: { name: 'vault-changes', resourceVersion: '1' },
    spec: { holderIdentity: 'another-pod', leaseDurationSeconds: 30, renewTime: renewed.toISOString().replace('Z', '000Z') },
  });

  test('held by another pod: it waits, says for whom, and asks nothing before', async () => {
    await makePod();
    kubernetes.lease = lease(new Date());
    const ended = pod.start();
    await pod.says('waiting for Lease vault-changes of namespace vault: held by another-pod');
    expect(vault.asked).toEqual([]);
    kubernetes.lease = undefined;
    expect(await ended).toMatchObject({ status: 0, output: expect.stringMatching(/init: done\n$/) });
    expect(kubernetes.lease.spec.holderIdentity).toBe('');
  });

  test('of a pod that is gone: it is taken over', async () => {
    await makePod();
    kubernetes.lease = lease(new Date(Date.now() - 60_000));
    expect(await pod.start()).toMatchObject({ status: 0, output: expect.stringMatching(/init: done\n$/) });
    expect(kubernetes.asked.find(({ method }) => method === 'PUT')?.body).toMatchObject({
      metadata: { resourceVersion: '1' },
      spec: { holderIdentity: 'vault-init-pod' },
    });
  });
});

describe('the pod itself', () => {
  test('says which command its image lacks', async () => {
    await makePod();
    pod.takeAway('jq');
    expect(await pod.start()).toMatchObject({ status: 1, output: expect.stringContaining('the image lacks jq') });
  });

  test('does not speak to a Vault whose certificate does not verify', async () => {
    await makePod();
    const folder = mkdtempSync(join(tmpdir(), 'cdk8s-vault-tls-'));
    const [key, cert] = [join(folder, 'key'), join(folder, 'cert')];
    execFileSync(
      which('openssl'),
      ['req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-days', '1', '-subj', '/CN=other', '-keyout', key, '-out', cert],
      { stdio: 'ignore' },
    );
    const other = new FakeVault({ key: readFileSync(key), cert: readFileSync(cert) });
    pod.set({ VAULT_ADDR: await other.listen('https'), VAULT_CACERT: cert });
    // the authority is right, the name is not
    expect(await pod.start()).toMatchObject({
      status: 1,
      output: expect.stringMatching(/waiting for a clean answer of https.*curl: \(60\)/),
    });
    expect(other.asked).toEqual([]);
    other.close();
    rmSync(folder, { recursive: true });
  });
});
