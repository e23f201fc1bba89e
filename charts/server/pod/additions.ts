import type { k8s } from '../../../imports';
import { portCheck } from '../../app/validation/addresses';
import { type Check, matching, oneOf } from '../../app/validation/check';
import { absolutePathCheck, dnsLabelCheck } from '../../app/validation/names';
import type { Part } from '../../app/validation/part';
import type { Problems } from '../../app/validation/problems';
import type { ServerNamespace } from '../namespace';
import type { ServerNetwork } from '../network';
import { numbersOf, type ServerPorts } from '../server-ports';
import type { VaultServerProps } from '../vault-server-props';
import type { AuditStorage } from './audit-storage';
import type { InitContainer } from './init-container';
import { overlap, ownContainers, ownMountPaths, ownVolumes } from './own-names';
import { checkRestrictedContainer, checkRestrictedVolume } from './restricted';

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

/** What the user adds to the pod of the servers. */
export type PodAdditionsProps = Pick<VaultServerProps, 'env' | 'volumes' | 'volumeMounts' | 'initContainers' | 'sidecars'>;

/** What the checks of additions have to know of other parts. */
export interface BesideAdditions {
  readonly ports: ServerPorts;
  readonly audit: AuditStorage;
  readonly network: ServerNetwork;
  readonly namespace: ServerNamespace;
}

/** What users add to the pod: nothing of it may override, hide or borrow what is the chart's. */
export class PodAdditions implements Part {
  readonly env: readonly k8s.EnvVar[];
  readonly volumes: readonly k8s.Volume[];
  readonly volumeMounts: readonly k8s.VolumeMount[];
  readonly initContainers: readonly InitContainer[];
  readonly sidecars: readonly k8s.Container[];

  constructor(
    props: PodAdditionsProps,
    private readonly beside: BesideAdditions,
  ) {
    this.env = props.env ?? [];
    this.volumes = props.volumes ?? [];
    this.volumeMounts = props.volumeMounts ?? [];
    this.initContainers = props.initContainers ?? [];
    this.sidecars = props.sidecars ?? [];
  }

  validate(problems: Problems): void {
    const { env, volumes, initContainers, sidecars } = this;
    checkEnvironment(problems, env);
    this.validateProxy(problems);
    this.validateVolumes(problems);
    checkContainedNames(problems, 'volumes', volumes, ownVolumes);
    checkContainedNames(problems, 'initContainers', initContainers, [...ownContainers, ...sidecars.map(({ name }) => name)]);
    checkContainedNames(problems, 'sidecars', sidecars, ownContainers);
    for (const { name, restartPolicy } of initContainers)
      problems.check(`container ${name}: restartPolicy`, restartPolicy, oneOf('Always'));
    for (const container of [...initContainers, ...sidecars]) this.validateContainer(problems, container);
    for (const sidecar of [...initContainers.filter(isNativeSidecar), ...sidecars]) this.validatePorts(problems, sidecar);
  }

  /** A proxy whose port no NetworkPolicy opens cuts Vault off from AWS. */
  private validateProxy(problems: Problems): void {
    const open = this.beside.network.openPorts;
    if (open === undefined) return;
    for (const [index, { name, value = '' }] of this.env.entries()) {
      if (!/^https?_proxy$/i.test(name) || value === '') continue;
      const [, scheme, given] = /^(?:(https?):\/\/)?[^/:]+(?::(\d+))?\/?$/.exec(value) ?? [];
      const port = Number(given ?? (scheme === 'https' ? 443 : 80));
      if (!open.includes(port))
        problems.refuse(
          `env[${index}].value`,
          value,
          `proxies on a port that the NetworkPolicies open: ${open.join(', ')}`,
          `add the proxy to network.egress, such as { cidr: "10.0.0.10/32", ports: [${port}] }`,
        );
    }
  }

  private validateVolumes(problems: Problems): void {
    const { volumes, volumeMounts } = this;
    for (const volume of volumes) {
      if (Object.keys(volume).filter(key => key !== 'name').length !== 1)
        problems.refuse('volumes', volume, 'volumes with one source', 'write for example { name: "x", emptyDir: {} }');
      else if (this.beside.namespace.enforcesRestricted) checkRestrictedVolume(problems, volume);
    }
    for (const [index, { name, mountPath: path }] of volumeMounts.entries()) {
      const where = `volumeMounts[${index}]`;
      if (!problems.require(`${where}.mountPath`, path, mountPathCheck)) continue;
      const others = [...ownMountPaths, ...volumeMounts.slice(0, index).map(other => other.mountPath)].filter(mountPathCheck.ok);
      const taken = others.find(other => overlap(other, path));
      if (taken !== undefined) problems.refuse(`${where}.mountPath`, path, `paths that do not overlap ${taken}`, 'choose another path');
      if (!volumes.some(volume => volume.name === name))
        problems.refuse(`${where}.name`, name, 'names of volumes in the prop volumes', 'add the volume there');
    }
  }

  /** Containers that users add see the configuration, the certificate and the audit log; tokens and the binary are the server's alone. */
  private validateContainer(problems: Problems, container: k8s.Container): void {
    const where = `container ${container.name}`;
    if (!container.image) problems.refuse(`${where}: image`, container.image, 'an image', 'name one');
    for (const [index, variable] of (container.env ?? []).entries()) {
      const { name, value } = variable;
      checkSource(problems, `${where}: env[${index}]`, variable);
      if (credentials.includes(name) && value !== undefined)
        problems.refuse(`${where}: env`, name, 'no credentials in the YAML', 'take it from a Secret with valueFrom');
    }
    const volumes = ['config', 'tls', ...this.beside.audit.mounts.map(({ name }) => name), ...this.volumes.map(({ name }) => name)];
    for (const { name } of container.volumeMounts ?? []) {
      if (!volumes.includes(name))
        problems.refuse(
          `${where}: volumeMounts`,
          name,
          volumes.join(', '),
          ownVolumes.includes(name) ? "this one is the server's alone, or not there" : 'add the volume to the prop volumes',
        );
    }
    for (const { name, containerPort } of container.ports ?? []) {
      problems.require(`${where}: containerPort`, containerPort, portCheck);
      problems.check(`${where}: port name`, name, portNameCheck);
    }
    if (this.beside.namespace.enforcesRestricted) checkRestrictedContainer(problems, where, container);
  }

  private validatePorts(problems: Problems, sidecar: k8s.Container): void {
    const own = numbersOf(this.beside.ports);
    for (const { containerPort } of sidecar.ports ?? [])
      if (own.includes(containerPort))
        problems.refuse(
          `container ${sidecar.name}: ports`,
          containerPort,
          `ports other than ${own.join(', ')}`,
          'containers of a pod share its ports: choose another',
        );
  }
}

/** It runs beside the server, as a sidecar does. */
const isNativeSidecar = ({ restartPolicy }: InitContainer): boolean => restartPolicy === 'Always';

function checkEnvironment(problems: Problems, env: readonly k8s.EnvVar[]): void {
  const variable: Check<string> = matching(/^[A-Za-z_.-][A-Za-z0-9_.-]*$/, 'names of environment variables', 'write for example "GOGC"');
  for (const [index, variableOf] of env.entries()) {
    const { name } = variableOf;
    const where = `env[${index}].name`;
    checkSource(problems, `env[${index}]`, variableOf);
    checkFirst(problems, where, env, index);
    problems.require(where, name, variable);
    const configures = /^(AWS|VAULT)_/.test(name) && !harmlessVariables.includes(name);
    const instead =
      ownedVariables[name] ?? (configures ? 'a variable of this kind overrides configuration: set the prop that says the same' : undefined);
    if (instead !== undefined) problems.refuse(where, name, 'variables that do not override what the chart sets', instead);
  }
}

/** The API server refuses both (Kubernetes API reference, "EnvVar"). */
function checkSource(problems: Problems, where: string, variable: k8s.EnvVar): void {
  if (variable.value !== undefined && variable.valueFrom !== undefined)
    problems.refuse(where, variable, 'either value or valueFrom', 'leave one of them out');
}

/** Kubernetes API reference, "ContainerPort": a service name of IANA. */
const portNameCheck = matching(
  /^(?=.*[a-z])(?!.*--)[a-z0-9]([-a-z0-9]{0,13}[a-z0-9])?$/,
  '1 to 15 characters of a-z, 0-9 and "-", with a letter',
  'write for example "metrics"',
);

/** Where a volume hides nothing that the container needs. */
const mountPathCheck: Check<string> = {
  ok: path =>
    absolutePathCheck.ok(path) &&
    !path.split('/').includes('..') &&
    !path.split('/').includes('.') &&
    !/^\/(bin|boot|dev|etc|lib|lib64|proc|root|run|sbin|sys|usr)(\/|$)/.test(path),
  allowed: "absolute paths outside the system's folders",
  fix: 'write for example "/vault/plugins"',
};

type Named = Pick<k8s.Volume, 'name'>;

/** Names within the pod: DNS labels, not the chart's, each once. */
function checkContainedNames(problems: Problems, group: string, items: readonly Named[], taken: readonly string[]): void {
  for (const [index, { name }] of items.entries()) {
    const where = `${group}[${index}].name`;
    problems.require(where, name, dnsLabelCheck());
    if (taken.includes(name)) problems.refuse(where, name, `names other than ${taken.join(', ')}`, 'choose another name');
    checkFirst(problems, where, items, index);
  }
}

function checkFirst(problems: Problems, where: string, items: readonly Named[], index: number): void {
  const name = items[index]?.name;
  if (items.findIndex(other => other.name === name) < index) problems.refuse(where, name, 'each name once', 'choose another name');
}
