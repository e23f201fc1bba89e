import { afterAll, beforeAll, expect, jest, test } from '@jest/globals';
import { TestCa } from './support/certificates';
import { aws, enforceIam, Installation, kubectl } from './support/cluster';
import { prepareInit, synthInitWithRole } from './support/init';
import { InterceptingProxy } from './support/proxy';

jest.setTimeout(5 * 60_000);

const installation = new Installation('vault-e2e-proxy');
const ca = new TestCa();
const secret = `${installation.namespace}/recovery`;

beforeAll(async () => {
  await installation.remove();
  await ca.create();
});

afterAll(async () => {
  await installation.remove();
  ca.remove();
});

test('through a proxy that opens TLS, trusting the company’s authority', async () => {
  const proxy = new InterceptingProxy(installation, ['sts', 'secretsmanager']);
  const app = synthInitWithRole(installation, secret, { replicas: 1 }, { outbound: proxy.outbound });
  await prepareInit(installation, ca, app);
  await aws(['secretsmanager', 'create-secret', '--name', secret]);
  await enforceIam();
  await proxy.start(ca);
  await kubectl(['apply', '-k', app.dist]);
  await installation.jobsComplete(1);
  expect(new Set(await proxy.printed())).toEqual(new Set(proxy.hosts.map(host => `${host}:443`)));
  expect(await installation.initLogs()).toContain('the recovery keys are in custody');
});
