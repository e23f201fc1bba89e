import { ApiObject } from 'cdk8s';
import type { Construct } from 'constructs';
import { k8s } from '../../imports';
import { omitUndefined } from '../app/kubernetes/omit-undefined';
import { cidrCheck } from '../app/validation/addresses';
import { type Check, type Checks, listOf, matching, oneOf } from '../app/validation/check';
import { annotationsCheck, labelsCheck } from '../app/validation/names';
import type { Part } from '../app/validation/part';
import type { KnownProps, Problems } from '../app/validation/problems';
import type { ServerIdentity } from './server-identity';
import type { ServerPorts } from './server-ports';
import type { DynamoDbStorage } from './vault-hcl/storage';

/** One of the Services in front of the servers. Name, ports and selector are the chart's. */
export interface ServiceProps {
  /**
   * From where the Service can be reached: the cluster, its nodes, or a load balancer.
   * @default "ClusterIP" (Kubernetes')
   */
  readonly type?: 'ClusterIP' | 'NodePort' | 'LoadBalancer';
  /**
   * Annotations of this Service alone.
   * @default none
   */
  readonly annotations?: Readonly<Record<string, string>>;
  /**
   * Labels of this Service alone, besides the chart's.
   * @default none
   */
  readonly labels?: Readonly<Record<string, string>>;
  /**
   * The IP families of the Service; the first is that of its main address.
   * @default the cluster's
   */
  readonly ipFamilies?: readonly ('IPv4' | 'IPv6')[];
  /**
   * Whether the Service has an address of each family.
   * @default "SingleStack" (Kubernetes')
   */
  readonly ipFamilyPolicy?: 'SingleStack' | 'PreferDualStack' | 'RequireDualStack';
  /**
   * Where traffic from outside may go; "Local" keeps the client's address. Only for NodePort and LoadBalancer.
   * @default "Cluster" (Kubernetes')
   */
  readonly externalTrafficPolicy?: 'Cluster' | 'Local';
  /**
   * Where traffic from inside may go.
   * @default "Cluster" (Kubernetes')
   */
  readonly internalTrafficPolicy?: 'Cluster' | 'Local';
  /**
   * Who makes the load balancer, such as "service.k8s.aws/nlb". Only for LoadBalancer.
   * @default the cluster's
   */
  readonly loadBalancerClass?: string;
  /**
   * CIDR blocks that the load balancer admits. Only for LoadBalancer.
   * @default all
   */
  readonly loadBalancerSourceRanges?: readonly string[];
}

/** The Services, each with props of its own. */
export interface ServicesProps {
  /**
   * `<name>`: every ready server; standbys forward.
   * @default a ClusterIP Service
   */
  readonly all?: ServiceProps;
  /**
   * `<name>-active`: the active server.
   * @default a ClusterIP Service
   */
  readonly active?: ServiceProps;
  /**
   * `<name>-standby`: the standbys.
   * @default a ClusterIP Service
   */
  readonly standby?: ServiceProps;
  /**
   * `<name>-internal`: the pods' own DNS names, ready or not. Headless, so it takes no type.
   * @default a headless Service
   */
  readonly internal?: Pick<ServiceProps, 'annotations' | 'labels' | 'ipFamilies' | 'ipFamilyPolicy'>;
}

const ipFamiliesCheck: Check<readonly ('IPv4' | 'IPv6')[]> = {
  ...listOf(oneOf('IPv4', 'IPv6')),
  allowed: '"IPv4", "IPv6" or both, each once',
};

const checks: Checks<ServiceProps> = {
  type: oneOf('ClusterIP', 'NodePort', 'LoadBalancer'),
  annotations: annotationsCheck,
  labels: labelsCheck,
  ipFamilies: ipFamiliesCheck,
  ipFamilyPolicy: oneOf('SingleStack', 'PreferDualStack', 'RequireDualStack'),
  externalTrafficPolicy: oneOf('Cluster', 'Local'),
  internalTrafficPolicy: oneOf('Cluster', 'Local'),
  loadBalancerClass: matching(
    /^([a-z0-9.-]+\/)?[A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?$/,
    'qualified names',
    'write for example "service.k8s.aws/nlb"',
  ),
  loadBalancerSourceRanges: listOf(cidrCheck),
};

/** The four Services; their names are what other charts and people use. */
export class ServerServices implements Part {
  /** Every ready server; standbys forward requests to the active one. */
  readonly all: string;
  /** The active server. */
  readonly active: string;
  /** The standbys. */
  readonly standby: string;
  /** Headless: the DNS domain of the pods, whether they are ready or not. */
  readonly internal: string;

  constructor(
    private readonly scope: Construct,
    private readonly server: ServerIdentity,
    private readonly props: ServicesProps = {},
    beside: { readonly ports: ServerPorts; readonly storage: DynamoDbStorage },
  ) {
    const { ports, storage } = beside;
    const { name, selector } = server;
    this.all = name;
    this.active = `${name}-active`;
    this.standby = `${name}-standby`;
    this.internal = `${name}-internal`;

    const api = port('https', ports.api, 'https');
    // Vault labels its own pod when its state changes (service registration); without high availability never as active
    const inState = (active: boolean) => ({ ...selector, ...(storage.haEnabled ? { 'vault-active': String(active) } : {}) });
    this.add('service', this.all, props.all, { selector, ports: [api] });
    this.add('service-active', this.active, props.active, { selector: inState(true), ports: [api] });
    this.add('service-standby', this.standby, props.standby, { selector: inState(false), ports: [api] });
    this.add('service-internal', this.internal, props.internal, {
      clusterIp: 'None',
      // servers find each other, and the init Job the first one, before they are ready
      publishNotReadyAddresses: true,
      selector,
      ports: [
        api,
        port('cluster', ports.cluster, 'tcp'),
        ...(ports.metrics === undefined ? [] : [port('metrics', ports.metrics, 'https')]),
      ],
    });
  }

  validate(problems: Problems): void {
    const { props } = this;
    problems.checkNames('services', props, { all: true, active: true, standby: true, internal: true } satisfies KnownProps<ServicesProps>);
    const internalProps = ['annotations', 'labels', 'ipFamilies', 'ipFamilyPolicy'];
    for (const prop of Object.keys(props.internal ?? {}).filter(name => !internalProps.includes(name)))
      problems.refuse('services.internal', prop, internalProps.join(', '), 'leave it out: the Service is headless');
    for (const key of ['all', 'active', 'standby', 'internal'] as const)
      this.validateService(problems, `services.${key}`, props[key] ?? {});
  }

  private validateService(problems: Problems, group: string, props: ServiceProps): void {
    problems.checkAll(group, props, checks);
    const type = props.type ?? 'ClusterIP';
    for (const prop of ['loadBalancerClass', 'loadBalancerSourceRanges'] as const)
      if (props[prop] !== undefined && type !== 'LoadBalancer')
        problems.refuse(`${group}.${prop}`, props[prop], 'only for type "LoadBalancer"', 'set the type or leave it out');
    if (props.externalTrafficPolicy !== undefined && type === 'ClusterIP')
      problems.refuse(
        `${group}.externalTrafficPolicy`,
        props.externalTrafficPolicy,
        'only for types "NodePort" and "LoadBalancer"',
        'set the type or leave it out',
      );
    if (props.ipFamilies?.length === 2 && !(props.ipFamilyPolicy ?? 'SingleStack').endsWith('DualStack'))
      problems.refuse(
        `${group}.ipFamilies`,
        props.ipFamilies,
        'one family with ipFamilyPolicy "SingleStack"',
        'set ipFamilyPolicy to "PreferDualStack" or "RequireDualStack"',
      );
    for (const label of Object.keys(props.labels ?? {}).filter(name => Object.hasOwn(this.server.labels, name)))
      problems.refuse(`${group}.labels`, label, 'labels that the chart does not set', 'choose another key');
  }

  private add(id: string, name: string, props: ServiceProps = {}, own: k8s.ServiceSpec): void {
    const { annotations, labels, ...spec } = props;
    const metadata = this.server.metadata(name);
    new ApiObject(
      this.scope,
      id,
      k8s.KubeService.manifest({
        metadata: omitUndefined({ ...metadata, labels: { ...labels, ...metadata.labels }, annotations }),
        spec: { ...omitUndefined(spec), ...own } as k8s.ServiceSpec,
      }),
    );
  }
}

/** Equal numbers on Service and pod: some network policy engines see the one, some the other. */
const port = (name: string, number: number, appProtocol: string): k8s.ServicePort => ({
  name,
  port: number,
  targetPort: k8s.IntOrString.fromNumber(number),
  appProtocol,
});
