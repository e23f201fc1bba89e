import { afterAll, beforeAll, expect, jest, test } from '@jest/globals';
import type { VaultServer } from '../../charts';
import { TestCa } from './support/certificates';
import { enforceIam, get, Installation, kubectl } from './support/cluster';
import { eventually } from './support/shell';

jest.setTimeout(5 * 60_000);

const installation = new Installation('vault-e2e-restricted');
const ca = new TestCa();
let vault: VaultServer;
let dist: string;

beforeAll(async () => {
  await installation.remove();
  ({ vault, dist } = installation.synth({ memoryLock: 'off', replicas: 1 }));
  await installation.makeAws(vault);
  await enforceIam();
  await ca.create();
  await installation.makePrerequisites(vault, ca);
});

afterAll(async () => {
  await installation.remove();
  ca.remove();
});

test('without memory lock Vault runs in a namespace that enforces Pod Security restricted', async () => {
  await kubectl(['apply', '-k', dist]);
  expect((await get('namespace', installation.namespace)).metadata.labels['pod-security.kubernetes.io/enforce']).toBe('restricted');
  await eventually('the server to answer', 120, () => installation.exec('vault-0', ['vault', 'status'], { accept: [2] }));
  await installation.exec('vault-0', ['vault', 'operator', 'init', '-recovery-shares=1', '-recovery-threshold=1']);
  await installation.settled(1);
});

test('that namespace refuses a server with locked memory', async () => {
  const { dist: locked } = installation.synth({ memoryLock: 'file-capability', createNamespace: false, name: 'locked' });
  await kubectl(['apply', '-k', locked]);
  await eventually('the refusal to be reported', 60, async () => {
    const events = await installation.get('events', '--field-selector=involvedObject.name=locked');
    expect(events.items.map((event: { message: string }) => event.message).join()).toContain('violates PodSecurity "restricted');
  });
});
