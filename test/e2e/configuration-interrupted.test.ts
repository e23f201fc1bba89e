import { afterAll, beforeAll, expect, jest, test } from '@jest/globals';
import type { VaultConfigurationProps } from '../../charts';
import type { Manifest } from '../support/render';
import { kubectl, kubectlCommand } from './support/cluster';
import { ConfiguredInstallation } from './support/configuration';
import { program } from './support/init';
import { Killer } from './support/killer';
import { background, eventually, sleep } from './support/shell';

jest.setTimeout(10 * 60_000);

const installation = new ConfiguredInstallation('vault-e2e-killed', ['postgresql']);
const { postgresql } = installation.servers;
const killer = new Killer(installation.namespace);
const killedAfter = [3, 10, 20, 30];

/** The same set-up under other names each time, so that each run has everything to do: two databases, policies, logins. */
const props = (run: number): Omit<VaultConfigurationProps, 'vault' | 'admin'> => ({
  auth: {
    [`kubernetes-${run}`]: {
      type: 'kubernetes',
      roles: Object.fromEntries(
        ['a', 'b', 'c'].map(name => [name, { boundServiceAccountNames: [name], boundServiceAccountNamespaces: ['*'], audience: 'vault' }]),
      ),
    },
  },
  engines: { [`kv-${run}`]: { type: 'kv' } },
  databases: [1, 2].map(number => ({
    name: `killed${run}-${number}`,
    plugin: 'postgresql',
    host: postgresql.host,
    database: 'killed',
    ca: { configMap: 'database-ca', key: 'ca.crt' },
    master: { secretsManager: installation.secret },
    user: `vault_${run}_${number}`,
    maxOpenConnections: 1,
    roles: {
      readonly: { group: 'killed_readonly', users: [`kubernetes-${run}/a`] },
      readwrite: { group: 'killed_readwrite', users: [`kubernetes-${run}/b`] },
    },
  })),
  policies: Object.fromEntries(
    Array.from({ length: 6 }, (_, index) => [`killed-${run}-${index}`, [{ path: `kv-${run}/data/${index}`, capabilities: ['read'] }]]),
  ),
});

beforeAll(async () => {
  await killer.create();
  await installation.prepare(props(0));
  await postgresql.sql('CREATE DATABASE killed;\nCREATE ROLE killed_readonly;\nCREATE ROLE killed_readwrite;');
  await installation.apply();
});

afterAll(async () => {
  await installation.remove();
  await killer.remove();
});

/** Kills the program of a Job's pod once it has said so many lines of this kind. */
async function killAfter(lines: number, job: string): Promise<void> {
  const pod = await eventually('the pod to run', 60, async (): Promise<Manifest> => {
    const [found] = (await installation.get('pods', '-l', `batch.kubernetes.io/job-name=${job}`)).items;
    if (found?.status.containerStatuses?.[0]?.state.running === undefined) throw new Error('not yet');
    return found;
  });
  const shoot = killer.aim(pod.spec.nodeName, pod.metadata.name, program);
  const log = background([...kubectlCommand, '-n', installation.namespace, 'logs', '-f', pod.metadata.name]);
  try {
    for (let tries = 0; log.lines.filter(line => / (created|changed|unchanged) /.test(line)).length < lines; tries++) {
      if (tries > 3000) throw new Error(log.lines.join('\n'));
      await sleep(10);
    }
    await shoot('KILL');
  } finally {
    await log.stop();
  }
}

test.each(killedAfter)('killed after %i things were done, the next container ends as if nothing had been', async lines => {
  installation.synthConfigured(props(lines));
  const { job } = installation;
  const applied = installation.apply();
  await killAfter(lines, job);
  const said = await applied;
  expect(
    (await installation.get('pods', '-l', `batch.kubernetes.io/job-name=${job}`)).items[0].status.containerStatuses[0].restartCount,
  ).toBe(1);
  expect(said).toMatch(/an earlier run left \d+ paths unfinished|done: \d+ created/);
  expect(said).toMatch(/ 0 drifted, 0 refused/);
  const again = await installation.applyAgain(`again-${lines}`);
  expect(again).toMatch(/done: 0 created, 0 changed, \d+ unchanged, 0 drifted, 0 refused/);
  // Vault's own users get in with what Vault knows of their passwords
  const token = await installation.adminToken();
  for (const number of [1, 2])
    expect(await installation.vaultAs(token, 'write', '-f', `database/rotate-root/killed${lines}-${number}`)).toMatchObject({ status: 0 });
  console.log(`killed after ${lines}: ${/done: .*/.exec(said)?.[0]}`);
  await kubectl(['-n', installation.namespace, 'delete', 'job', job]);
});
