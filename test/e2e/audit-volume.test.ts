import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, jest, test } from '@jest/globals';
import { Custody } from '../../charts';
import { TestCa } from './support/certificates';
import { enforceIam, get, Installation, kubectl } from './support/cluster';
import { prepareInit, synthInit } from './support/init';
import { eventually } from './support/shell';

jest.setTimeout(5 * 60_000);

const installation = new Installation('vault-e2e-audit');
const ca = new TestCa();
const image = 'hashicorp/vault:1.21.7';
const audit = [{ name: 'audit', mountPath: '/vault/audit' }];

/** The sidecar of docs/audit-logs.md, which looks each second and keeps small files. */
const [, script = ''] =
  /const rotate = `\n([\s\S]*?)`;/.exec(readFileSync(join(__dirname, '..', '..', 'docs', 'audit-logs.md'), 'utf8')) ?? [];
const rotate = script.replaceAll('\\\\', '\\').replaceAll('\\$', '$').replace('sleep 60', 'sleep 1').replace('536870912', '20000');

/** A directory of the node: nobody has to provide it. It belongs to root, so an init container opens it. */
const volume = {
  apiVersion: 'v1',
  kind: 'PersistentVolume',
  metadata: { name: installation.namespace },
  spec: {
    accessModes: ['ReadWriteOnce'],
    capacity: { storage: '1Gi' },
    storageClassName: installation.namespace,
    hostPath: { path: `/var/lib/${installation.namespace}`, type: 'DirectoryOrCreate' },
  },
};

const remove = async (): Promise<void> => {
  await installation.remove();
  await kubectl(['delete', 'persistentvolume', installation.namespace, '--ignore-not-found']);
};

let token: string;
const vault = (...args: string[]) => installation.vault('vault-0', token, args);
const files = async (): Promise<string[]> => (await installation.exec('vault-0', ['ls', '/vault/audit'])).stdout.trim().split('\n').sort();

beforeAll(async () => {
  await remove();
  const server = {
    replicas: 1,
    auditStorage: { size: '1Gi', storageClass: installation.namespace },
    initContainers: [
      {
        name: 'open',
        image,
        command: ['chmod', '777', '/vault/audit'],
        volumeMounts: audit,
        securityContext: { runAsUser: 0, runAsNonRoot: false },
      },
      {
        name: 'clear',
        image,
        command: ['sh', '-c', 'rm -f /vault/audit/*'],
        volumeMounts: audit,
        securityContext: { runAsUser: 0, runAsNonRoot: false },
      },
    ],
    sidecars: [{ name: 'rotate-audit-log', image, command: ['sh', '-c', rotate], volumeMounts: audit }],
  };
  const app = synthInit(installation, { custody: Custody.kubernetesSecret('recovery'), rootToken: 'custody' }, server);
  await enforceIam();
  await ca.create();
  await prepareInit(installation, ca, app);
  await kubectl(['apply', '-f', '-'], { input: JSON.stringify(volume) });
  await kubectl(['apply', '-k', app.dist]);
  await installation.jobsComplete(1);
  await installation.settled(1);
  const { data } = await get('-n', installation.namespace, 'secret', 'recovery');
  const kept = Object.values<string>(data).map(value => Buffer.from(value, 'base64').toString());
  token =
    kept
      .map(text => /"root_token": ?"([^"]+)"/.exec(text)?.[1] ?? (/^hvs\./.test(text) ? text : undefined))
      .find(found => found !== undefined) ?? '';
});

afterAll(async () => {
  await remove();
  ca.remove();
});

test('the documented sidecar rotates the audit log on its volume while Vault goes on, and no entry is lost', async () => {
  const before = (await installation.pods())[0].status.containerStatuses.map(({ restartCount }: { restartCount: number }) => restartCount);
  await vault('audit', 'enable', '-path=volume', 'file', 'file_path=/vault/audit/audit.log');
  await vault('secrets', 'enable', '-path=kv', '-version=1', 'kv');
  const written = Array.from({ length: 60 }, (_, index) => `entry-${index}`);
  for (const key of written) await vault('kv', 'put', '-mount=kv', key, 'text=x');
  await eventually('several files', 30, async () => expect((await files()).length).toBeGreaterThan(2));
  await vault('kv', 'put', '-mount=kv', 'afterwards', 'text=x');
  await eventually('the new file to be written', 30, async () =>
    expect((await installation.exec('vault-0', ['cat', '/vault/audit/audit.log'])).stdout).toContain('"path":"kv/afterwards"'),
  );
  const all = (await installation.exec('vault-0', ['sh', '-c', 'cat /vault/audit/audit.log*'])).stdout;
  const kept = written.filter(key => all.includes(`"path":"kv/${key}"`));
  // five files are kept: what is older is gone, and nothing in between
  expect(kept).toEqual(written.slice(written.length - kept.length));
  expect(kept.length).toBeGreaterThan(10);
  const after = (await installation.pods())[0].status.containerStatuses.map(({ restartCount }: { restartCount: number }) => restartCount);
  expect(after).toEqual(before);
});
