import { describe, expect, test } from '@jest/globals';
import { JsonPatch } from 'cdk8s';
import { KustomizeApp, VaultServer } from '../../charts';
import { hcl, minimal, objectsOf, serverObjects } from '../support/render';

const make = () => {
  const app = new KustomizeApp();
  return { app, vault: new VaultServer(app, 'vault', minimal) };
};

describe('what later charts read of a server', () => {
  test('names, ports, address and labels', () => {
    const { vault } = make();
    expect({
      name: vault.name,
      namespace: vault.namespace,
      account: vault.serviceAccountName,
      secret: vault.certificate.secretName,
    }).toEqual({
      name: 'vault',
      namespace: 'vault',
      account: 'vault',
      secret: 'vault-tls',
    });
    expect([vault.services.all, vault.services.active, vault.services.standby, vault.services.internal]).toEqual([
      'vault',
      'vault-active',
      'vault-standby',
      'vault-internal',
    ]);
    expect([vault.listener.port, vault.listener.clusterPort, vault.metricsPort]).toEqual([8200, 8201, 8210]);
    expect(vault.address).toBe('https://vault-active.vault.svc:8200');
    expect(vault.clientLabels).toEqual({ 'vault-client': 'true' });
  });
});

describe('what later charts may add', () => {
  test('names on the certificate', () => {
    const { app, vault } = make();
    vault.certificate.addDnsNames('vault.example.com', 'localhost');
    const names = objectsOf(app.render())['Certificate/vault-tls'].spec.dnsNames;
    expect(names).toContain('vault.example.com');
    expect(names.filter((name: string) => name === 'localhost')).toHaveLength(1);
  });

  test('proxies that the listener trusts: those without the header still get through', () => {
    const { app, vault } = make();
    vault.listener.trustProxies('10.0.0.0/24');
    expect(objectsOf(app.render())['ConfigMap/vault-config'].data['vault.hcl']).toContain(
      '  x_forwarded_for_authorized_addrs = ["10.0.0.0/24"]\n  x_forwarded_for_reject_not_present = false\n',
    );
    expect(hcl()).not.toContain('x_forwarded_for');
  });

  test('a volume in the server’s container', () => {
    const { app, vault } = make();
    vault.pod.addVolume({ volume: { name: 'rds-ca', configMap: { name: 'rds-ca' } }, mount: { mountPath: '/vault/rds', readOnly: true } });
    const pod = objectsOf(app.render())['StatefulSet/vault'].spec.template.spec;
    expect(pod.containers[0].volumeMounts.at(-1)).toEqual({ name: 'rds-ca', mountPath: '/vault/rds', readOnly: true });
    expect(pod.volumes.at(-1)).toEqual({ name: 'rds-ca', configMap: { name: 'rds-ca' } });
    expect(() => vault.pod.addVolume({ volume: { name: 'late' }, mount: { mountPath: '/late' } })).toThrow(
      '[vault] pod.addVolume was called after app.synth()',
    );
  });

  test('but nothing that is malformed', () => {
    const { app, vault } = make();
    vault.listener.trustProxies('10.0.0.0');
    vault.certificate.addDnsNames('a b');
    expect(() => app.render()).toThrow(
      /listener\.trustProxies: got "10\.0\.0\.0"; allowed: CIDR blocks of IPv4 or IPv6;.*\n.*certificate\.addDnsNames: got "a b"; allowed: DNS names/,
    );
  });

  test('but no volume whose name or path is taken, and nothing after synth', () => {
    const { app, vault } = make();
    const volume = (name: string, mountPath: string) => () => vault.pod.addVolume({ volume: { name }, mount: { mountPath } });
    expect(volume('tls', '/x')).toThrow('the volume name "tls" is taken');
    expect(volume('x', '/vault/config/x')).toThrow('the path "/vault/config/x" is taken');
    app.render();
    expect(() => vault.certificate.addDnsNames('late.example.com')).toThrow(
      '[vault] certificate.addDnsNames was called after app.synth(): call it before, or dist lacks what it adds',
    );
    expect(() => vault.listener.trustProxies('10.0.0.0/8')).toThrow('[vault] listener.trustProxies was called after app.synth()');
  });
});

test('the escape hatch reaches any field, also one newer than the types', () => {
  const { app, vault } = make();
  vault.statefulSet.addJsonPatch(JsonPatch.add('/spec/template/spec/containers/0/lifecycle/preStop', { sleep: { seconds: 5 } }));
  expect(objectsOf(app.render())['StatefulSet/vault'].spec.template.spec.containers[0].lifecycle).toEqual({
    preStop: { sleep: { seconds: 5 } },
  });
});

describe('the certificate', () => {
  test('holds every name by which a server is reached, short ones first', () => {
    expect(serverObjects()['Certificate/vault-tls'].spec).toMatchObject({
      secretName: 'vault-tls',
      issuerRef: { kind: 'ClusterIssuer', name: 'internal-ca' },
      ipAddresses: ['127.0.0.1', '::1'],
      privateKey: { rotationPolicy: 'Always' },
      dnsNames: [
        'localhost',
        ...['vault', 'vault-active', 'vault-standby', 'vault-internal'].flatMap(name => [
          name,
          `${name}.vault`,
          `${name}.vault.svc`,
          `${name}.vault.svc.cluster.local`,
        ]),
        ...['', '.vault', '.vault.svc', '.vault.svc.cluster.local'].map(end => `*.vault-internal${end}`),
      ],
    });
  });

  test('with a Secret of your own there is none to order', () => {
    const objects = serverObjects({ tls: { secretName: 'own' } });
    expect(objects['Certificate/own']).toBeUndefined();
    expect(objects['StatefulSet/vault'].spec.template.spec.volumes).toContainEqual({
      name: 'tls',
      secret: { secretName: 'own', defaultMode: 0o440 },
    });
  });
});

describe('replicas', () => {
  test.each([
    [0, false],
    [1, false],
    [2, true],
  ])('with %d a disruption budget exists: %s', (replicas, budget) => {
    expect(serverObjects({ replicas })['PodDisruptionBudget/vault'] !== undefined).toBe(budget);
  });

  test('above ten may label themselves too', () => {
    expect(serverObjects({ replicas: 12 })['Role/vault'].rules[0].resourceNames).toHaveLength(12);
  });
});

describe('the IAM role', () => {
  test.each([
    ['eu-west-1', 'aws'],
    ['cn-north-1', 'aws-cn'],
    ['us-gov-east-1', 'aws-us-gov'],
  ])('may do what Vault needs of the table and the key, in %s', (region, partition) => {
    const vault = new VaultServer(new KustomizeApp(), 'vault', { ...minimal, aws: { ...minimal.aws, region } });
    expect(vault.role.statements()).toEqual([
      {
        sid: 'Storage',
        actions: ['DescribeTable', 'GetItem', 'Query', 'BatchWriteItem', 'UpdateItem', 'DeleteItem'].map(action => `dynamodb:${action}`),
        resources: [`arn:${partition}:dynamodb:${region}:123456789012:table/vault-data`],
      },
      {
        sid: 'Unseal',
        actions: ['kms:Encrypt', 'kms:Decrypt', 'kms:DescribeKey'],
        resources: [`arn:${partition}:kms:${region}:123456789012:key/*`],
        conditions: { 'ForAnyValue:StringEquals': { 'kms:ResourceAliases': ['alias/vault-unseal'] } },
      },
    ]);
  });

  test.each([
    ['1234abcd-12ab-34cd-56ef-1234567890ab', 'arn:aws:kms:eu-west-1:123456789012:key/1234abcd-12ab-34cd-56ef-1234567890ab'],
    [
      'arn:aws:kms:us-east-1:123456789012:key/mrk-1234abcd12ab34cd56ef1234567890ab',
      'arn:aws:kms:us-east-1:123456789012:key/mrk-1234abcd12ab34cd56ef1234567890ab',
    ],
  ])('names a key %s by its ARN', (kmsKeyId, arn) => {
    const vault = new VaultServer(new KustomizeApp(), 'vault', { ...minimal, seal: { kmsKeyId } });
    expect(vault.role.statements()[1]).toEqual({
      sid: 'Unseal',
      actions: ['kms:Encrypt', 'kms:Decrypt', 'kms:DescribeKey'],
      resources: [arn],
    });
  });

  test('leaves a key that has a role of its own to that role, and keeps the old key during a migration', () => {
    const seal = { kmsKeyId: 'alias/new', roleArn: 'arn:aws:iam::210987654321:role/unseal', migrateFrom: { kmsKeyId: 'alias/old' } };
    const vault = new VaultServer(new KustomizeApp(), 'vault', { ...minimal, seal });
    expect(vault.role.statements().slice(1)).toMatchObject([
      { sid: 'UnsealMigration', conditions: { 'ForAnyValue:StringEquals': { 'kms:ResourceAliases': ['alias/old'] } } },
    ]);
  });

  test('may update the table only where Vault shall', () => {
    const storage = { table: 'vault-data', dynamodbAllowUpdates: true };
    const vault = new VaultServer(new KustomizeApp(), 'vault', { ...minimal, storage });
    expect(vault.role.statements()[0]?.actions).toContain('dynamodb:UpdateTable');
  });
});
