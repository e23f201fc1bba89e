import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, jest, test } from '@jest/globals';
import { Custody, VaultInit, VaultRollout } from '../../charts';
import type { Manifest } from '../support/render';
import { TestCa } from './support/certificates';
import { ClientPod, type ReadLog } from './support/client';
import { enforceIam, Installation, kubectl, region } from './support/cluster';
import { helmVault } from './support/helm-vault';
import { eventually, sleep } from './support/shell';

jest.setTimeout(15 * 60_000);

const installation = new Installation('vault-e2e-helm');
const { namespace } = installation;
const clients = `${namespace}-clients`;
const reader = new ClientPod(clients, 'reader', { 'vault-client': 'true' });
const ca = new TestCa();
const tlsSecretName = 'vault-server-tls';
const tag = '1.21.1';
let root: string;
let app: ReturnType<typeof synth>;
let helm: readonly Manifest[];

/** What main.ts says of the Vault that is there: its names, table, key, role and certificate, with Jobs that adopt and roll it. */
function synth() {
  let made: { readonly init: VaultInit; readonly rollout: VaultRollout } | undefined;
  const { dist, vault } = installation.synth(
    { createNamespace: false, images: { vault: { tag } }, tls: { secretName: tlsSecretName } },
    (main, server) => {
      made = {
        init: new VaultInit(main, 'init', { vault: server, custody: Custody.kubernetesSecret('recovery'), adopt: true }),
        rollout: new VaultRollout(main, 'rollout', { vault: server, role: `${namespace}-rollout` }),
      };
    },
  );
  if (made?.rollout.role === undefined) throw new Error('no role');
  return { dist, vault, init: made.init, rolloutRole: made.rollout.role };
}

const apply = (...manifests: readonly Manifest[]) =>
  kubectl(['apply', '-f', '-'], { input: JSON.stringify({ apiVersion: 'v1', kind: 'List', items: manifests }) });
/** Objects whose lists would be merged with those of the other: they are put in its place. */
const replace = (...manifests: readonly Manifest[]) =>
  kubectl(['replace', '-f', '-'], { input: JSON.stringify({ apiVersion: 'v1', kind: 'List', items: manifests }) });
const url = (service: string): string => `https://${service}.${namespace}.svc:8200/v1/kv/greeting`;

/** Reads through both Services while some work is done. */
async function readWhile(work: () => Promise<void>): Promise<readonly [ReadLog, ReadLog]> {
  let other: ReadLog | undefined;
  const log = await reader.readWhile(
    url('vault-active'),
    root,
    async () => {
      other = await reader.readWhile(url('vault'), root, work, 1);
    },
    1,
  );
  if (other === undefined) throw new Error('nothing was read');
  return [log, other];
}

/** Evicts the pods that are out of date, the active one last, as the Helm chart's documentation asks a person to. */
async function rollByHand(): Promise<void> {
  const active = await installation.settled(3);
  for (const pod of [...['vault-0', 'vault-1', 'vault-2'].filter(name => name !== active), active]) {
    const { uid } = (await installation.get('pod', pod)).metadata;
    await installation.kubectl(['delete', 'pod', pod]);
    await eventually(`another ${pod}`, 60, async () => expect((await installation.get('pod', pod)).metadata.uid).not.toBe(uid));
    await installation.settled(3);
  }
}

beforeAll(async () => {
  await installation.remove();
  await kubectl(['delete', 'namespace', clients, '--ignore-not-found', '--timeout=60s']);
  await ca.create();
  app = synth();
  await installation.makeAws(app.vault);
  await installation.makeRole(app.rolloutRole);
  await enforceIam();
  await kubectl(['create', 'namespace', namespace]);
  const names = [...app.vault.certificate.dnsNames, '*.vault-internal'];
  await kubectl(['apply', '-f', '-'], { input: await ca.secret(tlsSecretName, namespace, names) });
  helm = helmVault({
    namespace,
    region,
    table: namespace,
    kmsKeyId: `alias/${namespace}`,
    roleArn: app.vault.role.arn,
    tlsSecretName,
    tag,
  });
  await apply(...helm);
  const init = await eventually('vault-0 to answer', 120, () =>
    installation.exec('vault-0', ['vault', 'operator', 'init', '-format=json']),
  );
  root = JSON.parse(init.stdout).root_token;
  installation.serverLabel = 'component=server';
  await installation.settled(3);
  await installation.vault('vault-0', root, ['secrets', 'enable', 'kv']);
  await installation.vault('vault-0', root, ['kv', 'put', 'kv/greeting', 'hello=world']);
  await kubectl(['create', 'namespace', clients]);
  await kubectl(['-n', clients, 'create', 'configmap', 'ca', `--from-literal=ca.crt=${ca.certificate}`]);
  await reader.create();
});

afterAll(async () => {
  await kubectl(['delete', 'namespace', clients, '--ignore-not-found', '--timeout=60s']);
  await installation.remove();
  ca.remove();
});

test('from the Helm chart to this one, under a client that reads: docs/from-helm.md', async () => {
  const before: Manifest[] = (await installation.get('services')).items;
  const [active, all] = await readWhile(async () => {
    await installation.kubectl(['delete', 'statefulset', 'vault', '--cascade=orphan']);
    await installation.kubectl(['label', 'pods', '-l', 'component=server', 'app.kubernetes.io/component=server']);
    const folder = join(app.dist, 'manifests');
    const files = readdirSync(folder).filter(file => /^(Service|PodDisruptionBudget)\./.test(file));
    await kubectl(['replace', ...files.flatMap(file => ['-f', join(folder, file)])]);
    await kubectl(['apply', '-k', app.dist]);
    installation.serverLabel = 'app.kubernetes.io/component=server';
    await installation.startFrom('vault-rollout', 'move');
    const { said, failed } = await installation.ended('move');
    console.log(said);
    expect([failed, said]).toEqual([false, expect.stringContaining('done: 3 servers replaced')]);
  });
  console.log(`from Helm: vault-active: ${active}; vault: ${all}`);
  expect([active.endsWell, all.endsWell]).toEqual([true, true]);
  // what clients and their DNS caches keep
  const addresses = (services: readonly Manifest[]) => services.map(({ metadata, spec }) => [metadata.name, spec.clusterIP]);
  expect(addresses((await installation.get('services')).items)).toEqual(addresses(before));
  expect((await installation.pods()).every(({ metadata }) => metadata.labels['helm.sh/chart'] === undefined)).toBe(true);
});

test('its init Job adopts it, once an administrator has written the admin path', async () => {
  const [configMap] = (await installation.get('configmaps', '-l', 'app.kubernetes.io/component=init')).items;
  const { writes } = JSON.parse(configMap.data['plan.json']);
  for (const { path, body, unless } of writes) {
    const listed = unless === undefined ? '' : (await installation.vault('vault-0', root, ['read', '-format=json', unless.list])).stdout;
    if (unless !== undefined && unless.has in JSON.parse(listed).data) continue;
    const script = `read -r VAULT_TOKEN; export VAULT_TOKEN; exec vault write ${path} -`;
    await installation.exec('vault-0', ['sh', '-c', script], {
      input: `${root}\n${JSON.stringify(body).replaceAll('$NAMESPACE', namespace)}`,
    });
  }
  await installation.jobsComplete(2);
  expect(await installation.initLogs()).toContain('done');
});

test('and back to the Helm chart', async () => {
  const [active, all] = await readWhile(async () => {
    await installation.kubectl(['delete', 'statefulset', 'vault', '--cascade=orphan']);
    await installation.kubectl(['label', 'pods', '-l', 'app.kubernetes.io/component=server', 'component=server']);
    const isMerged = ({ kind }: Manifest) => kind === 'Service' || kind === 'PodDisruptionBudget';
    await replace(...helm.filter(isMerged));
    await apply(...helm.filter(manifest => !isMerged(manifest)));
    installation.serverLabel = 'component=server';
    await rollByHand();
    await sleep(3000);
  });
  console.log(`back to Helm: vault-active: ${active}; vault: ${all}`);
  expect([active.endsWell, all.endsWell]).toEqual([true, true]);
  expect((await installation.vault('vault-0', root, ['kv', 'get', '-field=hello', 'kv/greeting'])).stdout).toBe('world');
});
