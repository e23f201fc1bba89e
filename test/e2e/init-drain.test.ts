import { join } from 'node:path';
import { afterAll, beforeAll, expect, jest, test } from '@jest/globals';
import { TestCa } from './support/certificates';
import { aws, enforceIam, Installation, kubectl } from './support/cluster';
import { initPods, prepareInit, program, runningInitPod, says, synthInitWithRole } from './support/init';
import { Killer } from './support/killer';
import { eventually } from './support/shell';

jest.setTimeout(5 * 60_000);

const installation = new Installation('vault-e2e-drain');
const ca = new TestCa();
const killer = new Killer(installation.namespace);
const recovery = `${installation.namespace}/recovery`;
const elsewhere = `${installation.namespace}/elsewhere`;
let app: ReturnType<typeof synthInitWithRole>;
let node = '';

/** What `kubectl drain` says to the Job's pod; other pods stay. */
const drain = () =>
  kubectl(['drain', node, '--pod-selector=app.kubernetes.io/component=init', '--delete-emptydir-data', '--timeout=15s'], {
    accept: [0, 1],
  });

beforeAll(async () => {
  await installation.remove();
  await ca.create();
  await killer.create();
  app = synthInitWithRole(installation, recovery);
  await prepareInit(installation, ca, app);
  for (const secret of [recovery, elsewhere]) await aws(['secretsmanager', 'create-secret', '--name', secret]);
  await enforceIam();
});

afterAll(async () => {
  if (node !== '') await kubectl(['uncordon', node]);
  await killer.remove();
  await installation.remove();
  ca.remove();
});

test('while the pod holds the only copy of the keys, a drain waits for it; afterwards nothing guards it any more', async () => {
  await kubectl(['apply', '-k', app.dist]);
  const { metadata, spec } = await runningInitPod(installation);
  node = spec.nodeName;
  const freeze = killer.aim(node, metadata.name, program);
  await says(installation, metadata.name, 'initialising Vault');
  await freeze('STOP');
  await installation.deny(app.role);
  await killer.aim(node, metadata.name, program)('CONT');
  await says(installation, metadata.name, 'waiting for custody to take the recovery keys');
  expect(await drain()).toMatchObject({ status: 1, stderr: expect.stringContaining("violate the pod's disruption budget") });
  const kept = (await initPods(installation)).map(pod => [pod.metadata.name, pod.metadata.deletionTimestamp]);
  expect(kept).toEqual([[metadata.name, undefined]]);
  await kubectl(['uncordon', node]);
  await installation.allow(app.role);
  await installation.jobsComplete(1);
  expect((await installation.get('poddisruptionbudgets', '-l', 'app.kubernetes.io/component=init')).items).toEqual([]);
});

test('a Job that fails for good does not stand in the way of a drain', async () => {
  await installation.kubectl(['delete', 'jobs', '--all', '--cascade=foreground']);
  const other = synthInitWithRole(installation, elsewhere);
  await installation.allow(other.role);
  await kubectl(['apply', '-f', join(other.dist, 'manifests', 'ConfigMap.vault-init-program.yaml')]);
  await installation.applyJobAs(other.dist, 'vault-init-elsewhere');
  await eventually('the Job to say what is wrong', 120, async () =>
    expect(await installation.initLogs()).toContain('Vault is in use: a login through the admin path works'),
  );
  const [{ metadata, spec }] = await initPods(installation);
  node = spec.nodeName;
  expect(await drain()).toMatchObject({ status: 0, stdout: expect.stringContaining(`${metadata.name} evicted`) });
});
