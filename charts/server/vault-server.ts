import { type ApiObject, Chart } from 'cdk8s';
import type { Construct } from 'constructs';
import { endpointPorts } from '../app/aws/endpoint-ports';
import type { AwsEnvironment } from '../app/aws/environment';
import type { IamRole } from '../app/aws/iam-role';
import { AwsRequirement } from '../app/aws/requirement';
import { Images } from '../app/kubernetes/images';
import type { SelectorLabels } from '../app/kubernetes/labels';
import type { EgressPeer } from '../app/kubernetes/network-peers';
import { omitUndefined } from '../app/kubernetes/omit-undefined';
import { Placement } from '../app/kubernetes/placement';
import { useAlone } from '../app/kustomize/unique-resource';
import { problemsOf } from '../app/validation/part';
import type { KnownProps } from '../app/validation/problems';
import { activeAddress, type IVault, type VaultTable, type VaultUnsealKey } from '../app/vault';
import { ServerCertificate } from './certificate';
import { serverConfigMap } from './config-map';
import { DisruptionBudget } from './disruption-budget';
import { ImportedVault, type VaultServerAttributes } from './imported-vault';
import { ServerNamespace } from './namespace';
import { ServerNetwork } from './network';
import { PodAdditions } from './pod/additions';
import { AuditStorage } from './pod/audit-storage';
import { LockedMemory } from './pod/memory-lock';
import { writablePaths } from './pod/own-names';
import { ServerPod } from './pod/pod';
import { PodMetadata } from './pod/pod-metadata';
import { Probes } from './pod/probes';
import { Scheduling } from './pod/scheduling';
import { ServerResources } from './pod/server-resources';
import { Shutdown } from './pod/shutdown';
import { VaultImage } from './pod/vault-image';
import { podLabelRole } from './pod-label-role';
import { ServerIdentity } from './server-identity';
import { ServerServiceAccount } from './service-account';
import { ServerServices } from './services';
import { serverStatefulSet } from './stateful-set';
import { VaultConfig } from './vault-hcl/config';
import { ServerListener } from './vault-hcl/listener';
import { MetricsListener } from './vault-hcl/metrics';
import { AwsKmsSeal } from './vault-hcl/seal';
import { DynamoDbStorage } from './vault-hcl/storage';
import { Telemetry } from './vault-hcl/telemetry';
import { UserLockout } from './vault-hcl/user-lockout';
import type { VaultServerProps } from './vault-server-props';

/**
 * The Vault servers: a StatefulSet with DynamoDB storage and KMS auto-unseal, and all that belongs to it in the cluster.
 *
 * Later charts take it as a prop and read its members. What they must add goes through `certificate.addDnsNames`,
 * `role.addStatements`, `pod.addVolume` and `listener.trustProxies`.
 */
export class VaultServer extends Chart implements IVault {
  /** A Vault that runs already, whoever made it: for the charts beside it. */
  static fromVaultServerAttributes(scope: Construct, id: string, attributes: VaultServerAttributes): IVault {
    return new ImportedVault(scope, id, attributes);
  }

  /** The name of the StatefulSet; the first pod is `<name>-0`. */
  readonly name: string;
  /** The namespace of the servers. */
  override readonly namespace: string;
  /** The AWS account and region. */
  readonly aws: AwsEnvironment;
  /** How many servers run. */
  readonly replicas: number;
  /** The images of servers and Jobs. */
  readonly images: Images;
  /** Where servers and Jobs run. */
  readonly placement: Placement;
  /** The table that holds Vault's data, and where it is. */
  readonly table: VaultTable;
  /** The unseal key, as `seal.kmsKeyId` names it, and where it is. */
  readonly unsealKey: VaultUnsealKey;
  /** The labels that select the servers' pods. */
  readonly selector: SelectorLabels;
  /** Labels that make a pod of any namespace a client, as long as `network.clients` is not set. */
  readonly clientLabels: Readonly<Record<string, string>>;
  /** The names of the Services. */
  readonly services: ServerServices;
  /** The servers' certificate; later charts add names to it. */
  readonly certificate: ServerCertificate;
  /** The listener for clients; later charts add proxies that it trusts. */
  readonly listener: ServerListener;
  /** The port on which metrics need no token; undefined where metrics are off. */
  readonly metricsPort: number | undefined;
  /** The ServiceAccount that the servers run under. */
  readonly serviceAccountName: string;
  /** The servers' IAM role; later charts add statements to it. */
  readonly role: IamRole;
  /** The servers' pod; later charts add volumes to it. */
  readonly pod: ServerPod;
  /** The API object, for what no prop says: `vault.statefulSet.addJsonPatch(...)`. */
  readonly statefulSet: ApiObject;
  private readonly network: ServerNetwork;

  constructor(scope: Construct, id: string, props: VaultServerProps) {
    super(scope, id, { namespace: props.namespace });
    const server = new ServerIdentity(props);
    this.name = server.name;
    this.namespace = server.namespace;
    this.aws = server.aws;
    this.replicas = server.replicas;
    this.selector = server.selector;

    // what everything else is made with
    this.images = new Images(props.images);
    this.placement = new Placement(props.placement);
    const vaultImage = new VaultImage(props.images?.vault);
    const memory = new LockedMemory(props.memoryLock, this.images, vaultImage);
    const namespace = new ServerNamespace(this, server, props.createNamespace, memory);

    // what stands in vault.hcl
    const storage = new DynamoDbStorage(server, props.storage);
    const seal = new AwsKmsSeal(server, props.seal);
    this.listener = new ServerListener(this, props.listener);
    const metrics = new MetricsListener(props.metrics, this.listener);
    const telemetry = new Telemetry(props.telemetry);
    const userLockout = new UserLockout(props.userLockout);
    const audit = new AuditStorage(props.auditStorage);
    const config = new VaultConfig(server, props.config, {
      disableMlock: memory.lock === 'off',
      writablePaths: writablePaths(audit.mounts, props.volumeMounts),
    });
    this.table = { name: storage.table, region: storage.region, ...omitUndefined({ endpoint: props.storage?.endpoint }) };
    this.unsealKey = {
      kmsKeyId: seal.kmsKeyId,
      region: seal.region,
      ...omitUndefined({ endpoint: props.seal?.endpoint, roleArn: props.seal?.roleArn }),
    };
    this.metricsPort = metrics.port;
    const ports = { api: this.listener.port, cluster: this.listener.clusterPort, metrics: metrics.port };

    // who reaches the servers, and whom they reach
    this.services = new ServerServices(this, server, props.services, { ports, storage });
    this.certificate = new ServerCertificate(this, server, props.tls, this.services, this.listener);
    this.network = new ServerNetwork(this, server, props.network, {
      ports,
      aws: endpointPorts([...storage.endpoints, ...seal.endpoints]),
      scrapers: metrics.scrapers,
      telemetry: telemetry.ports,
      services: props.services ?? {},
    });
    this.clientLabels = this.network.clientLabels;

    // who the servers are, and what they may do
    const account = new ServerServiceAccount(this, server, props.serviceAccount, {
      name: props.role,
      statements: actions => [...storage.statements(actions), ...seal.statements()],
    });
    this.serviceAccountName = account.name;
    this.role = account.role;
    podLabelRole(this, server, account.name);
    this.requireOfAws(storage, seal);

    // the pods
    const configMap = serverConfigMap(this, server, () => ({
      'vault.hcl': config.file([
        this.listener.block(),
        ...metrics.blocks(),
        storage.block(),
        ...seal.blocks(),
        { type: 'service_registration', labels: ['kubernetes'], body: { attributes: {} } },
        telemetry.block(),
        ...userLockout.blocks(),
      ]),
      ...memory.files,
    }));
    const metadata = new PodMetadata(server, props);
    const resources = new ServerResources(props.resources, memory);
    const probes = new Probes(props.probes);
    const shutdown = new Shutdown(props);
    const scheduling = new Scheduling(server, this.placement, props);
    const additions = new PodAdditions(props, { ports, audit, network: this.network, namespace });
    this.pod = new ServerPod(this, props.user, {
      metadata,
      account,
      images: this.images,
      memory,
      resources,
      probes,
      shutdown,
      scheduling,
      audit,
      additions,
      ports,
      domain: this.services.internal,
      regions: { seal: seal.region, table: storage.region },
      configMap: configMap.hashedName,
      tlsSecret: this.certificate.secretName,
    });
    this.statefulSet = serverStatefulSet(this, server, { pod: this.pod, audit, serviceName: this.services.internal });
    const budget = new DisruptionBudget(this, server, props.disruptionBudget);

    const shared = [server, namespace, memory, vaultImage, this.images, this.placement];
    const hcl = [storage, seal, this.listener, metrics, telemetry, userLockout, config];
    const reachable = [this.services, this.certificate, this.network, account];
    const pods = [this.pod, metadata, audit, probes, shutdown, resources, scheduling, additions, budget];
    const parts = [...shared, ...hcl, ...reachable, ...pods];
    this.node.addValidation({ validate: () => problemsOf(props, known, parts) });
  }

  /** The address of the active server, for clients in the cluster. */
  get address(): string {
    return activeAddress(this);
  }

  /** The port of the API. */
  get port(): number {
    return this.listener.port;
  }

  /** The Secret with the servers' certificate and its authority. */
  get tlsSecretName(): string {
    return this.certificate.secretName;
  }

  /** What else the servers may call; undefined where no policy holds them. */
  get egress(): readonly EgressPeer[] | undefined {
    return this.network.egress;
  }

  private requireOfAws(storage: DynamoDbStorage, seal: AwsKmsSeal): void {
    useAlone(
      this,
      `the DynamoDB table ${storage.table} of account ${this.aws.accountId} in ${storage.region}`,
      'give each Vault its own table: two on one table overwrite each other',
    );
    new AwsRequirement(this, 'requires-table', this.aws, storage.region, { type: 'table', name: storage.table, role: this.role });
    new AwsRequirement(this, 'requires-key', this.aws, seal.region, seal.requirement);
  }
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
