import { afterAll, beforeAll, expect, jest, test } from '@jest/globals';
import type { VaultServerProps } from '../../charts';
import { TestCa } from './support/certificates';
import { ClientPod, type ReadLog } from './support/client';
import { enforceIam, kubectl, kubectlCommand } from './support/cluster';
import { RolledInstallation } from './support/rollout';
import { background } from './support/shell';

jest.setTimeout(30 * 60_000);

// a roll takes three quarters of a minute
const rolls = Number(process.env['E2E_ROLLS'] ?? 10);

const installation = new RolledInstallation('vault-e2e-reads');
const ca = new TestCa();
const clients = `${installation.namespace}-clients`;
const reader = new ClientPod(clients, 'reader', { 'vault-client': 'true' });
let root: string;

beforeAll(async () => {
  await kubectl(['delete', 'namespace', clients, '--ignore-not-found', '--timeout=60s']);
  await ca.create();
  root = await installation.start(ca, enforceIam);
  await installation.vault('vault-0', root, ['secrets', 'enable', 'kv']);
  await installation.vault('vault-0', root, ['kv', 'put', 'kv/greeting', 'hello=world']);
  await kubectl(['create', 'namespace', clients]);
  await kubectl(['-n', clients, 'create', 'configmap', 'ca', `--from-literal=ca.crt=${ca.certificate}`]);
  await reader.create();
  await installation.createVaultClient(clients);
});

afterAll(async () => {
  await kubectl(['delete', 'namespace', clients, '--ignore-not-found', '--timeout=60s']);
  await installation.remove();
  ca.remove();
});

/** The moments at which servers said something, in milliseconds. */
const moments = (lines: readonly string[], words: string): readonly number[] =>
  lines.filter(line => line.includes(words)).map(line => Date.parse(line.slice(0, 30)));

/** One roll to these props while clients read: what they saw, beside what Vault itself needed. */
async function rollUnderReads(name: string, props: Partial<VaultServerProps>): Promise<string> {
  const active = await installation.settled(3);
  const logs = ['vault-0', 'vault-1', 'vault-2'].map(pod =>
    background([...kubectlCommand, '-n', installation.namespace, 'logs', '-f', '--timestamps', '--tail=0', pod, '-c', 'vault']),
  );
  installation.apply(props);
  await kubectl(['apply', '-k', installation.dist]);
  const url = (service: string) => `https://${service}.${installation.namespace}.svc:8200/v1/kv/greeting`;
  const vaultClient = installation.readWithVaultClient(clients, root);
  let through: ReadLog | undefined;
  const toActive = await reader.readWhile(
    url('vault-active'),
    root,
    async () => {
      through = await reader.readWhile(
        url('vault'),
        root,
        async () => {
          const { said, failed } = await installation.roll(name);
          expect([failed, said]).toEqual([false, expect.stringContaining('done: 3 servers replaced')]);
          await installation.settled(3);
        },
        1,
      );
    },
    1,
  );
  const withRetries = await vaultClient.stop();
  for (const log of logs) await log.stop();
  const [stopped = Number.NaN] = moments(logs[Number(active.at(-1))]?.lines ?? [], 'Vault shutdown triggered');
  const leader = await installation.settled(3);
  const said = (await installation.kubectl(['logs', '--timestamps', leader, '-c', 'vault'])).stdout.split('\n');
  const led = moments(said, 'post-unseal setup complete').find(time => time > stopped) ?? Number.NaN;
  const row = `${name} | ${active} to ${leader} | Vault itself ${((led - stopped) / 1000).toFixed(2)} s | vault-active: ${toActive} | vault: ${through} | Vault’s client: ${withRetries}`;
  expect(toActive.endsWell).toBe(true);
  expect(withRetries.failed).toBe(0);
  return row;
}

test(`${rolls} rolls of a changed configuration, and an upgrade, while clients read: who fails, and for how long`, async () => {
  const table: string[] = [];
  for (let roll = 1; roll <= rolls; roll += 1)
    table.push(await rollUnderReads(`roll-${roll}`, { config: { logLevel: roll % 2 === 0 ? 'info' : 'debug' } }));
  table.push(await rollUnderReads('upgrade', { images: { vault: { tag: '1.21.1' } } }));
  console.log(table.join('\n'));
});
