import { describe, expect, test } from '@jest/globals';
import { KustomizeApp, type k8s, VaultServer, type VaultServerProps } from '../../charts';
import type { ImageProps, ImagesProps } from '../../charts/app/kubernetes/images';
import type { PlacementProps } from '../../charts/app/kubernetes/placement';
import { hcl, type Manifest, minimal, objectsOf, podSpec, renderWithInit, serverContainer, serverObjects } from '../support/render';

/** Choices that replace a default as a whole. */
describe('placement', () => {
  test('nothing keeps servers apart where nothing shall', () => {
    const spec = podSpec({ antiAffinity: 'none', zoneSpread: 'none' });
    expect(spec.affinity).toBeUndefined();
    expect(spec.topologySpreadConstraints).toBeUndefined();
  });

  test('rules of your own are taken as they are', () => {
    const rule = { labelSelector: { matchLabels: { a: 'b' } }, topologyKey: 'rack' };
    const constraint = { maxSkew: 2, topologyKey: 'rack', whenUnsatisfiable: 'DoNotSchedule' };
    const spec = podSpec({ antiAffinity: { requiredDuringSchedulingIgnoredDuringExecution: [rule] }, zoneSpread: [constraint] });
    expect(spec.affinity).toEqual({ podAntiAffinity: { requiredDuringSchedulingIgnoredDuringExecution: [rule] } });
    expect(spec.topologySpreadConstraints).toEqual([constraint]);
  });
});

test('an existing ServiceAccount is used, bound and trusted, but not made', () => {
  const app = new KustomizeApp();
  const vault = new VaultServer(app, 'vault', { ...minimal, serviceAccount: { existing: 'theirs' } });
  const objects = objectsOf(app.render());
  expect(Object.keys(objects).filter(name => name.startsWith('ServiceAccount/'))).toEqual([]);
  expect(objects['StatefulSet/vault'].spec.template.spec.serviceAccountName).toBe('theirs');
  expect(objects['RoleBinding/vault'].subjects).toEqual([{ kind: 'ServiceAccount', name: 'theirs', namespace: 'vault' }]);
  expect(vault.role.serviceAccount).toEqual({ namespace: 'vault', name: 'theirs' });
});

test('without a disruption budget there is none', () => {
  expect(serverObjects({ disruptionBudget: 'off' })['PodDisruptionBudget/vault']).toBeUndefined();
});

describe('the images', () => {
  const digest = `sha256:${'0'.repeat(64)}`;
  test.each<[ImageProps, string]>([
    [{}, 'hashicorp/vault:1.21.7'],
    [{ tag: '1.20.12' }, 'hashicorp/vault:1.20.12'],
    [{ digest }, `hashicorp/vault@${digest}`],
    [{ digest, tag: '1.21.7' }, `hashicorp/vault:1.21.7@${digest}`],
    [{ repository: 'registry.example.com/vault' }, 'registry.example.com/vault:1.21.7'],
  ])('%j of Vault is %s', (vault, reference) => {
    expect(serverContainer({ images: { vault } })?.image).toBe(reference);
  });

  /** What each container of servers and init Job runs, by its name. */
  const allImages = (images: ImagesProps): Record<string, string> => {
    const pods = Object.values(objectsOf(renderWithInit({ images }))).flatMap(({ spec }) => spec?.template?.spec ?? []);
    const containers: Manifest[] = pods.flatMap(pod => [...(pod.initContainers ?? []), ...pod.containers]);
    return Object.fromEntries(containers.map(({ name, image }) => [name, image]));
  };

  test('come from a mirror of Docker Hub, by Docker Hub’s own names', () => {
    const mirror = '123456789012.dkr.ecr.eu-west-1.amazonaws.com/docker-hub';
    expect(allImages({ mirror })).toEqual({
      'copy-vault': `${mirror}/hashicorp/vault:1.21.7`,
      'lock-memory': `${mirror}/amazon/aws-cli:2.35.9`,
      vault: `${mirror}/hashicorp/vault:1.21.7`,
      reload: `${mirror}/hashicorp/vault:1.21.7`,
      init: `${mirror}/library/node:24.21.0-slim`,
    });
  });

  test('of a repository of one’s own are left out of the mirror', () => {
    expect(allImages({ mirror: 'mirror.example.com', tools: { repository: 'registry.example.com/tools', digest } })).toMatchObject({
      vault: 'mirror.example.com/hashicorp/vault:1.21.7',
      'lock-memory': `registry.example.com/tools@${digest}`,
    });
  });

  test('are pulled in servers and Jobs with the same Secrets, by the same policy', () => {
    const objects = objectsOf(renderWithInit({ images: { pullSecrets: ['registry'], pullPolicy: 'Always' } }));
    const pods: Manifest[] = ['StatefulSet/vault', 'Job/vault-init'].map(key => objects[key].spec.template.spec);
    expect(pods.map(pod => pod.imagePullSecrets)).toEqual([[{ name: 'registry' }], [{ name: 'registry' }]]);
    const policies = pods.flatMap(pod => [...(pod.initContainers ?? []), ...pod.containers].map(({ imagePullPolicy }) => imagePullPolicy));
    expect(policies).toEqual(['Always', 'Always', 'Always', 'Always', 'Always']);
  });
});

test('servers and Jobs run on the same nodes, with the same priority', () => {
  const placement: PlacementProps = {
    tolerations: [{ key: 'dedicated', operator: 'Equal', value: 'vault', effect: 'NoSchedule' }],
    nodeSelector: { 'example.com/pool': 'vault' },
    priorityClassName: 'vault',
  };
  const objects = objectsOf(renderWithInit({ placement }));
  for (const key of ['StatefulSet/vault', 'Job/vault-init']) expect(objects[key].spec.template.spec).toMatchObject(placement);
});

describe('network', () => {
  test('no clients admit nobody: an empty list of peers would admit everybody', () => {
    const objects = serverObjects({ network: { clients: [] } });
    expect(objects['NetworkPolicy/vault-clients']).toBeUndefined();
    expect(JSON.stringify(objects)).not.toContain('"from":[]');
  });

  test.each<[Partial<VaultServerProps>, number[]]>([
    [{}, [443]],
    [{ seal: { ...minimal.seal, endpoint: 'https://kms.example.com:8443' } }, [443, 8443]],
    [{ storage: { ...minimal.storage, endpoint: 'http://dynamodb.example.com' } }, [80, 443]],
    [{ seal: { ...minimal.seal, migrateFrom: { kmsKeyId: 'alias/old', endpoint: 'https://kms.example.com:9443' } } }, [443, 9443]],
  ])('servers reach the ports of the endpoints in %j', (props, expected) => {
    const rules = serverObjects(props)['NetworkPolicy/vault'].spec.egress;
    expect(rules.at(-1).ports.map(({ port }: { port: number }) => port)).toEqual(expected);
  });
});

describe('HCL', () => {
  test('clients and scrapers meet the same lowest TLS version', () => {
    expect(hcl({ listener: { tlsMinVersion: 'tls13' } }).match(/tls_min_version = "tls13"/g)).toHaveLength(2);
  });

  test('extra keys are sorted, so that their order in main.ts changes nothing', () => {
    const text = hcl({ config: { extra: { zebra: 1, aardvark: 2 } } });
    expect(text).toMatch(/aardvark = 2\nzebra = 1\n/);
    expect(hcl({ config: { extra: { aardvark: 2, zebra: 1 } } })).toBe(text);
  });

  test('proxies of the prop and of later charts are trusted together', () => {
    const app = new KustomizeApp();
    const vault = new VaultServer(app, 'vault', { ...minimal, listener: { xForwardedForAuthorizedAddrs: ['10.0.0.0/24'] } });
    vault.listener.trustProxies('10.0.1.0/24', '10.0.0.0/24');
    expect(objectsOf(app.render())['ConfigMap/vault-config'].data['vault.hcl']).toContain(
      'x_forwarded_for_authorized_addrs = ["10.0.0.0/24", "10.0.1.0/24"]',
    );
  });
});

test('two Vaults in namespaces of their own: both namespaces stand in namespace.yaml', () => {
  const app = new KustomizeApp();
  for (const name of ['one', 'two']) {
    new VaultServer(app, name, { ...minimal, name, namespace: name, createNamespace: true, storage: { table: `table-${name}` } });
  }
  const files = app.render();
  expect(files.get('namespace.yaml')?.match(/^kind: Namespace$/gm)).toHaveLength(2);
  expect(Object.keys(objectsOf(files))).toEqual(expect.arrayContaining(['Namespace/one', 'Namespace/two']));
});

test('one namespace that two Vaults would make says which prop to leave out', () => {
  const app = new KustomizeApp();
  for (const name of ['one', 'two'])
    new VaultServer(app, name, { ...minimal, name, createNamespace: true, storage: { table: `table-${name}` } });
  expect(() => app.render()).toThrow('is already taken by [one/namespace]; leave createNamespace out of one of them');
});

describe('a volume of a later chart', () => {
  const add = (vault: VaultServer, name: string, mountPath: string) => () =>
    vault.pod.addVolume({ volume: { name, emptyDir: {} } satisfies k8s.Volume, mount: { mountPath } });

  test('takes neither the name nor the path of another’s', () => {
    const vault = new VaultServer(new KustomizeApp(), 'vault', {
      ...minimal,
      volumes: [{ name: 'mine', emptyDir: {} }],
      volumeMounts: [{ name: 'mine', mountPath: '/mine' }],
    });
    add(vault, 'first', '/first')();
    expect(add(vault, 'first', '/second')).toThrow('the volume name "first" is taken');
    expect(add(vault, 'second', '/first/inner')).toThrow('the path "/first/inner" is taken');
    expect(add(vault, 'mine', '/second')).toThrow('the volume name "mine" is taken');
    expect(add(vault, 'second', '/mine')).toThrow('the path "/mine" is taken');
  });
});
