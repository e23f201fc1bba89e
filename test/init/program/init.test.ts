import { afterEach, describe, expect, test } from '@jest/globals';
import { Custody } from '../../../charts';
import { alreadyInitialised, loginDenied } from '../../support/fakes/fake-vault';
import { serviceAccountToken } from '../../support/job-pod';
import { InitPod } from './init-pod';

let pod: InitPod;

const make = async (...args: Parameters<typeof InitPod.create>): Promise<InitPod> => {
  pod = await InitPod.create(...args);
  return pod;
};

afterEach(() => {
  // whatever happened, no secret was shown
  expect(pod.output).not.toContain('5ecre7');
  pod.remove();
});

const done = { status: 0, output: expect.stringMatching(/init: done\n$/) };
const fails = (text: string | RegExp) => ({
  status: 1,
  output: typeof text === 'string' ? expect.stringContaining(text) : expect.stringMatching(text),
});
const keys = () => ({ recovery_keys_base64: pod.vault.recoveryKeys, root_token: pod.vault.root });
const unavailable = { status: 500, body: { __type: 'InternalServiceError', message: 'try again' } };
const throttled = { status: 400, body: { __type: 'ThrottlingException', message: 'Rate exceeded' } };

describe('Vault is not initialised, custody is empty', () => {
  test('keys go into custody before anything else is done, a login is tried, and the root token dies', async () => {
    await make();
    expect(await pod.run()).toMatchObject(done);
    // without the hex copy of the keys
    expect(pod.held()).toEqual(keys());
    expect([pod.vault.rootLives, pod.kept]).toEqual([false, {}]);
    expect(pod.vault.writes.slice(0, 2)).toEqual(['PUT sys/init', 'PUT sys/audit/stdout']);
    expect(pod.vault.asked.find(({ path }) => path === 'auth/kubernetes/role/vault-init')?.body).toMatchObject({
      bound_service_account_namespaces: ['vault'],
    });
    expect(pod.record.progress).toBe('done');
  });

  test('no token stands in a path or in a body that is not its own', async () => {
    await make();
    await pod.run();
    expect(pod.vault.asked.map(({ path, body }) => `${path} ${JSON.stringify(body)}`).filter(text => /hvs\./.test(text))).toEqual([]);
  });

  test('the canary is as large as the largest answer, and its token follows its content', async () => {
    await make();
    await pod.run();
    const puts = pod.aws.asked.filter(({ headers }) => headers['x-amz-target'] === 'secretsmanager.PutSecretValue').map(({ body }) => body);
    expect(puts.map(({ VersionStages }) => VersionStages)).toEqual([['vault-canary'], ['AWSCURRENT', 'vault-recovery-keys']]);
    expect(puts[0].SecretString).toHaveLength(pod.plan.largestAnswer);
    expect(puts[1].SecretString.length).toBeLessThanOrEqual(pod.plan.largestAnswer);
    for (const { ClientRequestToken } of puts) expect(ClientRequestToken).toMatch(/^vault-(canary|recovery-keys)-[0-9a-f]{40}$/);
  });

  test('it may not be written to: nothing is initialised', async () => {
    await make();
    pod.aws.failing.set('PutSecretValue', { status: 400, body: { __type: 'LimitExceededException', Message: 'too many versions' } });
    expect(await pod.run()).toMatchObject(
      fails('waiting for custody to take a write: PutSecretValue: LimitExceededException: too many versions'),
    );
    expect(pod.vault.writes).toEqual([]);
  });

  test.each([
    ['DescribeSecret', unavailable, 'InternalServiceError: try again'],
    ['DescribeSecret', throttled, 'ThrottlingException: Rate exceeded'],
    ['DescribeSecret', { status: 502, body: '<html>bad gateway</html>' }, 'answered with 502, which is not AWS’s'],
    [
      'AssumeRoleWithWebIdentity',
      { status: 403, body: '<ErrorResponse><Error><Code>AccessDenied</Code><Message>Not authorized</Message></Error></ErrorResponse>' },
      'AssumeRoleWithWebIdentity of arn:aws:iam::123456789012:role/vault-init: AccessDenied: Not authorized',
    ],
  ])('%s fails: an error is never "empty"', async (action, reply, words) => {
    await make();
    pod.aws.failing.set(action, reply);
    expect(await pod.run()).toMatchObject(
      fails(`waiting for a valid answer from custody: ${action === 'DescribeSecret' ? 'DescribeSecret: ' : ''}${words}`),
    );
    expect(pod.vault.asked).toEqual([]);
  });

  test('its secret is misspelt, or lies in another region', async () => {
    await make({ custody: Custody.secretsManager('recovrey') });
    expect(await pod.run()).toMatchObject(fails('ResourceNotFoundException'));
    expect(pod.vault.asked).toEqual([]);
  });

  test('its secret is being deleted: said with the command that brings it back', async () => {
    await make();
    pod.aws.secrets.set('recovery', { versions: new Map(), deleted: true });
    expect(await pod.run()).toMatchObject(
      fails('secret recovery is being deleted: bring it back with "aws secretsmanager restore-secret --secret-id recovery"'),
    );
    expect(pod.vault.asked).toEqual([]);
  });

  test.each(['vault-recovery-keys-0123', 'cdk8s-vault-recovery-keys-0000-000000000000'])(
    'a version %s without its label holds keys: never "empty"',
    async id => {
      await make();
      pod.aws.secrets.set('recovery', { versions: new Map([[id, { text: '', stages: ['AWSPREVIOUS'] }]]) });
      expect(await pod.run()).toMatchObject(
        fails(`version ${id} of secret recovery holds recovery keys, but its stage vault-recovery-keys was taken away`),
      );
      expect(pod.vault.asked).toEqual([]);
    },
  );

  test('a value that somebody else put there is no reason to wait, and stays the previous one', async () => {
    await make();
    pod.aws.secrets.set('recovery', { versions: new Map([['terraform-made-this', { text: 'placeholder', stages: ['AWSCURRENT'] }]]) });
    expect(await pod.run()).toMatchObject(done);
    expect(pod.held()).toEqual(keys());
  });
});

describe('the request to initialise', () => {
  test.each([
    ['Vault refuses', { status: 400, body: { errors: ['cannot initialise'] } }, 'Vault answered 400 (cannot initialise)'],
    [
      'a proxy refuses, in words that are no JSON',
      { status: 503, body: '<html>no healthy upstream</html>' },
      'Vault answered 503 (an answer that is not Vault’s)',
    ],
  ])('%s: said, nothing kept', async (_, reply, words) => {
    await make();
    pod.vault.instead['PUT sys/init'] = reply;
    expect(await pod.run()).toMatchObject(fails(`the request to initialise did not bring keys: ${words}. Vault is not initialised`));
    expect([pod.held(), pod.kept]).toEqual([undefined, {}]);
    // where nothing happened the next container tries again
    delete pod.vault.instead['PUT sys/init'];
    expect(await pod.run()).toMatchObject(done);
  });

  test.each([
    ['a 5xx', { status: 500, body: { errors: ['failed to unseal'] } }],
    ['KMS denies kms:Encrypt', { status: 400, body: { errors: ['failed to store keys: AccessDeniedException'] } }],
  ])('fails after the keyring was written, with %s: it is not called refused', async (_, reply) => {
    await make();
    pod.vault.instead['PUT sys/init'] = () => {
      pod.vault.initialised = true;
      return reply;
    };
    expect(await pod.run()).toMatchObject(
      fails(
        `Vault answered ${reply.status} (${reply.body.errors[0]}). But Vault is initialised now, and nobody holds its recovery keys: see docs/operations.md, "The one loss"`,
      ),
    );
  });

  test('fails, and Vault says nothing more: it may be initialised', async () => {
    await make();
    pod.vault.instead['PUT sys/init'] = () => {
      pod.vault.instead['GET sys/init'] = { status: 500, body: { errors: ['storage is away'] } };
      return 'break off';
    };
    expect(await pod.run()).toMatchObject(fails('Vault may be initialised all the same'));
  });

  test('is never sent on to another server', async () => {
    await make();
    pod.vault.instead['PUT sys/init'] = { status: 307, headers: { location: `${pod.vault.address}/v1/sys/elsewhere` } };
    expect(await pod.run()).toMatchObject(fails('the request to initialise did not bring keys: Vault answered 307'));
    expect(pod.vault.writes).toEqual(['PUT sys/init']);
  });

  test('somebody else was faster: their keys are not ours', async () => {
    await make();
    pod.vault.instead['PUT sys/init'] = () => {
      pod.vault.initialise();
      return alreadyInitialised;
    };
    expect(await pod.run()).toMatchObject(
      fails('Vault answered 400 (Vault is already initialized). Somebody else initialised it a moment ago, and holds its recovery keys'),
    );
    expect([pod.held(), pod.vault.rootLives]).toEqual([undefined, true]);
    // nor is their root token, whatever they make of it
    expect(await pod.run()).toMatchObject(fails(/others may hold them and use this Vault: if so, set adopt: true/));
    expect(pod.vault.rootLives).toBe(true);
  });

  test('Vault says so while an earlier request may have done it: nobody can tell who holds the keys', async () => {
    await make();
    // the connection breaks while Vault is still at work
    pod.vault.instead['PUT sys/init'] = 'break off';
    expect(await pod.run()).toMatchObject(fails('Vault is not initialised'));
    pod.vault.instead['PUT sys/init'] = () => {
      pod.vault.initialise();
      return alreadyInitialised;
    };
    expect(await pod.run()).toMatchObject(fails('But Vault is initialised now, and nobody holds its recovery keys'));
  });

  test('a request that Vault refuses leaves nothing behind: who initialises by hand is not taken for this Job', async () => {
    await make();
    pod.vault.instead['PUT sys/init'] = { status: 400, body: { errors: ['error parsing PGP keys'] } };
    expect(await pod.run()).toMatchObject(fails('error parsing PGP keys). Vault is not initialised'));
    pod.vault.initialise();
    expect(await pod.run()).toMatchObject(fails(/others may hold them and use this Vault: if so, set adopt: true/));
    expect(pod.vault.rootLives).toBe(true);
  });

  test('another init Job would make other keys: neither initialises until one is deleted', async () => {
    await make();
    const rival = (keys: string) => ({
      metadata: { name: 'vault-init-old', uid: 'another', annotations: { 'cdk8s-vault/keys': keys } },
      status: {},
    });
    pod.kubernetes.put('jobs/vault-init-old', rival('other'));
    expect(await pod.run()).toMatchObject(
      fails(
        /gave up waiting for other init Jobs to be gone: vault-init-old would make other keys.*kubectl delete job vault-init-old, or this one, vault-init-0/,
      ),
    );
    expect(pod.vault.writes).toEqual([]);
    // one that asks for the same is none
    pod.kubernetes.put('jobs/vault-init-old', rival(pod.plan['keys']));
    expect(await pod.run()).toMatchObject(done);
  });

  test('a Vault that is to be adopted is not initialised: it is another one', async () => {
    await make({ adopt: true });
    expect(await pod.run()).toMatchObject(
      fails('adopt is true, but this Vault is not initialised: it reads another table than the one to adopt'),
    );
    expect(pod.vault.writes).toEqual([]);
  });

  test('the connection breaks before an answer: said, and the next container says that nobody holds the keys', async () => {
    await make();
    pod.vault.instead['PUT sys/init'] = () => {
      pod.vault.initialise();
      return 'break off';
    };
    expect(await pod.run()).toMatchObject(fails('But Vault is initialised now, and nobody holds its recovery keys'));
    delete pod.vault.instead['PUT sys/init'];
    expect(await pod.run()).toMatchObject(
      fails(/nobody holds its recovery keys: the run of vault-init-pod, since [\dT:.-]+Z, ended before custody \(recovery\) had them/),
    );
    expect(pod.vault.writes.filter(write => write === 'PUT sys/init')).toHaveLength(1);
  });

  test('half an answer: custody gets it as it is, and the Job fails', async () => {
    await make();
    pod.vault.instead['PUT sys/init'] = 'half';
    expect(await pod.run()).toMatchObject(fails('the answer to the initialisation is not whole; what came of it is in custody (recovery)'));
    const whole = JSON.stringify(pod.vault.initAnswer);
    expect(pod.aws.held('recovery')).toBe(whole.slice(0, whole.length / 2));
  });

  test('Vault says something else than yes or no about itself: it is not "not initialised"', async () => {
    await make();
    for (const reply of [
      { status: 500, body: { initialized: false } },
      { status: 200, body: { initialized: 'false' } },
      { status: 200, body: 'no' },
    ]) {
      pod.vault.instead['GET sys/init'] = reply;
      expect(await pod.run()).toMatchObject(fails('gave up waiting for a valid answer from https://127.0.0.1'));
    }
    expect(pod.vault.writes).toEqual([]);
  });
});

describe('custody goes away after its proof', () => {
  const goAway = () => pod.aws.failing.set('PutSecretValue vault-recovery-keys', unavailable);
  const comeBack = () => pod.aws.failing.clear();

  test('storing goes on until it is back', async () => {
    await make();
    goAway();
    const ended = pod.run();
    await pod.says('waiting for custody to take the recovery keys, without end: PutSecretValue: InternalServiceError: try again');
    // longer than anything else is waited for
    await new Promise(resolve => setTimeout(resolve, 600));
    expect(pod.vault.writes).toEqual(['PUT sys/init']);
    comeBack();
    expect(await ended).toMatchObject(done);
    expect(pod.held()).toEqual(keys());
  });

  test('the budget guards the pod from before the request until custody has the keys', async () => {
    await make();
    goAway();
    pod.vault.instead['PUT sys/init'] = () => {
      expect(pod.kubernetes.get('poddisruptionbudgets/vault-init')).toMatchObject({
        metadata: { ownerReferences: [{ kind: 'Job', name: 'vault-init-0', uid: 'uid-of-the-job' }] },
        spec: { minAvailable: 1, selector: { matchLabels: { 'batch.kubernetes.io/controller-uid': 'uid-of-the-job' } } },
      });
      return undefined;
    };
    const ended = pod.run();
    await pod.says('waiting for custody to take the recovery keys');
    expect(pod.kubernetes.get('poddisruptionbudgets/vault-init')).toBeDefined();
    comeBack();
    expect(await ended).toMatchObject(done);
    expect(pod.kubernetes.get('poddisruptionbudgets/vault-init')).toBeUndefined();
  });

  test('told to stop, the keys come first, and it says until when custody must be back: as long as its identity lasts', async () => {
    await make();
    pod.aws.sessionSeconds = 1200;
    goAway();
    const ended = pod.run();
    await pod.says('waiting for custody to take the recovery keys');
    pod.terminate();
    await pod.says('told to stop, but this pod holds the only copy of the recovery keys: storing them first');
    const [, until = '', why] = /Custody must take them by (\S+), when (.*)/.exec(pod.output) ?? [];
    // the web identity token is good for an hour, the grace period for 24
    expect([Math.round((Date.parse(until) - Date.now()) / 60_000), why]).toEqual([60, 'this pod’s identity ends']);
    comeBack();
    expect(await ended).toMatchObject(done);
    expect([pod.held(), pod.vault.rootLives]).toEqual([keys(), false]);
  });

  test('told to stop with a token that cannot be read, it goes on all the same', async () => {
    await make();
    goAway();
    const ended = pod.run();
    await pod.says('waiting for custody to take the recovery keys');
    pod.mount('var/run/secrets/eks.amazonaws.com/serviceaccount/token', 'no token');
    expect(() => pod.terminate()).not.toThrow();
    comeBack();
    expect(await ended).toMatchObject(done);
  });

  test('told to stop with a day of identity left: by the end of the grace period', async () => {
    await make();
    pod.mount('var/run/secrets/eks.amazonaws.com/serviceaccount/token', serviceAccountToken(25 * 3600));
    goAway();
    const ended = pod.run();
    await pod.says('waiting for custody to take the recovery keys');
    pod.terminate();
    await pod.says('when this pod’s grace period ends');
    comeBack();
    expect(await ended).toMatchObject(done);
  });
});

describe('told to stop', () => {
  test('with nothing to lose it stops, and gives the Lease back', async () => {
    await make();
    pod.vault.instead['GET sys/init'] = { status: 500 };
    const ended = pod.run();
    await pod.says('waiting for a valid answer from https');
    pod.terminate();
    expect(await ended).toMatchObject({ status: 143, output: expect.stringMatching(/init: told to stop\n$/) });
    expect(pod.kubernetes.get('leases/vault-changes').spec.holderIdentity).toBe('');
  });

  test('between custody and the admin path it goes on, however long it takes: a root token is live', async () => {
    await make();
    pod.vault.instead['GET sys/health?standbyok=true'] = { status: 503 };
    const ended = pod.run();
    await pod.says('waiting for Vault to unseal itself: its health is 503');
    pod.terminate();
    await pod.says('told to stop, but a root token is live: making the admin path and revoking it first');
    await new Promise(resolve => setTimeout(resolve, 600));
    delete pod.vault.instead['GET sys/health?standbyok=true'];
    expect(await ended).toMatchObject(done);
    expect(pod.vault.rootLives).toBe(false);
  });
});

describe('after the keys are in custody', () => {
  test('a standby that sends on to the active server is followed', async () => {
    await make();
    pod.vault.instead['PUT auth/kubernetes/login'] = () => {
      delete pod.vault.instead['PUT auth/kubernetes/login'];
      return { status: 307, headers: { location: `${pod.vault.address}/v1/auth/kubernetes/login` } };
    };
    expect(await pod.run()).toMatchObject(done);
    expect(pod.output).not.toContain('waiting for a login');
  });

  test('a standby that sends on to plain HTTP is not', async () => {
    await make();
    pod.vault.instead['PUT auth/kubernetes/login'] = { status: 307, headers: { location: 'http://127.0.0.1:1/v1/auth/kubernetes/login' } };
    expect(await pod.run()).toMatchObject(fails('sends on to http://127.0.0.1:1'));
  });

  test('a root token that lives on is no success', async () => {
    await make();
    pod.vault.instead['PUT auth/token/revoke-self'] = { status: 204 }; // and yet it lives
    expect(await pod.run()).toMatchObject(fails('gave up waiting for the root token to be revoked: the root token still lives'));
  });

  test('a login that fails is no success, and the root token stays to mend it', async () => {
    await make();
    pod.vault.instead['PUT auth/kubernetes/login'] = loginDenied;
    expect(await pod.run()).toMatchObject(fails('the login as vault-init: Vault answered 403 (permission denied)'));
    expect(pod.vault.rootLives).toBe(true);
    // and the next container goes on from the kept answer
    delete pod.vault.instead['PUT auth/kubernetes/login'];
    expect(await pod.run()).toMatchObject(done);
    expect(pod.vault.rootLives).toBe(false);
  });
});

describe('custody holds keys', () => {
  const initialiseOnce = async () => {
    await make();
    expect(await pod.run()).toMatchObject(done);
    pod.vault.asked.length = 0;
  };

  test('and a login works: there is nothing to do', async () => {
    await initialiseOnce();
    expect(await pod.run()).toMatchObject(done);
    expect(pod.vault.writes.filter(write => !/token|login/.test(write))).toEqual([]);
  });

  test('a root token that somebody made since is named, and lives on: he may be breaking glass', async () => {
    await initialiseOnce();
    pod.vault.addToken('hvs.5ecre7-glass', ['root']);
    expect(await pod.run()).toMatchObject(done);
    expect(pod.output).toContain(
      'a root token lives, with accessor accessor-hvsglass, made 2026-01-02T03:04:05.000Z: if nobody is at work with it, revoke it',
    );
    expect(pod.vault.tokens.has('hvs.5ecre7-glass')).toBe(true);
  });

  test('but Vault is not initialised: it reads another table, or an empty one', async () => {
    await initialiseOnce();
    pod.vault.initialised = false;
    expect(await pod.run()).toMatchObject(fails('custody (recovery) holds recovery keys, but this Vault is not initialised'));
    expect(pod.vault.writes).toEqual([]);
  });

  test('but no server leads: a login that nobody can answer is no "no"', async () => {
    await initialiseOnce();
    let failures = 7;
    const nobody = { status: 500, body: { errors: ['local node not active but active cluster node not found'] } };
    pod.vault.instead['PUT auth/kubernetes/login'] = () => (failures-- > 0 ? nobody : undefined);
    expect(await pod.run()).toMatchObject({
      status: 0,
      output: expect.stringContaining(
        'waiting for a valid answer about a login through the admin path: the login as vault-init: Vault answered 500',
      ),
    });
    failures = Number.POSITIVE_INFINITY;
    expect(await pod.run()).toMatchObject(fails('gave up waiting for a valid answer about a login through the admin path'));
  });

  test('but no login works, and the run that initialised is not done: a root token is live, and the message says where', async () => {
    await initialiseOnce();
    pod.vault.roles.clear();
    pod.record = { progress: 'keys in custody' };
    expect(await pod.run()).toMatchObject(fails('A root token is live: in secret recovery.'));
  });

  test('but no login works, though that run was done: no root token is claimed', async () => {
    await initialiseOnce();
    pod.vault.roles.clear();
    const { output } = await pod.run();
    expect(output).toContain('no login through the admin path works: it was changed or taken away since');
    expect(output).not.toContain('root token is live');
  });
});

describe('the sweep for root tokens', () => {
  const unfinished = async (progress = 'keys in custody') => {
    await make();
    pod.vault.initialise();
    pod.vault.establish();
    pod.aws.secrets.set('recovery', { versions: new Map([['vault-recovery-keys-0', { text: '{}', stages: ['vault-recovery-keys'] }]]) });
    pod.record = { progress };
  };

  test('a run that finds the initialising one unfinished revokes its root token, a line a token', async () => {
    await unfinished();
    pod.vault.addToken('hvs.5ecre7-other', ['root']);
    expect(await pod.run()).toMatchObject(done);
    expect(pod.output.match(/revoked the root token with accessor accessor-hvs(root|other), made 2026-01-02T03:04:05.000Z/g)).toHaveLength(
      2,
    );
    expect([pod.vault.rootLives, pod.record]).toEqual([
      false,
      { progress: 'done', pod: 'an-earlier-pod', since: '2026-01-01T00:00:00.000Z' },
    ]);
  });

  test('155 tokens, 5 of them root, and the Job’s own token dies again and again meanwhile', async () => {
    await unfinished();
    for (let index = 0; index < 150; index++) pod.vault.addToken(`hvs.5ecre7-user-${index}`, ['default']);
    for (let index = 0; index < 4; index++) pod.vault.addToken(`hvs.5ecre7-root-${index}`, ['root']);
    let calls = 0;
    const dieOften = () => {
      calls += 1;
      if (calls % 40 === 0) for (const token of [...pod.vault.tokens.keys()]) if (token.includes('login')) pod.vault.tokens.delete(token);
      return undefined;
    };
    for (const path of ['lookup-accessor', 'revoke-accessor']) pod.vault.instead[`PUT auth/token/${path}`] = dieOften;
    expect(await pod.run()).toMatchObject(done);
    expect(calls).toBeGreaterThan(155);
    expect([...pod.vault.tokens.values()].filter(({ policies }) => policies.includes('root'))).toEqual([]);
    expect(pod.output.match(/revoked the root token/g)).toHaveLength(5);
    expect(pod.output).toContain('no root token is left');
  });

  test('an accessor whose token is gone is denied: it is no root token, and no reason to wait', async () => {
    await unfinished();
    pod.vault.danglingAccessors.push('accessor-of-nothing');
    expect(await pod.run()).toMatchObject(done);
    expect([pod.vault.rootLives, pod.output.includes('no root token is left')]).toEqual([false, true]);
  });

  test('a Job that may look up no token does not say that none is left', async () => {
    await unfinished();
    pod.vault.instead['PUT auth/token/lookup-accessor'] = {
      status: 403,
      body: { errors: ['1 error occurred:\n\t* permission denied\n\n'] },
    };
    const { status, output } = await pod.run();
    expect([status, output.includes('no root token is left')]).toEqual([1, false]);
  });

  test('a Job that may look up, but not revoke, does not say that none is left', async () => {
    await unfinished();
    pod.vault.instead['PUT auth/token/revoke-accessor'] = {
      status: 403,
      body: { errors: ['1 error occurred:\n\t* permission denied\n\n'] },
    };
    const { status, output } = await pod.run();
    expect([status, output.includes('no root token is left'), pod.vault.rootLives]).toEqual([1, false, true]);
  });

  test('tokens that come and go meanwhile neither stop nor prolong it', async () => {
    await unfinished();
    for (let index = 0; index < 50; index++) pod.vault.addToken(`hvs.5ecre7-user-${index}`, ['default']);
    let come = 0;
    pod.vault.instead['PUT auth/token/lookup-accessor'] = () => {
      come += 1;
      pod.vault.addToken(`hvs.5ecre7-new-${come}`, ['default']);
      pod.vault.tokens.delete(`hvs.5ecre7-user-${come + 3}`);
      return undefined;
    };
    expect(await pod.run()).toMatchObject(done);
    expect(pod.vault.rootLives).toBe(false);
    // two looks: the second finds no root token among those that came since
    expect(come).toBeLessThan(150);
  });
});

describe('Vault is initialised, custody is empty', () => {
  const inUse = () => {
    pod.vault.initialise();
    pod.vault.establish();
  };

  test('and logins work: it is in use, and nothing is called lost', async () => {
    await make();
    inUse();
    const { status, output } = await pod.run();
    expect([status, output]).toEqual([
      1,
      expect.stringContaining(
        'Vault is in use: a login through the admin path works. But custody (recovery) holds none of its recovery keys',
      ),
    ]);
    expect(output).not.toMatch(/nobody holds|The one loss/);
    expect(pod.vault.rootLives).toBe(true);
  });

  test('no login works, and no run of this Job left it so: others may use it', async () => {
    await make();
    pod.vault.initialise();
    const { status, output } = await pod.run();
    expect([status, output]).toEqual([
      1,
      expect.stringContaining('No run of this Job left them unstored, so others may hold them and use this Vault'),
    ]);
    expect(output).not.toMatch(/nobody holds|The one loss/);
  });

  test('no login works, and a run of this Job was initialising: nobody holds the keys', async () => {
    await make();
    pod.vault.initialise();
    pod.record = { progress: 'asked Vault to initialise' };
    expect(await pod.run()).toMatchObject(
      fails(
        'nobody holds its recovery keys: the run of an-earlier-pod, since 2026-01-01T00:00:00.000Z, ended before custody (recovery) had them',
      ),
    );
  });

  test('adopted: fine where a login works, and its owners’ root tokens are left alone', async () => {
    await make({ adopt: true });
    inUse();
    expect(await pod.run()).toMatchObject(done);
    expect([pod.vault.rootLives, pod.output.includes('a root token lives, with accessor accessor-hvsroot')]).toEqual([true, true]);
  });

  test('adopted, but without an admin path', async () => {
    await make({ adopt: true });
    pod.vault.initialise();
    expect(await pod.run()).toMatchObject(fails('Vault is adopted, but no login through the admin path works'));
  });
});

describe('an earlier container of the pod kept the answer', () => {
  const kept = async () => {
    await make();
    pod.vault.initialise();
    pod.mount('keys/answer.json', JSON.stringify(pod.vault.initAnswer));
  };

  test('the next goes on from there, and initialises nothing', async () => {
    await kept();
    expect(await pod.run()).toMatchObject(done);
    expect(pod.output).toContain('this pod kept the answer of the initialisation: custody comes before all else');
    expect([pod.held(), pod.vault.rootLives, pod.vault.writes.includes('PUT sys/init')]).toEqual([keys(), false, false]);
  });

  test.each([
    ['whole', (text: string) => text, 0],
    ['half', (text: string) => text.slice(0, 80), 1],
  ])('it died while the answer arrived, %s: custody gets what there is', async (_, part, status) => {
    await make();
    pod.vault.initialise();
    const answer = part(JSON.stringify(pod.vault.initAnswer));
    pod.mount('keys/arriving.json', answer);
    expect(await pod.run()).toMatchObject({ status });
    expect(pod.aws.held('recovery')).toBe(status === 0 ? JSON.stringify(keys()) : answer);
  });

  test('it had revoked the root token already: a login through the admin path is enough', async () => {
    await kept();
    pod.vault.tokens.clear();
    pod.vault.establish();
    expect(await pod.run()).toMatchObject(done);
    expect(pod.vault.writes.filter(write => write.includes('sys/'))).toEqual([]);
  });

  test('somebody else revoked the root token before there was an admin path: no success', async () => {
    await kept();
    pod.vault.tokens.clear();
    expect(await pod.run()).toMatchObject(fails('gave up waiting for a login through the admin path'));
  });

  test('of a Vault that is gone: custody has it first, then the Job says so', async () => {
    await kept();
    pod.vault.initialised = false;
    expect(await pod.run()).toMatchObject(fails('this Vault is not initialised, but this pod initialised one'));
    expect([pod.held(), Object.keys(pod.kept), pod.vault.writes]).toEqual([keys(), ['answer.json'], []]);
  });

  test('it never gives up on custody, asks nobody else before, and is not stopped', async () => {
    await kept();
    pod.aws.failing.set('DescribeSecret', unavailable);
    const ended = pod.run();
    await pod.says('waiting for a valid answer from custody');
    await new Promise(resolve => setTimeout(resolve, 600));
    pod.terminate();
    await pod.says('told to stop, but this pod holds the only copy');
    expect([pod.vault.asked, pod.kubernetes.asked]).toEqual([[], []]);
    pod.aws.failing.clear();
    expect(await ended).toMatchObject({ status: 0 });
    expect(pod.held()).toEqual(keys());
  });
});

describe('its identity in AWS', () => {
  test('asks for the longest session, and where the role allows less, for an hour', async () => {
    await make();
    pod.aws.maxSession = 3600;
    expect(await pod.run()).toMatchObject(done);
    const asked = pod.aws.asked
      .filter(({ headers }) => headers['x-amz-target'] === undefined)
      .map(({ body }) => new URLSearchParams(body).get('DurationSeconds'));
    expect(asked).toEqual(['43200', '3600']);
  });

  test('is renewed before it ends', async () => {
    await make();
    pod.aws.sessionSeconds = 600; // less than a quarter of an hour: renewed at each call
    expect(await pod.run()).toMatchObject(done);
    expect(pod.aws.sessions).toBeGreaterThan(1);
  });

  test('was not given by the webhook: said', async () => {
    await make();
    pod.env['AWS_ROLE_ARN'] = undefined;
    expect(await pod.run()).toMatchObject(fails('this pod has no AWS identity: its ServiceAccount lacks eks.amazonaws.com/role-arn'));
  });

  test.each([
    ['the web identity token', 'var/run/secrets/eks.amazonaws.com/serviceaccount/token', 'the pod identity webhook gave this pod no token'],
    ['the token for the API server', 'var/run/secrets/kubernetes.io/serviceaccount/token', 'the pod lacks the volume api-token'],
    ['the token for Vault', 'var/run/secrets/vault/token', 'the pod lacks the volume vault-token'],
    ['the authority of the servers', 'tls/ca.crt', 'the Secret with the servers’ certificate has no ca.crt. Its issuer gave none'],
  ])('%s is missing: a clear line', async (_, path, words) => {
    await make();
    pod.mount(path, undefined);
    expect(await pod.run()).toMatchObject(fails(words));
  });
});

describe('other places of custody', () => {
  test('one secret for each key: no place holds two, and none the root token', async () => {
    await make({ custody: Custody.secretsManager(['a', 'b']) });
    pod.vault.recoveryKeys = ['5ecre7-1', '5ecre7-2'];
    expect(await pod.run()).toMatchObject(done);
    expect([pod.held('a'), pod.held('b')]).toEqual([
      { share: 1, recovery_key_base64: '5ecre7-1' },
      { share: 2, recovery_key_base64: '5ecre7-2' },
    ]);
    expect(await pod.run()).toMatchObject({ status: 0, output: expect.stringContaining('keys in custody: all') });
  });

  test('one of two was stored when the container died: the next stores the other', async () => {
    await make({ custody: Custody.secretsManager(['a', 'b']) });
    pod.vault.recoveryKeys = ['5ecre7-1', '5ecre7-2'];
    pod.aws.failing.set('PutSecretValue vault-recovery-keys', unavailable);
    const stop = pod.run();
    await pod.says('waiting for custody to take the recovery keys');
    // the first is there, the second is not
    pod.aws.secrets.get('a')?.versions.set('vault-recovery-keys-1', { text: '{"share":1}', stages: ['vault-recovery-keys'] });
    pod.aws.failing.clear();
    expect(await stop).toMatchObject(done);
    expect([pod.held('a').share, pod.held('b').share]).toEqual([1, 2]);
  });

  test('one of two holds a key, and no answer is kept: said', async () => {
    await make({ custody: Custody.secretsManager(['a', 'b']) });
    pod.vault.recoveryKeys = ['5ecre7-1', '5ecre7-2'];
    expect(await pod.run()).toMatchObject(done);
    pod.aws.makeSecret('b');
    expect(await pod.run()).toMatchObject(fails('custody (a, b) holds only some of its recovery keys'));
  });

  test('a Kubernetes Secret, which a dry run finds, and nothing reads', async () => {
    await make({ custody: Custody.kubernetesSecret('recovery') });
    expect(await pod.run()).toMatchObject(done);
    expect(pod.kubernetes.get('secrets/recovery')).toMatchObject({ immutable: true });
    expect(JSON.parse(pod.kubernetes.get('secrets/recovery').stringData['answer.json'])).toEqual(keys());
    expect(await pod.run()).toMatchObject({ status: 0, output: expect.stringContaining('keys in custody: all') });
    expect(pod.kubernetes.asked.filter(({ method, path }) => method === 'GET' && path.includes('secrets'))).toEqual([]);
    expect(pod.aws.asked).toEqual([]);
  });

  test('a Kubernetes Secret whose quota is just being counted: 409, and nothing is made', async () => {
    await make({ custody: Custody.kubernetesSecret('recovery') });
    const conflict = {
      status: 409,
      body: {
        kind: 'Status',
        status: 'Failure',
        reason: 'Conflict',
        message: 'Operation cannot be fulfilled on resourcequotas "q"',
        code: 409,
      },
    };
    let quotaConflicts = 2;
    pod.kubernetes.instead[`POST api/v1/namespaces/${pod.env['NAMESPACE']}/secrets`] = () => (quotaConflicts-- > 0 ? conflict : undefined);
    expect(await pod.run()).toMatchObject(done);
    expect(pod.output).toContain(
      'waiting for custody to take the recovery keys, without end: creating Secret recovery: Kubernetes answered 409',
    );
    expect(pod.kubernetes.get('secrets/recovery')).toMatchObject({ immutable: true });
  });

  describe('the log, for what is encrypted', () => {
    const key = Buffer.concat([Buffer.from([0x99, 0x01, 0x0d]), Buffer.alloc(269, 7)]).toString('base64');
    const encrypted = async () => {
      await make({ custody: Custody.log(), pgpKeys: [key], rootTokenPgpKey: key } as Parameters<typeof InitPod.create>[0]);
      pod.vault.instead['PUT sys/init'] = () => {
        pod.vault.initialised = true;
        return { status: 200, body: { recovery_keys: ['c0ffee'], recovery_keys_base64: ['cipher-key'], root_token: 'cipher-token' } };
      };
    };

    test('holds the ciphertext; no admin path is made', async () => {
      await encrypted();
      expect(await pod.run()).toMatchObject(done);
      expect(pod.output).toContain('init: the answer, encrypted: {"recovery_keys_base64":["cipher-key"],"root_token":"cipher-token"}\n');
      expect(pod.vault.asked.find(({ path, method }) => method === 'PUT' && path === 'sys/init')?.body).toMatchObject({
        recovery_pgp_keys: [key],
        root_token_pgp_key: key,
      });
      expect(pod.vault.writes).toEqual(['PUT sys/init']);
    });

    test('applied again: it says in whose log the keys are, and calls nothing lost', async () => {
      await encrypted();
      await pod.run();
      expect(await pod.run()).toMatchObject(done);
      expect(pod.output).toMatch(/the recovery keys, encrypted, are in the log of pod vault-init-pod, since/);
    });

    test('the run that initialised died before its line: it says that the log may hold them or not', async () => {
      await encrypted();
      pod.vault.initialised = true;
      pod.record = { progress: 'asked Vault to initialise' };
      expect(await pod.run()).toMatchObject(fails('If its log does not hold them, nobody holds its recovery keys'));
    });

    test('somebody else initialised Vault: said, and not called lost', async () => {
      await encrypted();
      pod.vault.initialised = true;
      expect(await pod.run()).toMatchObject(fails('no run of this Job did it'));
    });

    test('never takes what would come in clear, whatever the plan says', async () => {
      await encrypted();
      const { root_token_pgp_key: _, ...clear } = pod.plan.request;
      pod.mount('program/plan.json', JSON.stringify({ ...pod.plan, request: clear }));
      expect(await pod.run()).toMatchObject(fails('which the log may hold only encrypted,.root_token_pgp_key is no string'));
      expect(pod.vault.asked).toEqual([]);
    });
  });
});

describe('the Lease', () => {
  const lease = (renewed: Date) => ({
    metadata: { name: 'vault-changes', annotations: { 'example.com/kept': 'yes' } },
    spec: { holderIdentity: 'another-pod', leaseDurationSeconds: 30, renewTime: renewed.toISOString().replace('Z', '000Z') },
  });

  test('held by another pod: it waits, says for whom, and asks nothing before', async () => {
    await make();
    pod.kubernetes.put('leases/vault-changes', lease(new Date()));
    const ended = pod.run();
    await pod.says('waiting for Lease vault-changes of namespace vault: held by another-pod');
    expect(pod.vault.asked).toEqual([]);
    pod.kubernetes.objects.clear();
    expect(await ended).toMatchObject(done);
    expect(pod.kubernetes.get('leases/vault-changes').spec.holderIdentity).toBe('');
  });

  test('of a pod that is gone: it is taken over, with its annotations', async () => {
    await make();
    pod.kubernetes.put('leases/vault-changes', lease(new Date(Date.now() - 60_000)));
    expect(await pod.run()).toMatchObject(done);
    expect(pod.kubernetes.get('leases/vault-changes').metadata.annotations).toMatchObject({ 'example.com/kept': 'yes' });
  });

  test('two that claim it at once: the version decides', async () => {
    await make();
    let conflicts = 2;
    pod.kubernetes.put('leases/vault-changes', lease(new Date(Date.now() - 60_000)));
    pod.kubernetes.instead['PUT apis/coordination.k8s.io/v1/namespaces/vault/leases/vault-changes'] = () =>
      conflicts-- > 0 ? { status: 409, body: { reason: 'Conflict', message: 'the object has been modified' } } : undefined;
    expect(await pod.run()).toMatchObject(done);
    expect(pod.output).toContain(
      'waiting for Lease vault-changes of namespace vault: taking Lease vault-changes: Kubernetes answered 409 (the object has been modified)',
    );
  });
});

describe('the budget', () => {
  test('of an earlier Job is replaced before Vault is initialised', async () => {
    await make();
    pod.kubernetes.put('poddisruptionbudgets/vault-init', { metadata: { name: 'vault-init', ownerReferences: [{ uid: 'another-job' }] } });
    expect(await pod.run()).toMatchObject(done);
    expect(pod.kubernetes.get('poddisruptionbudgets/vault-init')).toBeUndefined();
  });

  test('of this Job goes where a new pod finds that there is nothing to guard: it would block drains', async () => {
    await make();
    pod.vault.initialise();
    pod.kubernetes.put('poddisruptionbudgets/vault-init', {
      metadata: { name: 'vault-init', ownerReferences: [{ uid: 'uid-of-the-job' }] },
    });
    expect(await pod.run()).toMatchObject({ status: 1 });
    expect(pod.kubernetes.get('poddisruptionbudgets/vault-init')).toBeUndefined();
  });

  test('of another Job stays: its pod may hold keys', async () => {
    await make();
    pod.vault.initialise();
    pod.kubernetes.put('poddisruptionbudgets/vault-init', { metadata: { name: 'vault-init', ownerReferences: [{ uid: 'another-job' }] } });
    expect(await pod.run()).toMatchObject({ status: 1 });
    expect(pod.kubernetes.get('poddisruptionbudgets/vault-init')).toBeDefined();
  });

  test('does not count the pod: nothing is initialised', async () => {
    await make();
    pod.kubernetes.healthy = 0;
    expect(await pod.run()).toMatchObject(fails('waiting for PodDisruptionBudget vault-init to count this pod: it counts 0 healthy pods'));
    expect(pod.vault.writes).toEqual([]);
  });
});

test('it does not speak to a Vault whose certificate is for another name', async () => {
  await make();
  const other = new (pod.vault.constructor as new () => typeof pod.vault)();
  await other.listen(['elsewhere.example.com']);
  pod.env['VAULT_ADDR'] = other.address;
  pod.mount('tls/ca.crt', other.certificate);
  expect(await pod.run()).toMatchObject(fails(/waiting for a valid answer from https.*altnames/));
  expect(other.asked).toEqual([]);
  other.close();
});
