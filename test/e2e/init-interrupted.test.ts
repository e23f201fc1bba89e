import { afterAll, afterEach, beforeAll, describe, expect, jest, test } from '@jest/globals';
import type { IamRole } from '../../charts';
import { TestCa } from './support/certificates';
import { aws, enforceIam, Installation, kubectl } from './support/cluster';
import { initPods, prepareInit, program, runningInitPod, says, synthInitWithRole } from './support/init';
import { Killer } from './support/killer';
import { eventually } from './support/shell';

jest.setTimeout(10 * 60_000);

/** How it may end: keys in custody and the root token dead; or a failing Job whose message says what is wrong. */
type Outcome = 'complete' | 'failing: nobody holds the keys' | 'failing: a root token is live';
const keysLost = 'failing: nobody holds the keys';
const rootLives = 'failing: a root token is live';

/** What the script says at the end of each step, and how a Vault may end whose Job is interrupted there by a killed container or a deleted pod. */
const steps: readonly (readonly [string, { readonly killed: readonly Outcome[]; readonly deleted: readonly Outcome[] }])[] = [
  ['Vault initialised: no', { killed: ['complete'], deleted: ['complete'] }],
  // the request is under way: Vault may have written its keyring, and the answer goes to nobody
  ['initialising Vault', { killed: ['complete', keysLost], deleted: ['complete', keysLost] }],
  // the signal needs some milliseconds, and custody may be faster
  ['bringing the recovery keys into custody', { killed: ['complete'], deleted: [keysLost, rootLives] }],
  ['the recovery keys are in custody', { killed: ['complete'], deleted: ['complete', rootLives] }],
  ['a login through the admin path succeeded', { killed: ['complete'], deleted: ['complete'] }],
  ['the root token of the initialisation is revoked', { killed: ['complete'], deleted: ['complete'] }],
];

const installation = new Installation('vault-e2e-interrupted');
const secret = `${installation.namespace}/recovery`;
const ca = new TestCa();
const killer = new Killer(installation.namespace);
/** Tells at once how one run ended: all of them take ten minutes. */
const tell = (happened: string, after: string, found: string) => process.stderr.write(`${happened} | ${after} | ${found}\n`);

beforeAll(async () => {
  await installation.remove();
  await ca.create();
  await killer.create();
  await enforceIam();
});

afterEach(() => installation.remove());

afterAll(async () => {
  await killer.remove();
  ca.remove();
});

/** A fresh Vault and its init Job, just applied. */
async function start(): Promise<IamRole> {
  const app = synthInitWithRole(installation, secret);
  await prepareInit(installation, ca, app);
  await aws(['secretsmanager', 'create-secret', '--name', secret]);
  await kubectl(['apply', '-k', app.dist]);
  return app.role;
}

/** How it ends, once nothing changes any more. */
async function outcome(): Promise<Outcome> {
  return eventually('the Job to complete, or to fail with what is wrong', 180, async () => {
    const jobs = (await installation.get('jobs')).items;
    expect(jobs).toHaveLength(1);
    if (jobs[0].status.succeeded === 1) {
      await expectSuccess();
      return 'complete';
    }
    const [pod] = await initPods(installation);
    const log = (await installation.kubectl(['logs', pod.metadata.name, '--tail=5'])).stdout;
    if (log.includes('nobody holds its recovery keys')) return keysLost;
    if (log.includes('A root token is live')) return rootLives;
    throw new Error(log);
  });
}

/** A complete Job means: initialised, keys in custody, the root token of the answer dead. */
async function expectSuccess(): Promise<void> {
  const query = ['--query', 'SecretString', '--output', 'text', '--version-stage', 'vault-recovery-keys'];
  const kept = JSON.parse(await aws(['secretsmanager', 'get-secret-value', '--secret-id', secret, ...query]));
  expect(kept.recovery_keys_base64).toHaveLength(1);
  const { stderr } = await installation.vaultAs(kept.root_token, 'token', 'lookup');
  expect(stderr).toMatch(/permission denied|invalid token/);
}

describe('the container killed', () => {
  test.each(steps)('after "%s"', async (step, { killed }) => {
    await start();
    const { metadata, spec } = await runningInitPod(installation);
    const fire = killer.aim(spec.nodeName, metadata.name, program);
    await says(installation, metadata.name, step);
    await fire('KILL');
    const [status] = await eventually('the container to have ended', 60, async () => {
      const [pod] = await initPods(installation);
      const state = pod.status.containerStatuses[0];
      if (state.restartCount === 0 && state.state.terminated === undefined) throw new Error(JSON.stringify(state));
      return [state];
    });
    expect((status.lastState.terminated ?? status.state.terminated).exitCode).toBe(137);
    const found = await outcome();
    tell('container killed', step, found);
    expect(killed).toContain(found);
  });
});

describe('the pod deleted without grace', () => {
  test.each(steps)('after "%s"', async (step, { deleted }) => {
    await start();
    const { metadata, spec } = await runningInitPod(installation);
    const freeze = killer.aim(spec.nodeName, metadata.name, program);
    await says(installation, metadata.name, step);
    // kubelet lets a deleted pod go on for a second or two, in which it may come two steps further
    await freeze('STOP');
    await installation.kubectl(['delete', 'pod', metadata.name, '--grace-period=0', '--force']);
    const found = await outcome();
    tell('pod deleted', step, found);
    expect(deleted).toContain(found);
  });
});

test('Vault killed while it initialises: the keys are in custody, or the Job fails and says that nobody holds them', async () => {
  await start();
  const { metadata } = await runningInitPod(installation);
  const [server] = await installation.pods();
  const fire = killer.aim(server.spec.nodeName, 'vault-0', '/vault/bin/vault server');
  await says(installation, metadata.name, 'initialising Vault');
  await fire('KILL');
  const found = await outcome();
  tell('Vault killed', 'initialising Vault', found);
  expect(['complete', keysLost]).toContain(found);
});

// kubelet waits longer before each restart, up to five minutes: ten kills take half an hour
const kills = Number(process.env['E2E_KILLS'] ?? 3);

test(
  `custody down, ${kills} kills and a deleted Job: the keys reach custody once it is back`,
  async () => {
    const role = await start();
    const { metadata, spec } = await runningInitPod(installation);
    const freeze = killer.aim(spec.nodeName, metadata.name, program);
    await says(installation, metadata.name, 'initialising Vault');
    await freeze('STOP');
    await installation.deny(role);
    await killer.aim(spec.nodeName, metadata.name, program)('CONT');
    for (let kill = 1; kill <= kills; kill++) {
      await eventually(`restart ${kill - 1} to try custody`, 400, async () => {
        const [pod] = await initPods(installation);
        expect(pod.status.containerStatuses[0]).toMatchObject({ restartCount: kill - 1, state: { running: expect.anything() } });
        const log = (await installation.kubectl(['logs', metadata.name, '--tail=3'])).stdout;
        expect(log).toMatch(/waiting for (custody to take the recovery keys|a valid answer from custody)/);
      });
      await killer.aim(spec.nodeName, metadata.name, program)('KILL');
    }
    await eventually('the last restart', 400, async () => {
      const [pod] = await initPods(installation);
      expect(pod.status.containerStatuses[0]).toMatchObject({ restartCount: kills, state: { running: expect.anything() } });
    });
    await installation.kubectl(['delete', 'jobs', '--all', '--wait=false']);
    await eventually('the pod to be told to stop, and to stay', 60, async () => {
      const log = (await installation.kubectl(['logs', metadata.name])).stdout;
      expect(log).toContain('told to stop, but this pod holds the only copy of the recovery keys');
    });
    await installation.allow(role);
    await eventually('the pod to end', 120, async () => expect(await initPods(installation)).toEqual([]));
    await expectSuccess();
    tell(`custody down, ${kills} kills, Job deleted`, 'storing', 'keys in custody, root token dead');
  },
  (10 + 6 * kills) * 60_000,
);
