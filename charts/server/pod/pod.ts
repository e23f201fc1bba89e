import type { IConstruct } from 'constructs';
import { k8s } from '../../../imports';
import { roleAnnotation } from '../../app/aws/iam-role';
import type { Images } from '../../app/kubernetes/images';
import { smallResources } from '../../app/kubernetes/resources';
import { apiTokenMount, apiTokenVolume, checkPodUser, type PodUser, podSecurity, unprivileged } from '../../app/kubernetes/security';
import { assertNotSynthesized } from '../../app/kustomize/tree-lock';
import type { Part } from '../../app/validation/part';
import type { Problems } from '../../app/validation/problems';
import type { ServerPorts } from '../server-ports';
import type { ServerServiceAccount } from '../service-account';
import type { PodAdditions } from './additions';
import type { AuditStorage } from './audit-storage';
import { type InitContainer, initContainerJson } from './init-container';
import type { LockedMemory } from './memory-lock';
import { overlap, ownMountPaths, ownVolumes } from './own-names';
import type { PodMetadata } from './pod-metadata';
import type { Probes } from './probes';
import type { Scheduling } from './scheduling';
import type { ServerResources } from './server-resources';
import type { Shutdown } from './shutdown';

/** A volume and where the server's container sees it. */
export interface ServerVolume {
  /** The volume of the pod, under a name that no other has. */
  readonly volume: k8s.Volume;
  /** Where the server's container sees it; it may not overlap another mount. */
  readonly mount: Omit<k8s.VolumeMount, 'name'>;
}

/** The parts of the pod, and what it has to know of the rest of the chart. */
export interface ServerPodParts {
  readonly metadata: PodMetadata;
  readonly account: ServerServiceAccount;
  readonly images: Images;
  readonly memory: LockedMemory;
  readonly resources: ServerResources;
  readonly probes: Probes;
  readonly shutdown: Shutdown;
  readonly scheduling: Scheduling;
  readonly audit: AuditStorage;
  readonly additions: PodAdditions;
  readonly ports: ServerPorts;
  /** Name of the headless Service: the pods' DNS domain. */
  readonly domain: string;
  /** The regions of unseal key and table. */
  readonly regions: { readonly seal: string; readonly table: string };
  readonly configMap: string;
  readonly tlsSecret: string;
}

const configAndCertificate: readonly k8s.VolumeMount[] = [
  { name: 'config', mountPath: '/vault/config', readOnly: true },
  { name: 'tls', mountPath: '/vault/tls', readOnly: true },
];

/** The pod of a server. Later charts add the volumes that they need in it. */
export class ServerPod implements Part {
  private readonly added: ServerVolume[] = [];

  constructor(
    private readonly scope: IConstruct,
    private readonly user: PodUser | undefined,
    private readonly parts: ServerPodParts,
  ) {}

  validate(problems: Problems): void {
    checkPodUser(problems, this.user);
  }

  /**
   * Mounts a further volume in the server's container.
   *
   * @throws after `app.synth()`; when the name or the path is taken
   */
  addVolume(volume: ServerVolume): void {
    assertNotSynthesized(this.scope, 'pod.addVolume');
    const { name } = volume.volume;
    const { mountPath } = volume.mount;
    const { additions } = this.parts;
    const names = [...ownVolumes, ...additions.volumes.map(own => own.name), ...this.added.map(other => other.volume.name)];
    const mounts = [...additions.volumeMounts, ...this.added.map(({ mount }) => mount)];
    if (names.includes(name))
      throw new Error(`[${this.scope.node.path}] pod.addVolume: the volume name "${name}" is taken in the server's pod; choose another`);
    if ([...ownMountPaths, ...mounts.map(mount => mount.mountPath)].some(taken => overlap(taken, mountPath)))
      throw new Error(
        `[${this.scope.node.path}] pod.addVolume: the path "${mountPath}" is taken in the server's container; choose another`,
      );
    this.added.push(volume);
  }

  /** The pod template as the StatefulSet has it. */
  template(): object {
    const { metadata, account, images, memory, scheduling, shutdown, additions } = this.parts;
    const initContainers: InitContainer[] = [...memory.initContainers, ...additions.initContainers];
    const containers = [this.server(), this.reload(), ...additions.sidecars];
    const withoutAws = [...initContainers, ...containers].map(({ name }) => name).filter(name => name !== 'vault');
    const template = k8s.toJson_PodTemplateSpec({
      metadata: {
        labels: metadata.labels,
        annotations: {
          ...metadata.annotations,
          'kubectl.kubernetes.io/default-container': 'vault',
          // beside the ServiceAccount's: a changed role makes the pods out of date
          [roleAnnotation]: account.role.arn,
          'eks.amazonaws.com/skip-containers': withoutAws.join(','),
        },
      },
      spec: {
        ...scheduling.ofPod(),
        ...images.ofPod(),
        automountServiceAccountToken: false,
        containers,
        enableServiceLinks: false,
        securityContext: podSecurity(this.user),
        serviceAccountName: account.name,
        // lets the reload container signal the server
        shareProcessNamespace: true,
        terminationGracePeriodSeconds: shutdown.graceSeconds,
        volumes: this.volumes(),
      },
    });
    const spec: object = template?.['spec'];
    return {
      ...template,
      spec: { ...spec, ...(initContainers.length === 0 ? {} : { initContainers: initContainers.map(initContainerJson) }) },
    };
  }

  private server(): k8s.Container {
    const { ports, images, memory, resources, probes, shutdown, audit, additions } = this.parts;
    return {
      name: 'vault',
      ...images.vault,
      // no shell and no entry point: Vault gets the signals, and keeps the capability
      command: [memory.binary, 'server', '-config=/vault/config/vault.hcl'],
      env: this.environment(),
      // endpoints drain before Vault hears that it must stop
      lifecycle: { preStop: { exec: { command: ['sleep', String(shutdown.preStopSeconds)] } } },
      ports: [
        { name: 'https', containerPort: ports.api, protocol: 'TCP' },
        { name: 'cluster', containerPort: ports.cluster, protocol: 'TCP' },
        ...(ports.metrics === undefined ? [] : [{ name: 'metrics', containerPort: ports.metrics, protocol: 'TCP' }]),
      ],
      ...probes.ofContainer(ports.api),
      resources: resources.ofContainer(),
      securityContext: { ...unprivileged(), capabilities: memory.capabilities },
      volumeMounts: [
        ...configAndCertificate,
        ...memory.volumeMounts,
        ...audit.mounts,
        { name: 'home', mountPath: '/home/vault' },
        { name: 'tmp', mountPath: '/tmp' },
        apiTokenMount,
        ...additions.volumeMounts,
        ...this.added.map(({ volume, mount }) => ({ ...mount, name: volume.name })),
      ],
    };
  }

  private environment(): k8s.EnvVar[] {
    const { ports, domain, regions, additions } = this.parts;
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
      { name: 'AWS_REGION', value: regions.seal },
      ...(regions.table === regions.seal ? [] : [{ name: 'AWS_DYNAMODB_REGION', value: regions.table }]),
      { name: 'AWS_STS_REGIONAL_ENDPOINTS', value: 'regional' },
      ...additions.env,
    ];
  }

  private reload(): k8s.Container {
    return {
      name: 'reload',
      ...this.parts.images.vault,
      command: ['sh', '/vault/config/reload.sh', String(this.parts.ports.api)],
      resources: smallResources(),
      securityContext: unprivileged(),
      volumeMounts: [...configAndCertificate],
    };
  }

  private volumes(): k8s.Volume[] {
    const { configMap, tlsSecret, memory, additions } = this.parts;
    return [
      { name: 'config', configMap: { name: configMap, defaultMode: 0o444 } },
      { name: 'tls', secret: { secretName: tlsSecret, defaultMode: 0o440 } },
      ...memory.volumes,
      // memory, since the CLI keeps the token of a login there
      { name: 'home', emptyDir: { medium: 'Memory', sizeLimit: k8s.Quantity.fromString('16Mi') } },
      { name: 'tmp', emptyDir: { sizeLimit: k8s.Quantity.fromString('64Mi') } },
      apiTokenVolume(),
      ...additions.volumes,
      ...this.added.map(({ volume }) => volume),
    ];
  }
}
