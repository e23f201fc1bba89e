import { afterAll, beforeAll, expect, jest, test } from '@jest/globals';
import { Custody, VaultInit } from '../../charts';
import type { Manifest } from '../support/render';
import { TestCa } from './support/certificates';
import { aws, enforceIam, Installation, kubectl } from './support/cluster';
import { Killer } from './support/killer';
import { eventually } from './support/shell';

jest.setTimeout(5 * 60_000);

const installation = new Installation('vault-e2e-drain');
const ca = new TestCa();
const killer = new Killer(installation.namespace);
const initPod = 'app.kubernetes.io/component=init';
let node = '';
let dist: string;
let init: VaultInit;

/** The dist whose Job brings the keys into this secret. */
function synth(secret: string) {
  return installation.synth({ replicas: 1 }, (app, vault) => {
    const role = `${installation.namespace}-init`;
    init = new VaultInit(app, 'init', { vault, role, custody: Custody.secretsManager(`${installation.namespace}/${secret}`) });
  });
}

/** The init Job's newest pod, once its container runs or ran. */
const pod = () =>
  eventually('the container of the Job to have started', 120, async (): Promise<Manifest> => {
    const found = (await installation.get('pods', '-l', initPod)).items.find(
      ({ status }: Manifest) => status.containerStatuses !== undefined,
    );
    if (found === undefined) throw new Error('no pod');
    return found;
  });

const says = (text: string) =>
  eventually(`the Job to say "${text}"`, 120, async () => expect(await installation.initLogs()).toContain(text));

/** What `kubectl drain` says to the Job's pod; other pods stay. */
const drain = () => kubectl(['drain', node, `--pod-selector=${initPod}`, '--delete-emptydir-data', '--timeout=15s'], { accept: [0, 1] });

beforeAll(async () => {
  await installation.remove();
  await ca.create();
  await killer.create();
  const { dist: first, vault } = synth('recovery');
  dist = first;
  if (init.role === undefined) throw new Error('no role');
  await installation.makeAws(vault);
  await installation.makeRole(init.role);
  for (const secret of ['recovery', 'elsewhere'])
    await aws(['secretsmanager', 'create-secret', '--name', `${installation.namespace}/${secret}`]);
  await enforceIam();
  await installation.makePrerequisites(vault, ca);
});

afterAll(async () => {
  if (node !== '') await kubectl(['uncordon', node]);
  await killer.remove();
  await installation.remove();
  ca.remove();
});

test('while the pod holds the only copy of the keys, a drain waits for it; afterwards nothing guards it any more', async () => {
  await kubectl(['apply', '-k', dist]);
  const { metadata, spec } = await pod();
  node = spec.nodeName;
  const program = 'node --use-system-ca /program/';
  const freeze = killer.aim(node, metadata.name, program);
  await eventually('Vault to be asked', 120, async () => expect(await installation.initLogs()).toContain('initialising Vault'));
  await freeze('STOP');
  if (init.role === undefined) throw new Error('no role');
  await installation.deny(init.role);
  await killer.aim(node, metadata.name, program)('CONT');
  await says('waiting for custody to take the recovery keys');
  expect(await drain()).toMatchObject({ status: 1, stderr: expect.stringContaining("violate the pod's disruption budget") });
  const kept = (await pod()).metadata;
  expect([kept.name, kept.deletionTimestamp]).toEqual([metadata.name, undefined]);
  await kubectl(['uncordon', node]);
  await installation.allow(init.role);
  await installation.jobsComplete(1);
  expect((await installation.get('poddisruptionbudgets', '-l', initPod)).items).toEqual([]);
});

test('a Job that fails for good does not stand in the way of a drain', async () => {
  await installation.kubectl(['delete', 'jobs', '--all', '--cascade=foreground']);
  const { dist: other } = synth('elsewhere');
  if (init.role === undefined) throw new Error('no role');
  await installation.allow(init.role);
  await installation.applyJobAs(other, 'vault-init-elsewhere');
  await says('Vault is in use: a login through the admin path works');
  const { metadata, spec } = await pod();
  node = spec.nodeName;
  expect(await drain()).toMatchObject({ status: 0, stdout: expect.stringContaining(`${metadata.name} evicted`) });
});
