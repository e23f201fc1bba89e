import { posix } from 'node:path';
import type { IConstruct } from 'constructs';
import { k8s } from '../../../imports';
import { roleAnnotation } from '../../app/aws/iam-role';
import type { Images } from '../../app/kubernetes/images';
import { omitUndefined } from '../../app/kubernetes/omit-undefined';
import type { Placement } from '../../app/kubernetes/placement';
import { containerResources, type ResourcesProps, smallResources } from '../../app/kubernetes/resources';
import { apiTokenMount, apiTokenVolume, type PodUser, podSecurity, unprivileged } from '../../app/kubernetes/security';
import { assertNotSynthesized } from '../../app/kustomize/tree-lock';
import type { MemoryLockParts } from './memory-lock';
import { type ProbesProps, probe } from './probes';

/** A volume and where the server's container sees it. */
export interface ServerVolume {
  readonly volume: k8s.Volume;
  readonly mount: Omit<k8s.VolumeMount, 'name'>;
}

/** A container that runs before the server; with `restartPolicy` a native sidecar, which runs beside it. */
export interface InitContainer extends k8s.Container {
  /** "Always": it starts before the server and stops after it (Kubernetes documentation, "Sidecar Containers"; on by default from Kubernetes 1.29). */
  readonly restartPolicy?: 'Always';
}

export interface ServerPodOptions {
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
  readonly roleArn: string;
  readonly serviceAccount: string;
  readonly images: Images;
  readonly memoryLock: MemoryLockParts;
  readonly user: PodUser;
  readonly resources: ResourcesProps;
  readonly probes: ProbesProps;
  readonly terminationGracePeriodSeconds: number;
  readonly preStopSleepSeconds: number;
  readonly ports: { readonly api: number; readonly cluster: number; readonly metrics: number | undefined };
  /** Name of the headless Service: the pods' DNS domain. */
  readonly domain: string;
  readonly region: string;
  /** The table's region, where it is not `region`. */
  readonly tableRegion: string | undefined;
  readonly configMap: string;
  readonly tlsSecret: string;
  /** Mounts of volumes that the StatefulSet claims for each pod. */
  readonly claimedMounts: readonly k8s.VolumeMount[];
  readonly scheduling: Placement & Pick<k8s.PodSpec, 'affinity' | 'topologySpreadConstraints'>;
  readonly extra: {
    readonly env: readonly k8s.EnvVar[];
    readonly volumes: readonly k8s.Volume[];
    readonly volumeMounts: readonly k8s.VolumeMount[];
    readonly initContainers: readonly InitContainer[];
    readonly sidecars: readonly k8s.Container[];
  };
}

export const defaultGraceSeconds = 60;
export const defaultPreStopSeconds = 5;

/** Names that the chart uses in the pod; they are what overlays patch, so they do not change. */
export const ownContainers = ['vault', 'reload', 'copy-vault', 'lock-memory'];
export const ownVolumes = ['config', 'tls', 'home', 'tmp', 'api-token', 'vault-binary', 'audit', 'aws-iam-token'];
export const ownMountPaths = [
  '/vault/config',
  '/vault/tls',
  '/vault/bin',
  '/vault/audit',
  '/home/vault',
  '/tmp',
  '/var/run/secrets/kubernetes.io',
  '/var/run/secrets/eks.amazonaws.com',
];

/** The pod of a server. Later charts add the volumes that they need in it. */
export class ServerPod {
  private readonly added: ServerVolume[] = [];

  constructor(
    private readonly scope: IConstruct,
    private readonly options: ServerPodOptions,
  ) {}

  /**
   * Mounts a further volume in the server's container.
   *
   * @throws after `app.synth()`; when the name or the path is taken
   */
  addVolume(volume: ServerVolume): void {
    assertNotSynthesized(this.scope, 'pod.addVolume');
    const { name } = volume.volume;
    const path = volume.mount.mountPath;
    const mounts = [...this.options.extra.volumeMounts, ...this.added.map(({ mount }) => mount)];
    if ([...ownVolumes, ...this.options.extra.volumes.map(own => own.name), ...this.added.map(other => other.volume.name)].includes(name)) {
      throw new Error(`addVolume: the volume name "${name}" is taken in the server's pod; choose another`);
    }
    if ([...ownMountPaths, ...mounts.map(mount => mount.mountPath)].some(taken => overlap(taken, path))) {
      throw new Error(`addVolume: the path "${path}" is taken in the server's container; choose another`);
    }
    this.added.push(volume);
  }

  /** The pod template as the StatefulSet has it. */
  template(): object {
    const { options } = this;
    const initContainers: InitContainer[] = [...options.memoryLock.initContainers, ...options.extra.initContainers];
    const containers = [this.server(), this.reload(), ...options.extra.sidecars];
    const withoutAws = [...initContainers, ...containers].map(({ name }) => name).filter(name => name !== 'vault');
    const template = k8s.toJson_PodTemplateSpec({
      metadata: {
        labels: { ...options.labels },
        annotations: {
          ...options.annotations,
          'kubectl.kubernetes.io/default-container': 'vault',
          // beside the ServiceAccount's: a changed role makes the pods out of date
          [roleAnnotation]: options.roleArn,
          'eks.amazonaws.com/skip-containers': withoutAws.join(','),
        },
      },
      spec: {
        ...options.scheduling,
        automountServiceAccountToken: false,
        containers,
        enableServiceLinks: false,
        ...omitUndefined({ imagePullSecrets: options.images.imagePullSecrets }),
        securityContext: podSecurity(options.user),
        serviceAccountName: options.serviceAccount,
        // lets the reload container signal the server
        shareProcessNamespace: true,
        terminationGracePeriodSeconds: options.terminationGracePeriodSeconds,
        volumes: this.volumes(),
      },
    });
    const spec: object = template?.['spec'];
    return {
      ...template,
      spec: { ...spec, ...(initContainers.length === 0 ? {} : { initContainers: initContainers.map(initContainer) }) },
    };
  }

  private server(): k8s.Container {
    const { options } = this;
    const { ports } = options;
    return {
      name: 'vault',
      ...options.images.vault,
      // no shell and no entry point: Vault gets the signals, and keeps the capability
      command: [options.memoryLock.binary, 'server', '-config=/vault/config/vault.hcl'],
      env: this.environment(),
      // endpoints drain before Vault hears that it must stop
      lifecycle: { preStop: { exec: { command: ['sleep', String(options.preStopSleepSeconds)] } } },
      ports: [
        { name: 'https', containerPort: ports.api, protocol: 'TCP' },
        { name: 'cluster', containerPort: ports.cluster, protocol: 'TCP' },
        ...(ports.metrics === undefined ? [] : [{ name: 'metrics', containerPort: ports.metrics, protocol: 'TCP' }]),
      ],
      startupProbe: probe('startup', ports.api, options.probes.startup),
      livenessProbe: probe('liveness', ports.api, options.probes.liveness),
      readinessProbe: probe('readiness', ports.api, options.probes.readiness),
      resources: containerResources(options.resources),
      securityContext: { ...unprivileged(), capabilities: options.memoryLock.capabilities },
      volumeMounts: [
        { name: 'config', mountPath: '/vault/config', readOnly: true },
        { name: 'tls', mountPath: '/vault/tls', readOnly: true },
        ...options.memoryLock.volumeMounts,
        ...options.claimedMounts,
        { name: 'home', mountPath: '/home/vault' },
        { name: 'tmp', mountPath: '/tmp' },
        apiTokenMount,
        ...options.extra.volumeMounts,
        ...this.added.map(({ volume, mount }) => ({ ...mount, name: volume.name })),
      ],
    };
  }

  private environment(): k8s.EnvVar[] {
    const { ports, domain, region, tableRegion, extra } = this.options;
    const field = (name: string, fieldPath: string) => ({ name, valueFrom: { fieldRef: { apiVersion: 'v1', fieldPath } } });
    const peer = `https://$(VAULT_K8S_POD_NAME).${domain}.$(VAULT_K8S_NAMESPACE).svc`;
    return [
      field('VAULT_K8S_NAMESPACE', 'metadata.namespace'),
      field('VAULT_K8S_POD_NAME', 'metadata.name'),
      { name: 'VAULT_API_ADDR', value: `${peer}:${ports.api}` },
      { name: 'VAULT_CLUSTER_ADDR', value: `${peer}:${ports.cluster}` },
      // for `kubectl exec ... vault status`
      { name: 'VAULT_ADDR', value: `https://127.0.0.1:${ports.api}` },
      { name: 'VAULT_CACERT', value: '/vault/tls/ca.crt' },
      { name: 'HOME', value: '/home/vault' },
      // explicit, since EKS would set the cluster's and Vault's environment overrides its configuration
      { name: 'AWS_REGION', value: region },
      ...(tableRegion === undefined ? [] : [{ name: 'AWS_DYNAMODB_REGION', value: tableRegion }]),
      { name: 'AWS_STS_REGIONAL_ENDPOINTS', value: 'regional' },
      ...extra.env,
    ];
  }

  private reload(): k8s.Container {
    return {
      name: 'reload',
      ...this.options.images.vault,
      command: ['sh', '/vault/config/reload.sh', String(this.options.ports.api)],
      resources: smallResources(),
      securityContext: unprivileged(),
      volumeMounts: [
        { name: 'config', mountPath: '/vault/config', readOnly: true },
        { name: 'tls', mountPath: '/vault/tls', readOnly: true },
      ],
    };
  }

  private volumes(): k8s.Volume[] {
    const { options } = this;
    return [
      { name: 'config', configMap: { name: options.configMap, defaultMode: 0o444 } },
      { name: 'tls', secret: { secretName: options.tlsSecret, defaultMode: 0o440 } },
      ...options.memoryLock.volumes,
      // memory, since the CLI keeps the token of a login there
      { name: 'home', emptyDir: { medium: 'Memory', sizeLimit: k8s.Quantity.fromString('16Mi') } },
      { name: 'tmp', emptyDir: { sizeLimit: k8s.Quantity.fromString('64Mi') } },
      apiTokenVolume(),
      ...options.extra.volumes,
      ...this.added.map(({ volume }) => volume),
    ];
  }
}

/** `restartPolicy` is newer than the types of cdk8s, which leave it out. */
const initContainer = ({ restartPolicy, ...container }: InitContainer): object => ({
  ...k8s.toJson_Container(container),
  ...omitUndefined({ restartPolicy }),
});

/** Whether one path is the other, or lies in it. */
export const overlap = (a: string, b: string): boolean => inside(a, b) || inside(b, a);

const inside = (path: string, folder: string): boolean => `${posix.normalize(path)}/`.startsWith(`${posix.normalize(folder)}/`);
