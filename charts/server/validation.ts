import { checkAwsEnvironment } from '../app/aws/environment';
import { checkImages } from '../app/kubernetes/images';
import type { SelectorLabels } from '../app/kubernetes/labels';
import { checkPlacement } from '../app/kubernetes/placement';
import { checkResources } from '../app/kubernetes/resources';
import type { PodUser } from '../app/kubernetes/security';
import { integer, oneOf } from '../app/validation/check';
import { annotationsCheck, dnsLabelCheck, labelsCheck, namespaceCheck } from '../app/validation/names';
import { type KnownProps, Problems } from '../app/validation/problems';
import { bytesCheck, quantityValue } from '../app/validation/quantities';
import { checkDisruptionBudget } from './disruption-budget';
import { checkNetwork } from './network';
import { checkAdditions } from './pod/additions';
import { checkAuditStorage } from './pod/audit-storage';
import { defaultMemoryLock, memoryLocks } from './pod/memory-lock';
import { defaultGraceSeconds, defaultPreStopSeconds } from './pod/pod';
import { checkProbes } from './pod/probes';
import { antiAffinityPresets, zoneSpreadPresets } from './pod/scheduling';
import { checkVaultImage } from './pod/vault-image';
import { maxReplicas } from './pod-label-role';
import { checkServiceAccount } from './service-account';
import { checkServices } from './services';
import { checkConfig } from './vault-hcl/config';
import type { ServerListener } from './vault-hcl/listener';
import { checkMetrics } from './vault-hcl/metrics';
import { checkSeal } from './vault-hcl/seal';
import { checkStorage } from './vault-hcl/storage';
import { telemetryChecks } from './vault-hcl/telemetry';
import { checkUserLockout } from './vault-hcl/user-lockout';
import type { VaultServerProps } from './vault-server-props';

/** What the checks need to know of a server beyond its props. */
export interface ServerFacts {
  readonly name: string;
  readonly replicas: number;
  readonly selector: SelectorLabels;
  readonly listener: ServerListener;
  readonly metricsPort: number | undefined;
}

const known: KnownProps<VaultServerProps> = {
  namespace: true,
  aws: true,
  storage: true,
  seal: true,
  tls: true,
  name: true,
  createNamespace: true,
  replicas: true,
  images: true,
  resources: true,
  user: true,
  memoryLock: true,
  antiAffinity: true,
  zoneSpread: true,
  placement: true,
  probes: true,
  terminationGracePeriodSeconds: true,
  preStopSleepSeconds: true,
  podLabels: true,
  podAnnotations: true,
  env: true,
  volumes: true,
  volumeMounts: true,
  initContainers: true,
  sidecars: true,
  serviceAccount: true,
  role: true,
  services: true,
  disruptionBudget: true,
  network: true,
  listener: true,
  metrics: true,
  telemetry: true,
  userLockout: true,
  config: true,
  auditStorage: true,
};

/** Everything that is wrong with a server's props, alone and together. */
export function validateServer(server: ServerFacts, props: VaultServerProps): string[] {
  const problems = new Problems();
  const { replicas } = server;
  problems.checkNames('', props, known);
  // the longest thing made from it is the pods' label <name>-<revision>: Kubernetes allows 63 characters, 11 are the revision's
  problems.check('name', props.name, dnsLabelCheck(52));
  problems.require('namespace', props.namespace, namespaceCheck);
  if (props.createNamespace && /^(default|kube-.*)$/.test(props.namespace)) {
    problems.refuse(
      'createNamespace',
      props.namespace,
      "namespaces that are not the cluster's own",
      'leave createNamespace out, or give Vault a namespace of its own',
    );
  }
  problems.check('replicas', props.replicas, integer(0, maxReplicas));
  checkAwsEnvironment(problems, props.aws);
  problems.check('memoryLock', props.memoryLock, oneOf(...memoryLocks));
  checkStorage(problems, props.storage, props.aws, replicas);
  checkSeal(problems, props.seal, props.aws);
  checkVaultImage(problems, props.images?.vault ?? {}, props.memoryLock ?? defaultMemoryLock);
  checkImages(problems, props.images ?? {});
  server.listener.check(problems);
  checkCipherSuites(problems, props);
  if (props.metrics !== 'off') checkMetrics(problems, props.metrics ?? {}, server.listener);
  problems.checkAll('telemetry', props.telemetry, telemetryChecks);
  checkUserLockout(problems, props.userLockout ?? []);
  checkConfig(problems, props.config ?? {}, replicas);
  checkWrittenFiles(problems, props);
  checkServices(problems, props.services ?? {}, server.selector);
  checkExposure(problems, props);
  checkServiceAccount(problems, props.serviceAccount ?? {}, server.selector);
  if (props.network !== undefined && props.network !== 'off') checkNetwork(problems, props.network);
  if (props.disruptionBudget !== undefined && props.disruptionBudget !== 'off')
    checkDisruptionBudget(problems, props.disruptionBudget, replicas);
  if (typeof props.auditStorage === 'object') checkAuditStorage(problems, props.auditStorage);
  checkProbes(problems, props.probes ?? {});
  checkStop(problems, props);
  checkServerResources(problems, props);
  checkPlacement(problems, props.placement ?? {});
  checkSpread(problems, props);
  checkUser(problems, props);
  checkMetadata(problems, server, props);
  checkAdditions(problems, server, props);
  return problems.messages;
}

/** With TLS 1.2 the suite has to fit the key. */
function checkCipherSuites(problems: Problems, props: VaultServerProps): void {
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
}

/** The root file system is read-only. */
function checkWrittenFiles(problems: Problems, props: VaultServerProps): void {
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
  const { terminationGracePeriodSeconds: grace = defaultGraceSeconds, preStopSleepSeconds: preStop = defaultPreStopSeconds } = props;
  const bothGood = [
    problems.check('terminationGracePeriodSeconds', grace, integer(0)),
    problems.check('preStopSleepSeconds', preStop, integer(0)),
  ].every(Boolean);
  if (bothGood && grace < preStop + 15) {
    problems.refuse(
      'terminationGracePeriodSeconds',
      grace,
      `at least preStopSleepSeconds (${preStop}) + 15`,
      'give Vault time to hand over: a server that is killed keeps the lock of the table for up to 15 s',
    );
  }
}

function checkServerResources(problems: Problems, props: VaultServerProps): void {
  const { resources, memoryLock = defaultMemoryLock } = props;
  if (resources === undefined) return;
  checkResources(problems, resources);
  if (memoryLock !== 'off' && bytesCheck.ok(resources.requests.memory) && quantityValue(resources.requests.memory) < 450e6) {
    problems.refuse(
      'resources.requests.memory',
      resources.requests.memory,
      `450M or more with memoryLock "${memoryLock}"`,
      'locked memory is resident from the start: request 1Gi, or set memoryLock "off"',
    );
  }
}

function checkSpread(problems: Problems, props: VaultServerProps): void {
  if (typeof props.antiAffinity === 'string') problems.check('antiAffinity', props.antiAffinity, oneOf(...antiAffinityPresets));
  if (typeof props.zoneSpread === 'string') problems.check('zoneSpread', props.zoneSpread, oneOf(...zoneSpreadPresets));
}

function checkUser(problems: Problems, props: VaultServerProps): void {
  const id = integer(1, 2 ** 31 - 1, 'Vault runs without root: leave it out for 10001');
  problems.checkNames('user', props.user, { uid: true, gid: true, fsGroup: true } satisfies KnownProps<PodUser>);
  for (const name of ['uid', 'gid', 'fsGroup'] as const) problems.check(`user.${name}`, props.user?.[name], id);
}

const labelsThatVaultSets = ['vault-active', 'vault-initialized', 'vault-sealed', 'vault-perf-standby', 'vault-version'];

function checkMetadata(problems: Problems, server: ServerFacts, props: VaultServerProps): void {
  problems.check('podLabels', props.podLabels, labelsCheck);
  problems.check('podAnnotations', props.podAnnotations, annotationsCheck);
  for (const key of Object.keys(props.podLabels ?? {}).filter(
    label => Object.hasOwn(server.selector, label) || labelsThatVaultSets.includes(label),
  )) {
    problems.refuse('podLabels', key, 'labels that neither the chart nor Vault sets', 'choose another key');
  }
  for (const key of Object.keys(props.podAnnotations ?? {}).filter(
    name => name.startsWith('eks.amazonaws.com/') || name === 'kubectl.kubernetes.io/default-container',
  )) {
    problems.refuse('podAnnotations', key, 'annotations that the chart does not set', 'leave it out; the role has the prop role');
  }
}
