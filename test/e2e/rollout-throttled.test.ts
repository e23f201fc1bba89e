import { afterAll, beforeAll, expect, jest, test } from '@jest/globals';
import { JsonPatch } from 'cdk8s';
import type { VaultServer } from '../../charts';
import { TestCa } from './support/certificates';
import { aws, enforceIam, kubectl } from './support/cluster';
import { InterceptingProxy } from './support/proxy';
import { RolledInstallation } from './support/rollout';

jest.setTimeout(10 * 60_000);

const installation = new RolledInstallation('vault-e2e-throttled');
const { namespace } = installation;
const proxy = new InterceptingProxy(installation, ['sts', 'dynamodb']);
const ca = new TestCa();
/** The first call of each action is refused, and every so many-th: one in two keeps a server in its post-unseal for more than a minute. */
const throttle = 4;

let address: string;
/** The servers take the proxy for DynamoDB. */
function throttled({ statefulSet }: VaultServer): void {
  const [pod, server] = ['/spec/template/spec', '/spec/template/spec/containers/0'];
  statefulSet.addJsonPatch(
    JsonPatch.add(`${pod}/hostAliases`, [{ ip: address, hostnames: proxy.hosts.filter(host => host.startsWith('dynamodb.')) }]),
    JsonPatch.add(`${pod}/volumes/-`, { name: 'company-ca', configMap: { name: 'company-ca' } }),
    JsonPatch.add(`${server}/volumeMounts/-`, { name: 'company-ca', mountPath: '/company-ca' }),
    JsonPatch.add(`${server}/env/-`, { name: 'SSL_CERT_DIR', value: '/etc/ssl/certs:/company-ca' }),
  );
}

const throttledCalls = async (action: string): Promise<number> =>
  (await proxy.printed()).filter(line => line === `${action} throttled`).length;
const backups = async (): Promise<number> =>
  JSON.parse(await aws(['dynamodb', 'list-backups', '--table-name', namespace])).BackupSummaries.length;

beforeAll(async () => {
  await ca.create();
  await installation.start(ca, enforceIam);
  await proxy.start(ca, throttle);
  address = await proxy.address();
});

afterAll(async () => {
  await installation.remove();
  ca.remove();
});

test('AWS that throttles the Job is waited for: one backup, and every server is replaced', async () => {
  await kubectl(['apply', '-k', installation.apply({ config: { logLevel: 'debug' } }, { outbound: proxy.outbound }).dist]);
  const { said, failed } = await installation.roll('throttled-job');
  console.log(said);
  expect([failed, said]).toEqual([false, expect.stringContaining('done: 3 servers replaced')]);
  expect(said).toMatch(/waiting for AWS to take the order for a backup: .*Throttling: Rate exceeded/);
  expect(said).toContain('CreateBackup: ThrottlingException: Rate of requests exceeds the allowed throughput.');
  expect(await Promise.all(['sts', 'CreateBackup', 'DescribeBackup'].map(throttledCalls))).toEqual([1, 1, 1]);
  expect(await backups()).toBe(1);
});

test.each([
  ['onto a table that throttles them', throttled],
  ['off it again', () => undefined],
])('servers are rolled %s', async (step, change) => {
  const before = [await throttledCalls('Query'), await throttledCalls('UpdateItem')];
  await kubectl(['apply', '-k', installation.apply({}, {}, change).dist]);
  const { said, failed } = await installation.roll(step.replaceAll(' ', '-'));
  console.log(said);
  expect([failed, said]).toEqual([false, expect.stringContaining('done: 3 servers replaced')]);
  await installation.settled(3);
  const after = [await throttledCalls('Query'), await throttledCalls('UpdateItem')];
  console.log(`throttled: Query, UpdateItem (the lock's) from ${before} to ${after}`);
  expect(after.every((count, index) => count > (before[index] ?? 0))).toBe(true);
});
