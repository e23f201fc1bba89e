import { ApiObject } from 'cdk8s';
import type { Construct } from 'constructs';
import { k8s } from '../../imports';
import { objectLabels, type SelectorLabels } from '../app/kubernetes/labels';
import { omitUndefined } from '../app/kubernetes/omit-undefined';
import { cidrCheck } from '../app/validation/addresses';
import { type Check, type Checks, listOf, matching, oneOf } from '../app/validation/check';
import { annotationsCheck, labelsCheck } from '../app/validation/names';
import type { KnownProps, Problems } from '../app/validation/problems';

/** One of the Services in front of the servers. Name, ports and selector are the chart's. */
export interface ServiceProps {
  /**
   * How the Service is reached.
   * @default "ClusterIP"
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
   * IP families, in order.
   * @default the cluster's
   */
  readonly ipFamilies?: readonly ('IPv4' | 'IPv6')[];
  /**
   * Whether both families are used.
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

const families: Check<readonly ('IPv4' | 'IPv6')[]> = { ...listOf(oneOf('IPv4', 'IPv6')), allowed: '"IPv4", "IPv6" or both, each once' };

const checks: Checks<ServiceProps> = {
  type: oneOf('ClusterIP', 'NodePort', 'LoadBalancer'),
  annotations: annotationsCheck,
  labels: labelsCheck,
  ipFamilies: families,
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

export function checkServices(problems: Problems, services: ServicesProps, selector: SelectorLabels): void {
  problems.checkNames('services', services, { all: true, active: true, standby: true, internal: true } satisfies KnownProps<ServicesProps>);
  const internalProps = ['annotations', 'labels', 'ipFamilies', 'ipFamilyPolicy'];
  for (const prop of Object.keys(services.internal ?? {}).filter(name => !internalProps.includes(name))) {
    problems.refuse('services.internal', prop, internalProps.join(', '), 'leave it out: the Service is headless');
  }
  for (const key of ['all', 'active', 'standby', 'internal'] as const) {
    const props: ServiceProps = services[key] ?? {};
    problems.checkAll(`services.${key}`, props, checks);
    const type = props.type ?? 'ClusterIP';
    for (const prop of ['loadBalancerClass', 'loadBalancerSourceRanges'] as const) {
      if (props[prop] !== undefined && type !== 'LoadBalancer')
        problems.refuse(`services.${key}.${prop}`, props[prop], 'only for type "LoadBalancer"', 'set the type or leave it out');
    }
    if (props.externalTrafficPolicy !== undefined && type === 'ClusterIP') {
      problems.refuse(
        `services.${key}.externalTrafficPolicy`,
        props.externalTrafficPolicy,
        'only for types "NodePort" and "LoadBalancer"',
        'set the type or leave it out',
      );
    }
    if (props.ipFamilies?.length === 2 && !(props.ipFamilyPolicy ?? 'SingleStack').endsWith('DualStack')) {
      problems.refuse(
        `services.${key}.ipFamilies`,
        props.ipFamilies,
        'one family with ipFamilyPolicy "SingleStack"',
        'set ipFamilyPolicy to "PreferDualStack" or "RequireDualStack"',
      );
    }
    for (const label of Object.keys(props.labels ?? {}).filter(name => Object.hasOwn(objectLabels(selector), name))) {
      problems.refuse(`services.${key}.labels`, label, 'labels that the chart does not set', 'choose another key');
    }
  }
}

export interface ServicePorts {
  readonly api: number;
  readonly cluster: number;
  readonly metrics: number | undefined;
}

export interface ServerServicesOptions {
  readonly name: string;
  readonly namespace: string;
  readonly selector: SelectorLabels;
  readonly ports: ServicePorts;
  /** Without high availability Vault never labels its pod as active. */
  readonly haEnabled: boolean;
  readonly props: ServicesProps;
}

/** The four Services; their names are what other charts and people use. */
export class ServerServices {
  readonly all: string;
  readonly active: string;
  readonly standby: string;
  readonly internal: string;

  constructor(scope: Construct, options: ServerServicesOptions) {
    const { name, namespace, selector, ports, props } = options;
    this.all = name;
    this.active = `${name}-active`;
    this.standby = `${name}-standby`;
    this.internal = `${name}-internal`;

    const make = (id: string, serviceName: string, service: ServiceProps, spec: k8s.ServiceSpec) =>
      new ApiObject(
        scope,
        id,
        k8s.KubeService.manifest({
          metadata: omitUndefined({
            name: serviceName,
            namespace,
            labels: { ...service.labels, ...objectLabels(selector) },
            annotations: service.annotations,
          }),
          spec: { ...omitUndefined({ ...service, annotations: undefined, labels: undefined }), ...spec } as k8s.ServiceSpec,
        }),
      );
    // equal numbers on Service and pod: some network policy engines see the one, some the other
    const port = (portName: string, number: number, appProtocol: string) => ({
      name: portName,
      port: number,
      targetPort: k8s.IntOrString.fromNumber(number),
      appProtocol,
    });
    const api = port('https', ports.api, 'https');
    // Vault labels its own pod when its state changes (service registration)
    const inState = (active: boolean) => ({ ...selector, ...(options.haEnabled ? { 'vault-active': String(active) } : {}) });

    make('service', this.all, props.all ?? {}, { selector, ports: [api] });
    make('service-active', this.active, props.active ?? {}, { selector: inState(true), ports: [api] });
    make('service-standby', this.standby, props.standby ?? {}, { selector: inState(false), ports: [api] });
    make('service-internal', this.internal, props.internal ?? {}, {
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
}
