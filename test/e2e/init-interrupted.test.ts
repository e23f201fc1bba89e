import { afterAll, beforeAll, describe, expect, jest, test } from '@jest/globals';
import { Custody, VaultInit } from '../../charts';
import type { Manifest } from '../support/render';
import { TestCa } from './support/certificates';
import { aws, enforceIam, Installation, kubectl } from './support/cluster';
import { eventually, sleep } from './support/shell';

jest.setTimeout(5 * 60_000);

/** What the script says at the end of each step. */
const steps = [
  'Vault initialised: no',
  'initialising Vault',
  'recovery keys are in custody',
  'login through the admin path succeeded',
  'root token is revoked',
];

const installations = steps.map((_, index) => new Installation(`vault-e2e-interrupted-${index}`));
const ca = new TestCa();
const table: string[] = [];

beforeAll(async () => {
  await Promise.all(installations.map(installation => installation.remove()));
  await ca.create();
  await enforceIam();
});

afterAll(async () => {
  console.log(['pod deleted after | initialised | keys in custody | Job | root token', ...table].join('\n'));
  await Promise.all(installations.map(installation => installation.remove()));
});

/** A fresh Vault and its init Job, just applied. */
async function start(installation: Installation): Promise<void> {
  let init: VaultInit | undefined;
  const { dist, vault } = installation.synth({ replicas: 1 }, (app, server) => {
    init = new VaultInit(app, 'init', {
      vault: server,
      custody: Custody.secretsManager(`${installation.namespace}/recovery`),
      role: `${installation.namespace}-init`,
    });
  });
  if (init === undefined) throw new Error('no init chart');
  await installation.makeAws(vault);
  if (init.role !== undefined) await installation.makeRole(init.role);
  await aws(['secretsmanager', 'create-secret', '--name', `${installation.namespace}/recovery`]);
  await installation.makePrerequisites(vault, ca);
  await kubectl(['apply', '-k', dist]);
}

const initPods = async (installation: Installation): Promise<Manifest[]> =>
  (await installation.get('pods', '-l', 'app.kubernetes.io/component=init')).items;

/** Deletes the Job's pod, without grace, as soon as it says that it has come so far. */
async function deleteAfter(installation: Installation, step: string): Promise<void> {
  const pod = await eventually(`the Job to say "${step}"`, 120, async () => {
    const [first] = await initPods(installation);
    const { stdout } = await installation.kubectl(['logs', first.metadata.name]);
    if (!stdout.includes(step)) throw new Error(stdout);
    return first.metadata.name;
  });
  await installation.kubectl(['delete', 'pod', pod, '--grace-period=0', '--force']);
}

/** What has become of Vault, custody, Job and root token once nothing changes any more. */
async function outcome(installation: Installation) {
  const job = await eventually('the Job to complete, or its pod to fail', 90, async () => {
    const [found] = (await installation.get('jobs')).items;
    const failing = (await initPods(installation)).some(pod => pod.status.containerStatuses?.[0]?.restartCount > 0);
    if (found.status.succeeded !== 1 && !failing) throw new Error(JSON.stringify(found.status));
    return found.status.succeeded === 1 ? 'complete' : 'failing';
  });
  const status = JSON.parse((await installation.exec('vault-0', ['vault', 'status', '-format=json'], { accept: [0, 2] })).stdout);
  const stages =
    JSON.parse(await aws(['secretsmanager', 'describe-secret', '--secret-id', `${installation.namespace}/recovery`])).VersionIdsToStages ??
    {};
  const keysInCustody = Object.values(stages).flat().includes('vault-recovery-keys');
  let rootToken = 'unknown';
  if (keysInCustody) {
    const kept = JSON.parse(
      await aws([
        'secretsmanager',
        'get-secret-value',
        '--secret-id',
        `${installation.namespace}/recovery`,
        '--version-stage',
        'vault-recovery-keys',
        '--query',
        'SecretString',
        '--output',
        'text',
      ]),
    );
    const lookup = await installation.exec('vault-0', ['sh', '-c', 'read -r VAULT_TOKEN; export VAULT_TOKEN; exec vault token lookup'], {
      input: `${kept.root_token}\n`,
      accept: [0, 2],
    });
    rootToken = lookup.status === 0 ? 'alive' : 'dead';
  }
  return { initialised: status.initialized as boolean, keysInCustody, job, rootToken };
}

describe('the pod deleted at any step', () => {
  test.each(steps.map((step, index) => [step, index] as const))(
    'after "%s" loses no keys silently and ends in no false success',
    async (step, index) => {
      const installation = installations[index] as Installation;
      await start(installation);
      await deleteAfter(installation, step);
      await sleep(2000);
      const found = await outcome(installation);
      table.push(`${step} | ${found.initialised} | ${found.keysInCustody} | ${found.job} | ${found.rootToken}`);
      if (found.initialised && !found.keysInCustody) expect(found.job).toBe('failing');
      if (found.job === 'complete') expect(found).toEqual({ initialised: true, keysInCustody: true, job: 'complete', rootToken: 'dead' });
    },
  );
});
