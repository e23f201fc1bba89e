import { describe, expect, test } from '@jest/globals';
import type { VaultServerProps } from '../../charts';
import type { ImageProps, ImagesProps } from '../../charts/app/kubernetes/images';
import type { PlacementProps } from '../../charts/app/kubernetes/placement';
import type { ResourceAmounts } from '../../charts/app/kubernetes/resources';
import type { PodUser } from '../../charts/app/kubernetes/security';
import type { CertManagerProps } from '../../charts/server/certificate';
import type { AuditVolumeProps } from '../../charts/server/pod/audit-storage';
import type { ProbeTimings } from '../../charts/server/pod/probes';
import type { ServiceProps } from '../../charts/server/services';
import type { VaultConfigProps } from '../../charts/server/vault-hcl/config';
import type { ListenerProps } from '../../charts/server/vault-hcl/listener';
import type { AwsKmsKeyProps } from '../../charts/server/vault-hcl/seal';
import type { DynamoDbStorageProps } from '../../charts/server/vault-hcl/storage';
import type { TelemetryProps } from '../../charts/server/vault-hcl/telemetry';
import type { UserLockoutProps } from '../../charts/server/vault-hcl/user-lockout';
import { minimal, problems } from '../support/render';

/** One value for every prop of a group that its check must refuse; a prop without one does not compile. */
type Bad<Props> = { readonly [Key in keyof Props]-?: unknown };

const notBoolean = 'yes';
const notDuration = '1 day';
const notFamily = ['IPv5'];

const storage: Bad<DynamoDbStorageProps> = {
  table: 'a b',
  region: 'Ireland',
  endpoint: 'dynamodb.local',
  haEnabled: notBoolean,
  maxParallel: 0,
  readCapacity: 0,
  writeCapacity: 0,
  billingMode: 'FREE',
  dynamodbAllowUpdates: notBoolean,
  dynamodbMaxRetries: -1,
};

const key: Bad<AwsKmsKeyProps> = {
  kmsKeyId: 'vault-unseal',
  region: 'Ireland',
  endpoint: 'http://kms.local',
  roleArn: 'unseal',
  roleSessionName: 'a b',
};

const listener: Bad<ListenerProps> = {
  port: 0,
  maxRequestSize: 0,
  maxRequestDuration: notDuration,
  maxTokenHeaderSize: 0,
  maxJsonDepth: 0,
  maxJsonStringValueLength: 0,
  maxJsonObjectEntryCount: 0,
  maxJsonArrayElementCount: 0,
  httpReadTimeout: notDuration,
  httpReadHeaderTimeout: notDuration,
  httpWriteTimeout: notDuration,
  httpIdleTimeout: notDuration,
  disableRequestLimiter: notBoolean,
  tlsMinVersion: 'tls10',
  tlsMaxVersion: 'tls10',
  tlsCipherSuites: ['RC4'],
  tlsDisableClientCerts: notBoolean,
  proxyProtocolBehavior: 'use_always',
  proxyProtocolAuthorizedAddrs: ['10.0.0.0'],
  xForwardedForAuthorizedAddrs: ['10.0.0.0'],
  xForwardedForHopSkips: -1,
  xForwardedForRejectNotAuthorized: notBoolean,
  xForwardedForRejectNotPresent: true,
  xForwardedForClientCertHeader: 'a b',
  disableReplicationStatusEndpoints: notBoolean,
  redactAddresses: notBoolean,
  redactClusterName: notBoolean,
  redactVersion: notBoolean,
  customResponseHeaders: { sometimes: {} },
};

const telemetry: Bad<TelemetryProps> = {
  prometheusRetentionTime: notDuration,
  disableHostname: notBoolean,
  enableHostnameLabel: notBoolean,
  metricsPrefix: '',
  usageGaugePeriod: notDuration,
  maximumGaugeCardinality: 0,
  leaseMetricsEpsilon: notDuration,
  numLeaseMetricsBuckets: 0,
  addLeaseMetricsNamespaceLabels: notBoolean,
  filterDefault: notBoolean,
  prefixFilter: ['vault'],
  statsdAddress: 'statsd',
  statsiteAddress: 'statsite',
  dogstatsdAddr: 'dogstatsd',
  dogstatsdTags: [],
};

const config: Bad<Omit<VaultConfigProps, 'extra'>> = {
  ui: notBoolean,
  clusterName: '',
  logLevel: 'loud',
  logFormat: 'xml',
  logFile: 'vault.log',
  logRotateDuration: notDuration,
  logRotateBytes: 0,
  logRotateMaxFiles: -2,
  logRequestsLevel: 'loud',
  pidFile: 'vault.pid',
  disableCache: notBoolean,
  disableClustering: notBoolean,
  disablePrintableCheck: notBoolean,
  rawStorageEndpoint: notBoolean,
  introspectionEndpoint: notBoolean,
  defaultLeaseTtl: notDuration,
  maxLeaseTtl: notDuration,
  defaultMaxRequestDuration: notDuration,
  cacheSize: 0,
  pluginDirectory: 'plugins',
  pluginTmpdir: 'tmp',
  pluginFileUid: -1,
  pluginFilePermissions: '755',
  detectDeadlocks: ['all'],
  enableResponseHeaderHostname: notBoolean,
  enableResponseHeaderRaftNodeId: notBoolean,
  impreciseLeaseRoleTracking: notBoolean,
  enablePostUnsealTrace: notBoolean,
  postUnsealTraceDirectory: 'traces',
  allowAuditLogPrefixing: notBoolean,
  denySlashInTemplatedPaths: notBoolean,
  experiments: [],
  enableUnauthenticatedAccess: ['everything'],
  clusterCipherSuites: ['RC4'],
};

const userLockout: Bad<UserLockoutProps> = {
  type: 'github',
  lockoutThreshold: 0,
  lockoutDuration: notDuration,
  lockoutCounterReset: notDuration,
  disableLockout: notBoolean,
};

const internalService = { annotations: { 'a b': 'x' }, labels: { 'a b': 'x' }, ipFamilies: notFamily, ipFamilyPolicy: 'Both' };
const service: Bad<ServiceProps> = {
  ...internalService,
  type: 'ExternalName',
  externalTrafficPolicy: 'Node',
  internalTrafficPolicy: 'Node',
  loadBalancerClass: 'a b',
  loadBalancerSourceRanges: ['10.0.0.0'],
};

const auditStorage: Bad<AuditVolumeProps> = {
  size: 'big',
  storageClass: 'Fast',
  accessModes: ['ReadWriteMany'],
  whenDeleted: 'Keep',
  whenScaled: 'Keep',
};

const timings: Bad<ProbeTimings> = { initialDelaySeconds: -1, periodSeconds: 0, timeoutSeconds: 0, failureThreshold: 0 };

const image: Bad<ImageProps> = { repository: 'Vault:1', tag: 'latest', digest: 'sha256:abc' };
const images: Bad<Omit<ImagesProps, 'vault' | 'tools' | 'node'>> = {
  mirror: 'https://registry.example.com/',
  pullPolicy: 'Sometimes',
  pullSecrets: ['Registry'],
};
const placement: Bad<Omit<PlacementProps, 'tolerations'>> = { nodeSelector: { 'a b': 'x' }, priorityClassName: 'High' };

const amounts: Bad<ResourceAmounts> = { cpu: 'one', memory: '512m', ephemeralStorage: '10' };
const goodAmounts: ResourceAmounts = { cpu: '1', memory: '1Gi', ephemeralStorage: '1Gi' };

const user: Bad<PodUser> = { uid: 0, gid: 0, fsGroup: 0 };

const certManager: Bad<Omit<CertManagerProps, 'issuer'>> = {
  duration: '30m',
  renewBefore: '1m',
  dnsNames: ['a b'],
  ipAddresses: ['10.0.0.300'],
};
const issuer = { kind: 'issuer', name: 'CA', group: 'a b' };

/** Props of the chart itself: those whose value is a group, or a list of objects of Kubernetes, are left out here. */
const own: Bad<
  Omit<
    VaultServerProps,
    | 'aws'
    | 'storage'
    | 'seal'
    | 'tls'
    | 'createNamespace'
    | 'images'
    | 'resources'
    | 'user'
    | 'placement'
    | 'probes'
    | 'env'
    | 'volumes'
    | 'volumeMounts'
    | 'initContainers'
    | 'sidecars'
    | 'serviceAccount'
    | 'services'
    | 'disruptionBudget'
    | 'network'
    | 'listener'
    | 'metrics'
    | 'telemetry'
    | 'userLockout'
    | 'config'
    | 'auditStorage'
  >
> = {
  name: 'Vault',
  namespace: 'a.b',
  replicas: 101,
  memoryLock: 'on',
  antiAffinity: 'some',
  zoneSpread: 'some',
  terminationGracePeriodSeconds: 60.5,
  preStopSleepSeconds: -1,
  podLabels: { a: 'b c' },
  podAnnotations: { 'a b': 'x' },
  role: 'no spaces',
};

type Wrap = (bad: Record<string, unknown>) => object;
const groups: readonly [string, object, Wrap][] = [
  ['', own, bad => bad],
  ['storage.', storage, bad => ({ storage: { ...minimal.storage, ...bad } })],
  ['seal.', key, bad => ({ seal: { ...minimal.seal, ...bad } })],
  ['seal.migrateFrom.', key, bad => ({ seal: { ...minimal.seal, migrateFrom: { kmsKeyId: 'alias/old', ...bad } } })],
  ['listener.', listener, bad => ({ listener: bad })],
  ['metrics.', { port: 70_000 }, bad => ({ metrics: bad })],
  ['telemetry.', telemetry, bad => ({ telemetry: bad })],
  ['config.', config, bad => ({ config: bad })],
  ['userLockout[0].', userLockout, bad => ({ userLockout: [{ type: 'all', ...bad }] })],
  ...(['all', 'active', 'standby'] as const).map((name): [string, object, Wrap] => [
    `services.${name}.`,
    service,
    bad => ({ services: { [name]: bad } }),
  ]),
  ['services.internal.', internalService, bad => ({ services: { internal: bad } })],
  ['auditStorage.', auditStorage, bad => ({ auditStorage: { size: '1Gi', ...bad } })],
  ...(['startup', 'liveness', 'readiness'] as const).map((name): [string, object, Wrap] => [
    `probes.${name}.`,
    timings,
    bad => ({ probes: { [name]: bad } }),
  ]),
  ['images.', images, bad => ({ images: bad })],
  ...(['vault', 'tools', 'node'] as const).map((name): [string, object, Wrap] => [
    `images.${name}.`,
    image,
    bad => ({ images: { [name]: bad } }),
  ]),
  ['placement.', placement, bad => ({ placement: bad })],
  ['resources.requests.', amounts, bad => ({ resources: { requests: { ...goodAmounts, ...bad }, limits: goodAmounts } })],
  ['resources.limits.', amounts, bad => ({ resources: { requests: goodAmounts, limits: { ...goodAmounts, ...bad } } })],
  ['user.', user, bad => ({ user: bad })],
  ['aws.', { accountId: '1234', region: 'Ireland' }, bad => ({ aws: { ...minimal.aws, ...bad } })],
  ['tls.certManager.', certManager, bad => ({ tls: { certManager: { issuer: { kind: 'Issuer', name: 'ca' }, ...bad } } })],
  ['tls.certManager.issuer.', issuer, bad => ({ tls: { certManager: { issuer: { kind: 'Issuer', name: 'ca', ...bad } } } })],
  ['tls.', { secretName: 'Own' }, bad => ({ tls: bad })],
  ['serviceAccount.', { name: 'A', annotations: { 'a b': 'x' }, labels: { 'a b': 'x' } }, bad => ({ serviceAccount: bad })],
  ['serviceAccount.', { existing: 'A' }, bad => ({ serviceAccount: bad })],
  ['disruptionBudget.', { maxUnavailable: 0.5 }, bad => ({ disruptionBudget: bad })],
  ['network.clients[0].', { podLabels: { 'a b': 'x' } }, bad => ({ network: { clients: [bad] } })],
  ['network.clients[0].', { namespaceLabels: { 'a b': 'x' } }, bad => ({ network: { clients: [{ podLabels: {}, ...bad }] } })],
  ['network.clients[0].', { cidr: '10.0.0.0' }, bad => ({ network: { clients: [bad] } })],
  ['network.clients[0].', { except: ['11.0.0.0/16'] }, bad => ({ network: { clients: [{ cidr: '10.0.0.0/8', ...bad }] } })],
  ['network.egress[0].', { ports: [] }, bad => ({ network: { egress: [{ cidr: '10.0.0.0/8', ...bad }] } })],
  ['metrics.scrapers[0].', { podLabels: { 'a b': 'x' } }, bad => ({ metrics: { scrapers: [bad] } })],
];

const cases = groups.flatMap(([prefix, values, wrap]) =>
  Object.entries(values).map(([name, value]) => [`${prefix}${name}`, value, wrap({ [name]: value })] as const),
);

describe('every prop has a check, which refuses once', () => {
  test.each(cases)('%s: %j', (prop, value, props) => {
    const found = problems(props as Partial<VaultServerProps>).map(problem => problem.replace(/^\[[^\]]*\] /, ''));
    expect(found.filter(problem => problem.startsWith(`${prop}: got ${JSON.stringify(value)}; allowed: `))).toHaveLength(1);
  });
});

test('a value that is wrong alone is not judged together with others', () => {
  const lines = (props: Partial<VaultServerProps>) => problems(props).length;
  expect(lines({ config: { maxLeaseTtl: 'x' } })).toBe(1);
  expect(lines({ metrics: { port: 70_000 } })).toBe(1);
  expect(lines({ terminationGracePeriodSeconds: -5 })).toBe(1);
  expect(lines({ resources: { requests: { ...goodAmounts, memory: '10m' }, limits: goodAmounts } })).toBe(1);
  expect(lines({ tls: { certManager: { issuer: { kind: 'Issuer', name: 'ca' }, duration: 'x', renewBefore: 'y' } } })).toBe(2);
  expect(lines({ listener: { xForwardedForAuthorizedAddrs: ['10.0.0.0'] } })).toBe(1);
});
