import { ApiObject, Chart, Lazy } from 'cdk8s';
import type { Construct } from 'constructs';
import { k8s } from '../../imports';
import type { AwsEnvironment } from '../app/aws/environment';
import { IamRole } from '../app/aws/iam-role';
import { AwsRequirement } from '../app/aws/requirement';
import { type Images, images } from '../app/kubernetes/images';
import { objectLabels, type SelectorLabels, selectorLabels } from '../app/kubernetes/labels';
import { omitUndefined } from '../app/kubernetes/omit-undefined';
import { type Placement, placement } from '../app/kubernetes/placement';
import type { ResourcesProps } from '../app/kubernetes/resources';
import { unpruned } from '../app/kubernetes/unpruned';
import { HashedObject } from '../app/kustomize/hashed-object';
import { sourceFile } from '../app/kustomize/source-file';
import { UniqueResource } from '../app/kustomize/unique-resource';
import { awsPorts } from './aws-ports';
import { ServerCertificate } from './certificate';
import { disruptionBudget } from './disruption-budget';
import { namespace as namespaceObject } from './namespace';
import { clientLabels, serverNetworkPolicies } from './network';
import { auditClaim, auditMount } from './pod/audit-storage';
import { defaultMemoryLock, type MemoryLock, memoryLockParts } from './pod/memory-lock';
import { defaultGraceSeconds, defaultPreStopSeconds, ServerPod } from './pod/pod';
import { affinity, topologySpread } from './pod/scheduling';
import { podLabelRole } from './pod-label-role';
import { serviceAccount, serviceAccountName } from './service-account';
import { ServerServices } from './services';
import { validateServer } from './validation';
import { configFile } from './vault-hcl/config';
import { ServerListener } from './vault-hcl/listener';
import { defaultMetricsPort } from './vault-hcl/metrics';
import { requiredKey, sealBlocks, sealRegion, sealStatements } from './vault-hcl/seal';
import { storageBlock, storageRegion, storageStatements } from './vault-hcl/storage';
import { telemetryBlock, telemetryPorts } from './vault-hcl/telemetry';
import { userLockoutBlocks } from './vault-hcl/user-lockout';
import type { VaultServerProps } from './vault-server-props';

const lockMemoryScript = sourceFile('server/pod/lock-memory.sh');
const reloadScript = sourceFile('server/pod/reload.sh');

/**
 * The Vault servers: a StatefulSet with DynamoDB storage and KMS auto-unseal, and all that belongs to it in the cluster.
 *
 * Later charts take it as a prop and read its members. What they must add goes through `certificate.addDnsNames`,
 * `role.addStatements`, `pod.addVolume` and `listener.trustProxies`.
 */
export class VaultServer extends Chart {
  /** The name of the StatefulSet; the first pod is `<name>-0`. */
  readonly name: string;
  override readonly namespace: string;
  readonly aws: AwsEnvironment;
  readonly replicas: number;
  /** The images of servers and Jobs. */
  readonly images: Images;
  /** Where servers and Jobs run. */
  readonly placement: Placement;
  /** The table that holds Vault's data, and where it is. */
  readonly table: { readonly name: string; readonly region: string };
  /** The unseal key, as `seal.kmsKeyId` names it. */
  readonly unsealKey: string;
  /** The labels that select the servers' pods. */
  readonly selector: SelectorLabels;
  /** Labels that make a pod of any namespace a client, as long as `network.clients` is not set. */
  readonly clientLabels: Readonly<Record<string, string>>;
  /** The names of the Services. */
  readonly services: ServerServices;
  readonly certificate: ServerCertificate;
  readonly listener: ServerListener;
  /** The port on which metrics need no token; undefined where metrics are off. */
  readonly metricsPort: number | undefined;
  readonly serviceAccountName: string;
  /** The servers' IAM role. */
  readonly role: IamRole;
  readonly pod: ServerPod;
  readonly statefulSet: ApiObject;

  constructor(scope: Construct, id: string, props: VaultServerProps) {
    super(scope, id, { namespace: props.namespace });
    const { namespace, aws, storage, seal } = props;
    const memoryLock = props.memoryLock ?? defaultMemoryLock;
    const metrics = props.metrics ?? {};
    this.name = props.name ?? 'vault';
    this.namespace = namespace;
    this.aws = aws;
    this.replicas = props.replicas ?? 3;
    this.images = images(props.images ?? {});
    this.placement = placement(props.placement ?? {});
    this.table = { name: storage.table, region: storageRegion(storage, aws) };
    this.unsealKey = seal.kmsKeyId;
    this.selector = selectorLabels(this.name, 'server');
    this.clientLabels = clientLabels(this.name);
    this.listener = new ServerListener(this, props.listener ?? {});
    this.metricsPort = metrics === 'off' ? undefined : (metrics.port ?? defaultMetricsPort);
    const ports = { api: this.listener.port, cluster: this.listener.clusterPort, metrics: this.metricsPort };

    new UniqueResource(this, 'claim-table', {
      what: `the DynamoDB table ${storage.table} of account ${aws.accountId} in ${this.table.region}`,
      fix: 'give each Vault its own table: two on one table overwrite each other',
    });
    if (props.createNamespace) namespaceObject(this, namespace, memoryLock);
    this.services = new ServerServices(this, {
      name: this.name,
      namespace,
      selector: this.selector,
      ports,
      haEnabled: storage.haEnabled ?? true,
      props: props.services ?? {},
    });
    this.certificate = new ServerCertificate(this, 'tls', this.name, namespace, this.services, this.selector, props.tls);

    const account = props.serviceAccount ?? {};
    this.serviceAccountName = serviceAccountName(account, this.name);
    this.role = new IamRole(this, 'iam-role', {
      aws,
      role: props.role ?? `${this.name}-server`,
      serviceAccount: { namespace, name: this.serviceAccountName },
      statements: actions => [...storageStatements(storage, aws, actions), ...sealStatements(seal, aws)],
    });
    new AwsRequirement(this, 'needs-table', aws, this.table.region, { type: 'table', name: storage.table, role: this.role });
    new AwsRequirement(this, 'needs-key', aws, sealRegion(seal, aws), requiredKey(seal));
    if (account.existing === undefined) serviceAccount(this, this.serviceAccountName, namespace, this.selector, this.role, account);
    podLabelRole(this, this.name, namespace, this.selector, this.serviceAccountName, this.replicas);

    const config = this.addConfigMap(props, memoryLock);
    const kmsRegion = sealRegion(seal, aws);
    this.pod = new ServerPod(this, {
      labels: { ...props.podLabels, ...this.selector },
      annotations: { ...props.podAnnotations },
      roleArn: this.role.arn,
      serviceAccount: this.serviceAccountName,
      images: this.images,
      memoryLock: memoryLockParts(memoryLock, this.images),
      user: props.user ?? {},
      resources: props.resources ?? defaultResources(memoryLock),
      probes: props.probes ?? {},
      terminationGracePeriodSeconds: props.terminationGracePeriodSeconds ?? defaultGraceSeconds,
      preStopSleepSeconds: props.preStopSleepSeconds ?? defaultPreStopSeconds,
      ports,
      domain: this.services.internal,
      region: kmsRegion,
      tableRegion: this.table.region === kmsRegion ? undefined : this.table.region,
      configMap: config.hashedName,
      tlsSecret: this.certificate.secretName,
      claimedMounts: typeof props.auditStorage === 'object' ? [auditMount] : [],
      scheduling: omitUndefined({
        ...this.placement,
        affinity: affinity(props.antiAffinity ?? 'required', this.selector),
        topologySpreadConstraints: topologySpread(props.zoneSpread ?? 'hard', this.selector)?.slice(),
      }),
      extra: {
        env: props.env ?? [],
        volumes: props.volumes ?? [],
        volumeMounts: props.volumeMounts ?? [],
        initContainers: props.initContainers ?? [],
        sidecars: props.sidecars ?? [],
      },
    });
    this.statefulSet = this.addStatefulSet(props);

    const budget = props.disruptionBudget ?? {};
    // with one replica a budget would only block drains
    if (budget !== 'off' && this.replicas > 1) disruptionBudget(this, this.name, namespace, this.selector, budget);
    if (props.network !== 'off') {
      serverNetworkPolicies(this, {
        name: this.name,
        namespace,
        selector: this.selector,
        apiPort: ports.api,
        clusterPort: ports.cluster,
        awsPorts: awsPorts(props),
        metricsPort: ports.metrics,
        scrapers: metrics === 'off' ? [] : (metrics.scrapers ?? []),
        telemetryPorts: telemetryPorts(props.telemetry),
        props: props.network ?? {},
      });
    }
    this.node.addValidation({ validate: () => validateServer(this, props) });
  }

  /** The address of the active server, for clients in the cluster. */
  get address(): string {
    return `https://${this.services.active}.${this.namespace}.svc:${this.listener.port}`;
  }

  /** Immutable, under a new name when anything in it changes: a pod that was not rolled keeps the file that it started with. */
  private addConfigMap(props: VaultServerProps, memoryLock: MemoryLock): HashedObject {
    const { storage, seal, aws, userLockout = [] } = props;
    return new HashedObject(this, 'config', {
      ...k8s.KubeConfigMap.manifest({
        metadata: {
          namespace: this.namespace,
          labels: objectLabels(this.selector),
          // older pods still mount the one before
          annotations: unpruned,
        },
        immutable: true,
      }),
      baseName: `${this.name}-config`,
      data: Lazy.any({
        produce: () => ({
          'vault.hcl': configFile(props.config ?? {}, memoryLock === 'off', [
            this.listener.block(),
            ...(this.metricsPort === undefined ? [] : [this.listener.metricsBlock(this.metricsPort)]),
            storageBlock(storage, aws),
            ...sealBlocks(seal, aws),
            { type: 'service_registration', labels: ['kubernetes'], body: { attributes: {} } },
            telemetryBlock(props.telemetry),
            ...userLockoutBlocks(userLockout),
          ]),
          'reload.sh': reloadScript,
          ...(memoryLock === 'file-capability' ? { 'lock-memory.sh': lockMemoryScript } : {}),
        }),
      }),
    });
  }

  private addStatefulSet(props: VaultServerProps): ApiObject {
    const produce = () => ({
      ...k8s.toJson_StatefulSetSpec({
        podManagementPolicy: 'Parallel',
        replicas: this.replicas,
        revisionHistoryLimit: 10,
        selector: { matchLabels: this.selector },
        serviceName: this.services.internal,
        template: {},
        // the order of an upgrade is Vault's, not Kubernetes': standbys first, the active server last
        updateStrategy: { type: 'OnDelete' },
        ...(typeof props.auditStorage === 'object' ? auditClaim(props.auditStorage) : {}),
      }),
      template: this.pod.template(),
    });
    const metadata = { name: this.name, namespace: this.namespace, labels: objectLabels(this.selector) };
    return new ApiObject(this, 'statefulset', { ...k8s.KubeStatefulSet.GVK, metadata, spec: Lazy.any({ produce }) });
  }
}

/** Locked memory is resident from the start: 450 MB, and the locked copy of the binary lies in memory as well. */
function defaultResources(memoryLock: MemoryLock): ResourcesProps {
  const [request, limit] = memoryLock === 'off' ? ['256Mi', '1Gi'] : ['1Gi', '2Gi'];
  return {
    requests: { cpu: '250m', memory: request, ephemeralStorage: '128Mi' },
    limits: { cpu: '2', memory: limit, ephemeralStorage: '1Gi' },
  };
}
