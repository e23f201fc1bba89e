import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, jest, test } from '@jest/globals';
import { Images } from '../../charts/app/kubernetes/images';
import { TestCa } from './support/certificates';
import { aws, enforceIam, Installation, isReady, kubectl, region } from './support/cluster';
import { prepareInit, synthInitWithRole } from './support/init';
import { eventually } from './support/shell';

jest.setTimeout(5 * 60_000);

const installation = new Installation('vault-e2e-proxy');
const ca = new TestCa();
const secret = `${installation.namespace}/recovery`;

/** A proxy with a certificate of the company's authority for the two hosts that the Job calls, and that authority in a ConfigMap. */
async function makeProxy(): Promise<void> {
  const hosts = ['sts', 'secretsmanager'].map(service => `${service}.${region}.amazonaws.com`);
  await kubectl(['apply', '-f', '-'], { input: await ca.secret('proxy-tls', installation.namespace, hosts) });
  const container = {
    name: 'proxy',
    ...new Images().node,
    command: ['node', '--use-system-ca', '/program/proxy.mts'],
    readinessProbe: { tcpSocket: { port: 3128 } },
    volumeMounts: [
      { name: 'program', mountPath: '/program' },
      { name: 'tls', mountPath: '/tls' },
    ],
  };
  const volumes = [
    { name: 'program', configMap: { name: 'proxy' } },
    { name: 'tls', secret: { secretName: 'proxy-tls' } },
  ];
  const metadata = { name: 'proxy', namespace: installation.namespace, labels: { app: 'proxy' } };
  const program = readFileSync(join(__dirname, 'support', 'intercepting-proxy.mts'), 'utf8');
  const objects = [
    { apiVersion: 'v1', kind: 'ConfigMap', metadata, data: { 'proxy.mts': program } },
    { apiVersion: 'v1', kind: 'ConfigMap', metadata: { ...metadata, name: 'company-ca' }, data: { 'ca.crt': ca.certificate } },
    { apiVersion: 'v1', kind: 'Pod', metadata, spec: { containers: [container], volumes } },
    { apiVersion: 'v1', kind: 'Service', metadata, spec: { selector: { app: 'proxy' }, ports: [{ port: 3128 }] } },
  ];
  await kubectl(['apply', '-f', '-'], { input: JSON.stringify({ apiVersion: 'v1', kind: 'List', items: objects }) });
  await eventually('the proxy to run', 60, async () => {
    const pod = await installation.get('pod', 'proxy');
    if (!isReady(pod)) throw new Error(pod.status.phase);
  });
}

beforeAll(async () => {
  await installation.remove();
  await ca.create();
});

afterAll(async () => {
  await installation.remove();
  ca.remove();
});

test('through a proxy that opens TLS, trusting the company’s authority', async () => {
  const outbound = { proxy: `http://proxy.${installation.namespace}.svc:3128`, ca: { configMap: 'company-ca' } };
  const app = synthInitWithRole(installation, secret, { replicas: 1 }, { outbound });
  await prepareInit(installation, ca, app);
  await aws(['secretsmanager', 'create-secret', '--name', secret]);
  await enforceIam();
  await makeProxy();
  await kubectl(['apply', '-k', app.dist]);
  await installation.jobsComplete(1);
  const passed = new Set((await installation.kubectl(['logs', 'proxy'])).stdout.trim().split('\n'));
  expect(passed).toEqual(new Set([`sts.${region}.amazonaws.com:443`, `secretsmanager.${region}.amazonaws.com:443`]));
  expect(await installation.initLogs()).toContain('the recovery keys are in custody');
});
