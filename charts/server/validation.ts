import type { k8s } from '../../imports';
import { accountId, region } from '../app/aws';
import {
  absolutePath,
  annotations,
  bytes,
  type Check,
  dnsLabel,
  dnsSubdomain,
  integer,
  labels,
  matching,
  oneOf,
  port,
  quantity,
  quantityValue,
} from '../app/checks';
import type { SelectorLabels } from '../app/labels';
import { Problems } from '../app/problems';
import type { ResourcesProps } from '../app/resources';
import { auditChecks } from './audit-storage';
import { checkConfig } from './config';
import { checkDisruptionBudget } from './disruption';
import { checkImage } from './image';
import type { ServerListener } from './listener';
import { addsIpcLock, memoryLocks } from './memory-lock';
import { checkNetwork, checkPeers } from './network';
import { antiAffinityPresets, zoneSpreadPresets } from './placement';
import { overlap, ownContainers, ownMountPaths, ownVolumes } from './pod';
import { checkProbes } from './probes';
import { checkSeal } from './seal';
import { checkServiceAccount, maxReplicas } from './service-account';
import { checkServices } from './services';
import { checkStorage } from './storage';
import { telemetryChecks } from './telemetry';
import { checkUserLockout } from './user-lockout';
import type { VaultServerProps } from './vault-server-props';

/** What the checks need to know of a server beyond its props. */
export interface ServerFacts {
  readonly name: string;
  readonly replicas: number;
  readonly selector: SelectorLabels;
  readonly listener: ServerListener;
  readonly metricsPort: number | undefined;
}

/** Everything that is wrong with a server's props, alone and together. */
export function validateServer(server: ServerFacts, props: VaultServerProps): string[] {
  const problems = new Problems();
  const { replicas } = server;
  // the longest names made from it: the Service <name>-standby, and the label with the StatefulSet's revision
  problems.check('name', props.name, dnsLabel(52));
  problems.require('namespace', props.namespace, dnsLabel());
  if (props.createNamespace && /^(default|kube-.*)$/.test(props.namespace)) {
    problems.refuse(
      'createNamespace',
      props.namespace,
      "namespaces that are not the cluster's own",
      'leave createNamespace out, or give Vault a namespace of its own',
    );
  }
  problems.check('replicas', props.replicas, integer(0, maxReplicas));
  problems.require('aws.accountId', props.aws.accountId, accountId);
  problems.require('aws.region', props.aws.region, region);
  problems.check('memoryLock', props.memoryLock, oneOf(...memoryLocks));
  checkStorage(problems, props.storage, props.aws, replicas);
  checkSeal(problems, props.seal, props.aws);
  checkImage(problems, props.image ?? {}, props.memoryLock ?? 'file-capability');
  for (const [index, secret] of (props.image?.pullSecrets ?? []).entries())
    problems.check(`image.pullSecrets[${index}]`, secret, dnsSubdomain);
  server.listener.check(problems);
  const suites = props.listener?.tlsCipherSuites;
  if (
    props.tls.certManager !== undefined &&
    props.listener?.tlsMaxVersion === 'tls12' &&
    suites?.every(suite => !suite.includes('ECDSA'))
  ) {
    problems.refuse(
      'listener.tlsCipherSuites',
      suites,
      'at least one ECDSA suite with tlsMaxVersion "tls12"',
      'the key that cert-manager makes is ECDSA: no client could connect',
    );
  }
  checkMetrics(problems, server, props);
  problems.checkAll('telemetry', props.telemetry, telemetryChecks);
  checkUserLockout(problems, props.userLockout ?? []);
  checkConfig(problems, props.config ?? {}, replicas);
  for (const key of ['logFile', 'pidFile'] as const) {
    const path = props.config?.[key];
    const writable = [
      '/tmp',
      '/home/vault',
      ...(typeof props.auditStorage === 'object' ? ['/vault/audit'] : []),
      ...(props.volumeMounts ?? []).map(mount => mount.mountPath),
    ];
    if (path !== undefined && !writable.some(folder => path.startsWith(`${folder}/`))) {
      problems.refuse(`config.${key}`, path, `paths in ${writable.join(', ')}`, 'the root file system is read-only: add a volume');
    }
  }
  checkExposure(problems, props);
  checkServices(problems, props.services ?? {}, server.selector);
  checkServiceAccount(problems, props.serviceAccount ?? {});
  if (props.network !== undefined && props.network !== 'off') checkNetwork(problems, props.network);
  if (props.disruptionBudget !== undefined && props.disruptionBudget !== 'off')
    checkDisruptionBudget(problems, props.disruptionBudget, replicas);
  if (typeof props.auditStorage === 'object') problems.checkAll('auditStorage', props.auditStorage, auditChecks);
  checkProbes(problems, props.probes ?? {});
  checkStop(problems, props);
  checkResources(problems, props);
  checkPlacement(problems, props);
  checkMetadata(problems, server, props);
  checkAdditions(problems, server, props);
  return problems.messages;
}

function checkMetrics(problems: Problems, server: ServerFacts, props: VaultServerProps): void {
  if (props.metrics === 'off' || server.metricsPort === undefined) return;
  const metricsPort = server.metricsPort;
  problems.check('metrics.port', metricsPort, port);
  checkPeers(problems, 'metrics.scrapers', props.metrics?.scrapers);
  const taken = [server.listener.port, server.listener.clusterPort];
  if (
    [metricsPort, metricsPort + 1].some(number => taken.includes(number)) ||
    metricsPort === 65535 ||
    (metricsPort < 1024 && metricsPort > 0)
  ) {
    problems.refuse(
      'metrics.port',
      metricsPort,
      `ports from 1024 to 65534; it and the next one may not be ${taken.join(' or ')}`,
      'choose another port',
    );
  }
}

/** A load balancer whose addresses the policies do not admit reaches nobody. */
function checkExposure(problems: Problems, props: VaultServerProps): void {
  const admitted = props.network === 'off' || (props.network?.clients ?? []).some(client => client.cidr !== undefined);
  for (const key of ['all', 'active', 'standby'] as const) {
    const type = props.services?.[key]?.type;
    if (type !== undefined && type !== 'ClusterIP' && !admitted) {
      problems.refuse(
        `services.${key}.type`,
        type,
        'types other than ClusterIP only with an address in network.clients',
        'add the subnets of the load balancer, such as { cidr: "10.0.0.0/16" }',
      );
    }
  }
}

function checkStop(problems: Problems, props: VaultServerProps): void {
  const grace = props.terminationGracePeriodSeconds ?? 60;
  const preStop = props.preStopSleepSeconds ?? 5;
  problems.check('terminationGracePeriodSeconds', props.terminationGracePeriodSeconds, integer(0));
  problems.check('preStopSleepSeconds', props.preStopSleepSeconds, integer(0));
  if (grace < preStop + 15) {
    problems.refuse(
      'terminationGracePeriodSeconds',
      grace,
      `at least preStopSleepSeconds (${preStop}) + 15`,
      'give Vault time to hand over: a server that is killed keeps the lock of the table for up to 15 s',
    );
  }
}

function checkResources(problems: Problems, props: VaultServerProps): void {
  const { resources, memoryLock = 'file-capability' } = props;
  if (resources === undefined) return;
  for (const amounts of ['requests', 'limits'] as const) {
    for (const name of ['cpu', 'memory', 'ephemeralStorage'] as const)
      problems.check(`resources.${amounts}.${name}`, resources[amounts][name], name === 'cpu' ? quantity : bytes);
  }
  const [requested, limit] = [
    (name: keyof ResourcesProps['requests']) => quantityValue(resources.requests[name]),
    (name: keyof ResourcesProps['requests']) => quantityValue(resources.limits[name] ?? ''),
  ];
  for (const name of ['cpu', 'memory', 'ephemeralStorage'] as const) {
    if (requested(name) > limit(name))
      problems.refuse(
        `resources.requests.${name}`,
        resources.requests[name],
        `at most resources.limits.${name} (${resources.limits[name]})`,
        'raise the limit or lower the request',
      );
  }
  if (memoryLock !== 'off' && requested('memory') < 450e6) {
    problems.refuse(
      'resources.requests.memory',
      resources.requests.memory,
      `450M or more with memoryLock "${memoryLock}"`,
      'locked memory is resident from the start: request 1Gi, or set memoryLock "off"',
    );
  }
}

function checkPlacement(problems: Problems, props: VaultServerProps): void {
  if (typeof props.antiAffinity === 'string') problems.check('antiAffinity', props.antiAffinity, oneOf(...antiAffinityPresets));
  if (typeof props.zoneSpread === 'string') problems.check('zoneSpread', props.zoneSpread, oneOf(...zoneSpreadPresets));
  problems.check('nodeSelector', props.nodeSelector, labels);
  problems.check('priorityClassName', props.priorityClassName, dnsSubdomain);
  const id = integer(1, 2 ** 31 - 1, 'Vault runs without root: leave it out for 10001');
  for (const name of ['uid', 'gid', 'fsGroup'] as const) problems.check(`user.${name}`, props.user?.[name], id);
}

const labelsThatVaultSets = ['vault-active', 'vault-initialized', 'vault-sealed', 'vault-perf-standby', 'vault-version'];

function checkMetadata(problems: Problems, server: ServerFacts, props: VaultServerProps): void {
  problems.check('podLabels', props.podLabels, labels);
  problems.check('podAnnotations', props.podAnnotations, annotations);
  for (const key of Object.keys(props.podLabels ?? {}).filter(label => label in server.selector || labelsThatVaultSets.includes(label))) {
    problems.refuse('podLabels', key, 'labels that neither the chart nor Vault sets', 'choose another key');
  }
  for (const key of Object.keys(props.podAnnotations ?? {}).filter(
    name => name.startsWith('eks.amazonaws.com/') || name === 'kubectl.kubernetes.io/default-container',
  )) {
    problems.refuse('podAnnotations', key, 'annotations that the chart does not set', 'leave it out; the role has the prop role');
  }
}

/** Variables that would override what the chart says elsewhere, and where to say it. */
const ownedVariables: Readonly<Record<string, string>> = {
  AWS_ACCESS_KEY_ID: 'credentials come from the role alone',
  AWS_DEFAULT_REGION: 'set aws.region',
  AWS_DYNAMODB_ALLOW_UPDATES: 'set storage.dynamodbAllowUpdates',
  AWS_DYNAMODB_BILLING_MODE: 'set storage.billingMode',
  AWS_DYNAMODB_ENDPOINT: 'set storage.endpoint',
  AWS_DYNAMODB_MAX_RETRIES: 'set storage.dynamodbMaxRetries',
  AWS_DYNAMODB_READ_CAPACITY: 'set storage.readCapacity',
  AWS_DYNAMODB_REGION: 'set storage.region',
  AWS_DYNAMODB_TABLE: 'set storage.table',
  AWS_DYNAMODB_WRITE_CAPACITY: 'set storage.writeCapacity',
  AWS_KMS_ENDPOINT: 'set seal.endpoint',
  AWS_REGION: 'set aws.region or seal.region',
  AWS_ROLE_ARN: 'set role',
  AWS_SECRET_ACCESS_KEY: 'credentials come from the role alone',
  AWS_SESSION_TOKEN: 'credentials come from the role alone',
  AWS_STS_REGIONAL_ENDPOINTS: 'the chart sets it',
  AWS_WEB_IDENTITY_TOKEN_FILE: 'EKS sets it',
  AWSKMS_WRAPPER_KEY_ID: 'set seal.kmsKeyId',
  DYNAMODB_HA_ENABLED: 'set storage.haEnabled',
  HOME: 'the chart sets it',
  VAULT_ADDR: 'the chart sets it',
  VAULT_ADVERTISE_ADDR: 'the chart sets VAULT_API_ADDR',
  VAULT_API_ADDR: 'the chart sets it',
  VAULT_AWSKMS_SEAL_KEY_ID: 'set seal.kmsKeyId',
  VAULT_CACERT: 'the chart sets it',
  VAULT_CLUSTER_ADDR: 'the chart sets it',
  VAULT_DISABLE_MLOCK: 'set memoryLock',
  VAULT_K8S_NAMESPACE: 'the chart sets it',
  VAULT_K8S_POD_NAME: 'the chart sets it',
  VAULT_LOG_FORMAT: 'set config.logFormat',
  VAULT_LOG_LEVEL: 'set config.logLevel',
  VAULT_REDIRECT_ADDR: 'the chart sets VAULT_API_ADDR',
  VAULT_SEAL_TYPE: 'set seal',
  VAULT_TOKEN: 'a token in the environment is a token in the YAML',
};

/** Variables of the AWS SDK that override nothing of the chart's. */
const harmlessVariables = ['AWS_CA_BUNDLE', 'AWS_MAX_ATTEMPTS', 'AWS_RETRY_MODE'];

const credentials = ['AWS_ACCESS_KEY', 'AWS_ACCESS_KEY_ID', 'AWS_SECRET_ACCESS_KEY', 'AWS_SECRET_KEY', 'AWS_SESSION_TOKEN', 'VAULT_TOKEN'];

function checkAdditions(problems: Problems, server: ServerFacts, props: VaultServerProps): void {
  const { env = [], volumes = [], volumeMounts = [], initContainers = [], sidecars = [] } = props;
  const environment: Check<string> = matching(/^[A-Za-z_.-][A-Za-z0-9_.-]*$/, 'names of environment variables', 'write for example "GOGC"');
  for (const [index, { name }] of env.entries()) {
    problems.check(`env[${index}].name`, name, environment);
    const instead =
      ownedVariables[name] ??
      (/^(AWS|VAULT)_/.test(name) && !harmlessVariables.includes(name)
        ? 'a variable of this kind overrides configuration: set the prop that says the same'
        : undefined);
    if (instead !== undefined) problems.refuse(`env[${index}].name`, name, 'variables that do not override what the chart sets', instead);
  }
  const ownInOthers = ['api-token', 'vault-binary', 'home', 'tmp', 'audit'];
  for (const container of [...initContainers, ...sidecars]) {
    const where = `container ${container.name}`;
    if (container.image === undefined || container.image === '')
      problems.refuse(`${where}: image`, container.image ?? 'nothing', 'an image', 'name one');
    for (const { name, value } of container.env ?? []) {
      if (credentials.includes(name) && value !== undefined)
        problems.refuse(`${where}: env`, name, 'no credentials in the YAML', 'take it from a Secret with valueFrom');
    }
    for (const { name } of container.volumeMounts ?? []) {
      if (ownInOthers.includes(name))
        problems.refuse(`${where}: volumeMounts`, name, `volumes other than ${ownInOthers.join(', ')}`, "these are the server's alone");
      else if (!ownVolumes.includes(name) && !volumes.some(volume => volume.name === name))
        problems.refuse(`${where}: volumeMounts`, name, 'names of volumes in the prop volumes', 'add the volume there');
    }
    const { allowPrivilegeEscalation, capabilities } = container.securityContext ?? {};
    if (
      props.createNamespace &&
      !addsIpcLock(props.memoryLock ?? 'file-capability') &&
      (allowPrivilegeEscalation !== false || !capabilities?.drop?.includes('ALL'))
    ) {
      problems.refuse(
        `${where}: securityContext`,
        container.securityContext ?? 'nothing',
        'allowPrivilegeEscalation: false and capabilities.drop: ["ALL"]',
        'the namespace that createNamespace makes enforces Pod Security restricted',
      );
    }
  }
  for (const volume of volumes) {
    if (Object.keys(volume).length < 2)
      problems.refuse('volumes', volume, 'volumes with a source', 'write for example { name: "x", emptyDir: {} }');
  }
  for (const toleration of props.tolerations ?? []) {
    problems.check('tolerations: operator', toleration.operator, oneOf<string>('Equal', 'Exists'));
    problems.check('tolerations: effect', toleration.effect, oneOf<string>('NoSchedule', 'PreferNoSchedule', 'NoExecute'));
  }
  checkNames(problems, 'env', env, []);
  checkNames(problems, 'volumes', volumes, ownVolumes);
  checkNames(problems, 'initContainers and sidecars', [...initContainers, ...sidecars], ownContainers);
  for (const [index, mount] of volumeMounts.entries()) {
    const where = `volumeMounts[${index}]`;
    problems.check(`${where}.mountPath`, mount.mountPath, mountPath);
    const taken = [...ownMountPaths, ...volumeMounts.slice(0, index).map(other => other.mountPath)].find(path =>
      overlap(path, mount.mountPath),
    );
    if (taken !== undefined)
      problems.refuse(`${where}.mountPath`, mount.mountPath, `paths that do not overlap ${taken}`, 'choose another path');
    if (!volumes.some(volume => volume.name === mount.name))
      problems.refuse(`${where}.name`, mount.name, 'names of volumes in the prop volumes', 'add the volume there');
  }
  const ownPorts = [
    server.listener.port,
    server.listener.clusterPort,
    ...(server.metricsPort === undefined ? [] : [server.metricsPort, server.metricsPort + 1]),
  ];
  for (const sidecar of sidecars) {
    for (const { containerPort } of sidecar.ports ?? []) {
      if (ownPorts.includes(containerPort))
        problems.refuse(
          `sidecars: ${sidecar.name}`,
          containerPort,
          `ports other than ${ownPorts.join(', ')}`,
          'containers of a pod share its ports: choose another',
        );
    }
  }
}

/** Where a volume hides nothing that the container needs. */
const mountPath: Check<string> = {
  ok: path =>
    absolutePath.ok(path) &&
    !path.split('/').includes('..') &&
    !path.split('/').includes('.') &&
    !/^\/(bin|boot|dev|etc|lib|lib64|proc|root|run|sbin|sys|usr)(\/|$)/.test(path),
  allowed: "absolute paths outside the system's folders",
  fix: 'write for example "/vault/plugins"',
};

type Named = Pick<k8s.Volume, 'name'>;

/** Names within the pod: DNS labels, not the chart's, each once. */
function checkNames(problems: Problems, group: string, items: readonly Named[], own: readonly string[]): void {
  for (const [index, { name }] of items.entries()) {
    if (group !== 'env') problems.check(`${group}: name`, name, dnsLabel());
    if (own.includes(name)) problems.refuse(`${group}: name`, name, `names other than ${own.join(', ')}`, 'choose another name');
    if (items.findIndex(other => other.name === name) < index)
      problems.refuse(`${group}: name`, name, 'each name once', 'choose another name');
  }
}
