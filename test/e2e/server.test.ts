import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, jest, test } from '@jest/globals';
import type { VaultServer } from '../../charts';
import type { Manifest } from '../support/render';
import { AwsPod } from './support/aws-pod';
import { TestCa } from './support/certificates';
import { ClientPod, EchoPod } from './support/client';
import { enforceIam, Installation, kubectl } from './support/cluster';
import { eventually, sleep } from './support/shell';

jest.setTimeout(10 * 60_000);

const installation = new Installation('vault-e2e');
const clients = 'vault-e2e-clients';
const metrics = { scrapers: [{ podLabels: { app: 'scraper' }, namespaceLabels: {} }] };
const ca = new TestCa();
const client = new ClientPod(clients, 'client', { 'vault-client': 'true' });
const stranger = new ClientPod(clients, 'stranger', {});
const scraper = new ClientPod(clients, 'scraper', { app: 'scraper' });
const service = new EchoPod(clients, 'service');
let vault: VaultServer;
let dist: string;
let token: string;

const active = 'https://vault-active.vault-e2e.svc:8200';
const inNamespace = (name: string) => `https://${name}.vault-e2e.svc`;

const vaultCli = (pod: string, ...args: string[]) => installation.vault(pod, token, args);
const identity = (pods: readonly Manifest[]) =>
  pods.map(pod => [pod.metadata.name, pod.metadata.uid, pod.status.containerStatuses.map((status: Manifest) => status.restartCount)]);
const apply = () => kubectl(['apply', '-k', dist]);

async function removeAll(): Promise<void> {
  await installation.remove();
  await kubectl(['delete', 'namespace', clients, '--ignore-not-found', '--timeout=120s']);
  await uncordon();
}

/** Nodes that this test drains carry a label, so that one that was interrupted gives back its own alone. */
const drained = 'cdk8s-vault-e2e=drained';
async function uncordon(): Promise<void> {
  await kubectl(['uncordon', '-l', drained]);
  await kubectl(['label', 'nodes', '-l', drained, 'cdk8s-vault-e2e-']);
}

beforeAll(async () => {
  await removeAll();
  ({ vault, dist } = installation.synth({ metrics }));
  await installation.makeAws(vault);
  await enforceIam();
  await ca.create();
  await installation.makePrerequisites(vault, ca);
  await kubectl(['create', 'namespace', clients]);
  await kubectl(['-n', clients, 'create', 'configmap', 'ca', `--from-literal=ca.crt=${ca.certificate}`]);
  await Promise.all([client.create(), stranger.create(), scraper.create(), service.create()]);
});

afterAll(async () => {
  await removeAll();
  ca.remove();
});

describe('from nothing to a cluster that serves', () => {
  test('the unchanged dist is applied in one run', async () => {
    await apply();
    await eventually('three servers to run', 120, async () => {
      const pods = await installation.pods();
      const running = pods.filter(
        pod => pod.status.phase === 'Running' && pod.status.containerStatuses.every((status: Manifest) => status.started),
      );
      if (running.length !== 3) throw new Error(pods.map(pod => `${pod.metadata.name} ${pod.status.phase}`).join('; '));
    });
  });

  test('initialised through the API, the others unseal by themselves: all ready, exactly one active', async () => {
    const answer = JSON.parse(
      (await installation.exec('vault-0', ['vault', 'operator', 'init', '-recovery-shares=1', '-recovery-threshold=1', '-format=json']))
        .stdout,
    );
    token = answer.root_token;
    const start = Date.now();
    await installation.settled(3);
    console.log(`ready ${((Date.now() - start) / 1000).toFixed(1)} s after init`);
  });

  test('on three nodes', async () => {
    expect(new Set((await installation.pods()).map(pod => pod.spec.nodeName)).size).toBe(3);
  });

  test('applied again, as a kustomization or as files, nothing changes', async () => {
    const generation = async () => (await installation.get('statefulset', 'vault')).metadata.generation;
    const before = await generation();
    for (const args of [
      ['-k', dist],
      ['-f', join(dist, 'manifests')],
    ]) {
      await kubectl(['apply', ...args]);
      expect((await kubectl(['diff', ...args], { accept: [0, 1] })).stdout).toBe('');
    }
    expect(await generation()).toBe(before);
  });

  test('`kubectl exec ... vault status` works as it is', async () => {
    const { stdout } = await installation.kubectl(['exec', 'vault-0', '--', 'vault', 'status']);
    expect(stdout).toMatch(/Sealed +false/);
  });

  test('reads and writes under the actions that the chart declares, enforced by IAM', async () => {
    await vaultCli('vault-0', 'secrets', 'enable', '-path=kv', '-version=1', 'kv');
    await vaultCli('vault-1', 'kv', 'put', '-mount=kv', 'greeting', 'text=hello');
    expect((await vaultCli('vault-2', 'kv', 'get', '-mount=kv', '-field=text', 'greeting')).stdout.trim()).toBe('hello');
    await vaultCli('vault-2', 'kv', 'put', '-mount=kv', 'gone', 'text=x');
    await vaultCli('vault-2', 'kv', 'delete', '-mount=kv', 'gone');
    expect((await vaultCli('vault-2', 'kv', 'list', '-mount=kv', '-format=json', '/')).stdout).toContain('greeting');
  });
});

describe('IAM', () => {
  test('is enforced: the servers’ own role may describe its table, and no more than its chart declares', async () => {
    const server = new AwsPod(installation, vault.serviceAccountName);
    await server.create();
    const table = ['--table-name', installation.namespace];
    await server.allowed('dynamodb', 'describe-table', ...table);
    await server.denied('dynamodb', 'scan', ...table);
    await server.denied('dynamodb', 'delete-table', ...table);
    await server.denied('dynamodb', 'describe-table', '--table-name', 'another');
    await server.denied('kms', 'schedule-key-deletion', '--key-id', vault.unsealKey.kmsKeyId);
  });
});

describe('hardening', () => {
  test('memory is locked, and locking memory is all that the process may do', async () => {
    for (const name of ['vault-0', 'vault-1', 'vault-2']) {
      const script = 'for p in /proc/[0-9]*; do case $(tr "\\0" " " <$p/cmdline) in "/vault/bin/vault server"*) cat $p/status;; esac; done';
      const { stdout } = await installation.exec(name, ['sh', '-c', script]);
      const field = (key: string) => new RegExp(`^${key}:\\s+(\\w+)`, 'm').exec(stdout)?.[1];
      expect(Number(field('VmLck'))).toBeGreaterThan(500_000);
      // cap_ipc_lock is capability 14, and nothing else is
      expect([field('CapEff'), field('CapPrm'), field('NoNewPrivs')]).toEqual(['0000000000004000', '0000000000004000', '1']);
      console.log(`${name}: locked ${field('VmLck')} kB, resident ${field('VmRSS')} kB`);
    }
  });

  test('the reload container, which sees the process, reads neither its environment nor its memory', async () => {
    const script =
      'for p in /proc/[0-9]*; do case $(tr "\\0" " " <$p/cmdline) in "/vault/bin/vault server"*) cat $p/environ; head -c 1 $p/mem;; esac; done';
    const { stdout, stderr } = await installation.kubectl(['exec', 'vault-0', '-c', 'reload', '--', 'sh', '-c', script], {
      accept: [0, 1],
    });
    expect(stdout).toBe('');
    expect(stderr).toMatch(/environ.*Permission denied[\s\S]*mem.*Permission denied/);
  });

  test('the root file system is read-only, and only the server holds a token of the API', async () => {
    expect((await installation.exec('vault-0', ['touch', '/x'], { accept: [1] })).stderr).toContain('Read-only file system');
    const look = ['exec', 'vault-0', '-c', 'reload', '--', 'ls', '/var/run/secrets'];
    expect((await installation.kubectl(look, { accept: [1, 2] })).stderr).toContain('No such file');
  });
});

describe('who reaches what', () => {
  const refused = async (from: ClientPod, url: string, ...options: string[]) =>
    expect([url, (await from.curl(url, '--max-time', '3', ...options)).status]).toEqual([url, 28]);

  test('an admitted client reads a secret through vault-active over verified TLS', async () => {
    const { data } = JSON.parse(await client.read(`${active}/v1/kv/greeting`, token));
    expect(data).toEqual({ text: 'hello' });
    expect(JSON.parse((await client.curl(`${active}/v1/sys/health`)).stdout)).toMatchObject({ sealed: false, standby: false });
  });

  test('another pod reaches nothing', async () => {
    await refused(stranger, `${active}/v1/sys/health`);
    await refused(stranger, `${inNamespace('vault')}:8200/v1/sys/health`);
    for (const port of [8201, 8210, 8211]) await refused(stranger, `https://vault-0.vault-internal.vault-e2e.svc:${port}/`);
  });

  test('the client reaches neither the cluster port nor the metrics port', async () => {
    for (const port of [8201, 8210, 8211]) await refused(client, `https://vault-0.vault-internal.vault-e2e.svc:${port}/`);
  });

  test('the scraper reads metrics of every server, standbys too, without a token, and nothing else', async () => {
    for (const ordinal of [0, 1, 2]) {
      const { stdout } = await scraper.curl(`https://vault-${ordinal}.vault-internal.vault-e2e.svc:8210/v1/sys/metrics?format=prometheus`);
      expect(stdout).toContain('vault_core_unsealed');
    }
    await refused(scraper, `${active}/v1/sys/health`);
    for (const port of [8201, 8211]) await refused(scraper, `https://vault-0.vault-internal.vault-e2e.svc:${port}/`);
  });

  test('the servers do not reach the metadata service, which other pods do', async () => {
    expect((await stranger.curl('http://169.254.169.254/latest/meta-data/')).stdout).toContain('instance-id');
    const { status } = await installation.exec(
      'vault-0',
      ['timeout', '3', 'wget', '-q', '-O', '-', 'http://169.254.169.254/latest/meta-data/'],
      { accept: [0, 1, 124, 143] },
    );
    expect(status).not.toBe(0);
  });

  test('the servers do not reach a port that nobody named, which other pods do', async () => {
    const address = await service.address();
    expect((await stranger.curl(`http://${address}:9999/`, '--http0.9')).stdout).toBe('hello\n');
    const { status } = await installation.exec('vault-0', ['timeout', '3', 'nc', address, '9999'], { input: '', accept: [0, 1, 124, 143] });
    expect(status).not.toBe(0);
  });

  test('every listener refuses TLS 1.1', async () => {
    const old = ['--tlsv1.0', '--tls-max', '1.1', '--ciphers', 'DEFAULT@SECLEVEL=0'];
    for (const [from, url] of [
      [client, active],
      [scraper, 'https://vault-0.vault-internal.vault-e2e.svc:8210'],
    ] as const) {
      expect((await from.curl(`${url}/v1/sys/health`, ...old)).stderr).toContain('alert protocol version');
    }
  });
});

describe('failover', () => {
  test('when the active server is deleted, reads come back', async () => {
    const before = await installation.settled(3);
    const log = await client.readWhile(`${active}/v1/kv/greeting`, token, async () => {
      await sleep(2000);
      await installation.kubectl(['delete', 'pod', before, '--wait=false']);
      await eventually('another server to lead', 60, async () => {
        const [leader] = (await installation.pods()).filter(
          pod => pod.metadata.labels['vault-active'] === 'true' && pod.metadata.name !== before,
        );
        if (leader === undefined) throw new Error('none yet');
      });
      await installation.settled(3);
      await sleep(3000);
    });
    console.log(`active server deleted: ${log}`);
    expect(log.total).toBeGreaterThan(50);
    expect(log.longestGap).toBeLessThan(30_000);
    expect(log.endsWell).toBe(true);
  });
});

describe('changes that are applied', () => {
  const outOfDate = async () => {
    const { status } = await installation.get('statefulset', 'vault');
    return status.replicas - (status.updatedReplicas ?? 0);
  };
  // response headers, since Vault takes them from its file again at every SIGHUP
  const changed = { customResponseHeaders: { default: { 'X-Configuration': ['changed'] } } };
  const configuration = async (ordinal: number) => {
    const { stdout } = await scraper.curl(`https://vault-${ordinal}.vault-internal.vault-e2e.svc:8210/v1/sys/health`, '--include');
    expect(stdout).toMatch(/^HTTP\/\S+ (200|429)/);
    return /^x-configuration: (\w+)/im.exec(stdout)?.[1] ?? 'before';
  };
  const served = async (ordinal: number) => {
    const { stderr } = await scraper.curl(
      `https://vault-${ordinal}.vault-internal.vault-e2e.svc:8210/v1/sys/health`,
      '--verbose',
      '--output',
      '/dev/null',
    );
    return /subject: CN=(\S+)/.exec(stderr)?.[1];
  };

  test('a changed configuration makes pods out of date and restarts none', async () => {
    const before = identity(await installation.pods());
    expect(await outOfDate()).toBe(0);
    ({ dist } = installation.synth({ metrics, listener: changed }));
    await apply();
    await eventually('all pods to be out of date', 30, async () => expect(await outOfDate()).toBe(3));
    await sleep(5000);
    expect(identity(await installation.pods())).toEqual(before);
  });

  test('a renewed certificate is served without a restart, and brings nothing of the changed configuration', async () => {
    const before = identity(await installation.pods());
    expect(await Promise.all([0, 1, 2].map(served))).toEqual(['vault-1', 'vault-1', 'vault-1']);
    await kubectl(['apply', '-f', '-'], { input: await ca.secret('vault-tls', 'vault-e2e', vault.certificate.dnsNames) });
    const start = Date.now();
    await eventually('every server to serve the new certificate', 180, async () =>
      expect(await Promise.all([0, 1, 2].map(served))).toEqual(['vault-2', 'vault-2', 'vault-2']),
    );
    console.log(`new certificate served by all after ${((Date.now() - start) / 1000).toFixed(0)} s`);
    expect(identity(await installation.pods())).toEqual(before);
    expect(await Promise.all([0, 1, 2].map(configuration))).toEqual(['before', 'before', 'before']);
  });

  test('a pod that is deleted comes back with the changed configuration, and the others stay as they are', async () => {
    const leader = await installation.settled(3);
    const standby = [0, 1, 2].find(ordinal => `vault-${ordinal}` !== leader) ?? 0;
    await installation.kubectl(['delete', 'pod', `vault-${standby}`]);
    await installation.settled(3);
    const expected = [0, 1, 2].map(ordinal => (ordinal === standby ? 'changed' : 'before'));
    expect(await Promise.all([0, 1, 2].map(configuration))).toEqual(expected);
    expect(await outOfDate()).toBe(2);
  });

  test('a changed image makes pods out of date and restarts none', async () => {
    const before = identity(await installation.pods());
    ({ dist } = installation.synth({ metrics, listener: changed, images: { vault: { tag: '2.0.4' } } }));
    await apply();
    await eventually('all pods to be out of date', 30, async () => expect(await outOfDate()).toBe(3));
    await sleep(5000);
    expect(identity(await installation.pods())).toEqual(before);
  });
});

describe('drains go through', () => {
  const drain = async (node: string) => {
    const start = Date.now();
    await kubectl(['label', 'node', node, drained]);
    await kubectl([
      'drain',
      node,
      '--ignore-daemonsets',
      '--delete-emptydir-data',
      '--force',
      '--timeout=120s',
      '--pod-selector=app.kubernetes.io/component=server',
    ]);
    return (Date.now() - start) / 1000;
  };
  const nodeOf = async (name: string) => (await installation.pods()).find(pod => pod.metadata.name === name)?.spec.nodeName;

  test('with two of three servers sealed, where the budget has nothing left', async () => {
    const first = await installation.settled(3);
    await vaultCli(first, 'operator', 'seal');
    const second = await eventually('another server to lead', 60, async () => {
      const [leader] = (await installation.pods()).filter(
        ({ metadata }) => metadata.labels['vault-active'] === 'true' && metadata.name !== first,
      );
      if (leader === undefined) throw new Error('none yet');
      return leader.metadata.name as string;
    });
    await vaultCli(second, 'operator', 'seal');
    await eventually('the budget to count one healthy server and to allow no disruption', 60, async () => {
      const { currentHealthy, desiredHealthy, disruptionsAllowed } = (await installation.get('poddisruptionbudget', 'vault')).status;
      expect({ currentHealthy, desiredHealthy, disruptionsAllowed }).toEqual({
        currentHealthy: 1,
        desiredHealthy: 2,
        disruptionsAllowed: 0,
      });
    });
    for (const sealed of [first, second]) {
      console.log(`drain with ${sealed} sealed: ${await drain(await nodeOf(sealed))} s`);
      await uncordon();
    }
    await installation.settled(3);
  });

  test.each([3, 2, 1])('with %d replicas', async replicas => {
    ({ dist } = installation.synth({ metrics, replicas }));
    await apply();
    const leader = await installation.settled(replicas);
    const node = await nodeOf(leader);
    console.log(`drain of the active server's node with ${replicas} replicas: ${await drain(node)} s`);
    await uncordon();
    await installation.settled(replicas);
  });
});
