import type { Construct } from 'constructs';
import type { k8s } from '../../imports';
import { objectLabels, type SelectorLabels } from '../app/kubernetes/labels';
import { dnsEgress, metadataServices, networkPolicy, ports } from '../app/kubernetes/network-policy';
import { cidrCheck, cidrContains, portCheck } from '../app/validation/addresses';
import { type Check, listOf } from '../app/validation/check';
import { labelsCheck } from '../app/validation/names';
import type { KnownProps, Problems } from '../app/validation/problems';

/** Pods by label; without `namespaceLabels` those of the servers' own namespace. */
export interface PodPeer {
  /** Labels of the pods. {} is every pod. */
  readonly podLabels: Readonly<Record<string, string>>;
  /**
   * Labels of their namespaces. {} is every namespace.
   * @default the servers' namespace
   */
  readonly namespaceLabels?: Readonly<Record<string, string>>;
  readonly cidr?: never;
}

/** Addresses, such as subnets of load balancers. */
export interface CidrPeer {
  /** The block, such as "10.0.0.0/16". */
  readonly cidr: string;
  /**
   * Blocks to leave out.
   * @default none
   */
  readonly except?: readonly string[];
  readonly podLabels?: never;
}

export type NetworkPeer = PodPeer | CidrPeer;

/** What the servers may call: pods or addresses, and the ports that they listen on. */
export type EgressPeer = NetworkPeer & { readonly ports: readonly number[] };

/** Who may call the servers, and what they may call. AWS, DNS, the API server and each other they may always call. */
export interface NetworkProps {
  /**
   * Who may call the API.
   * @default pods of any namespace with the label `<name>-client: "true"`
   */
  readonly clients?: readonly NetworkPeer[];
  /**
   * What else the servers may call, such as databases that Vault makes users in, or a proxy.
   * @default nothing
   */
  readonly egress?: readonly EgressPeer[];
}

export const clientLabels = (name: string): Record<string, string> => ({ [`${name}-client`]: 'true' });

const peerNames: KnownProps<NetworkPeer> = { cidr: true, except: true, podLabels: true, namespaceLabels: true };
const egressNames: KnownProps<EgressPeer> = { ...peerNames, ports: true };

export function checkNetwork(problems: Problems, props: NetworkProps): void {
  problems.checkNames('network', props, { clients: true, egress: true } satisfies KnownProps<NetworkProps>);
  checkPeers(problems, 'network.clients', props.clients);
  checkPeers(problems, 'network.egress', props.egress, egressNames);
  for (const [index, { ports: numbers }] of (props.egress ?? []).entries())
    problems.require(`network.egress[${index}].ports`, numbers, listOf(portCheck));
}

export function checkPeers(problems: Problems, group: string, peers: readonly NetworkPeer[] = [], names: object = peerNames): void {
  for (const [index, peer] of peers.entries()) {
    const where = `${group}[${index}]`;
    problems.checkNames(where, peer, names);
    if ((peer.cidr === undefined) === (peer.podLabels === undefined))
      problems.refuse(where, peer, 'either cidr or podLabels', 'write one of them');
    problems.check(`${where}.cidr`, peer.cidr, cidrCheck);
    if (
      peer.cidr !== undefined &&
      cidrCheck.ok(peer.cidr) &&
      (cidrContains('169.254.0.0/16', peer.cidr) || cidrContains('fd00:ec2::/64', peer.cidr))
    ) {
      problems.refuse(
        `${where}.cidr`,
        peer.cidr,
        'addresses that are not link-local',
        'the metadata services lie there, which hand out the credentials of the node',
      );
    }
    problems.check(`${where}.podLabels`, peer.podLabels, labelsCheck);
    if (peer.cidr === undefined) problems.check(`${where}.namespaceLabels`, peer.namespaceLabels, labelsCheck);
    else problems.check(`${where}.except`, peer.except, listOf(within(peer.cidr)));
  }
}

const within = (outer: string): Check<string> => ({
  ok: value => cidrCheck.ok(value) && cidrCheck.ok(outer) && value !== outer && cidrContains(outer, value),
  allowed: `CIDR blocks inside ${outer}`,
  fix: 'correct the block',
});

export interface ServerNetworkOptions {
  readonly name: string;
  readonly namespace: string;
  readonly selector: SelectorLabels;
  readonly apiPort: number;
  readonly clusterPort: number;
  /** 443, and ports of endpoints that are set. */
  readonly awsPorts: readonly number[];
  readonly metricsPort: number | undefined;
  readonly scrapers: readonly NetworkPeer[];
  /** Ports of the servers that telemetry goes to. */
  readonly telemetryPorts: readonly k8s.NetworkPolicyPort[];
  readonly props: NetworkProps;
}

/** What servers may reach and who may reach them. Policies add up, so each of these says one thing. */
export function serverNetworkPolicies(scope: Construct, options: ServerNetworkOptions): void {
  const { name, namespace, selector, props } = options;
  const policy = (id: string, policyName: string, spec: Omit<k8s.NetworkPolicySpec, 'podSelector'>) =>
    networkPolicy(scope, id, { name: policyName, namespace, labels: objectLabels(selector), pods: selector, spec });
  const servers = [{ podSelector: { matchLabels: selector } }];
  const serverPorts = ports([options.apiPort, options.clusterPort]);

  policy('network-servers', name, {
    policyTypes: ['Ingress', 'Egress'],
    ingress: [{ from: servers, ports: serverPorts }],
    egress: [
      { to: servers, ports: serverPorts },
      dnsEgress,
      {
        // AWS and the API server: the DynamoDB gateway endpoint uses public addresses, engines see the API server's address or its Service's
        to: metadataServices.everywhereElse,
        ports: ports(options.awsPorts),
      },
    ],
  });
  const clients = props.clients ?? [{ podLabels: clientLabels(name), namespaceLabels: {} }];
  if (clients.length > 0) {
    policy('network-clients', `${name}-clients`, {
      policyTypes: ['Ingress'],
      ingress: [{ from: clients.map(peer), ports: ports([options.apiPort]) }],
    });
  }
  if (options.metricsPort !== undefined && options.scrapers.length > 0) {
    policy('network-metrics', `${name}-metrics`, {
      policyTypes: ['Ingress'],
      ingress: [{ from: options.scrapers.map(peer), ports: ports([options.metricsPort]) }],
    });
  }
  if (options.telemetryPorts.length > 0) {
    policy('network-telemetry', `${name}-telemetry`, {
      policyTypes: ['Egress'],
      egress: [{ to: metadataServices.everywhereElse, ports: [...options.telemetryPorts] }],
    });
  }
  if (props.egress !== undefined && props.egress.length > 0) {
    policy('network-egress', `${name}-egress`, {
      policyTypes: ['Egress'],
      egress: props.egress.map(to => ({ to: [peer(to)], ports: ports(to.ports ?? []) })),
    });
  }
}

function peer(of: NetworkPeer): k8s.NetworkPolicyPeer {
  if (of.cidr !== undefined) {
    const except = [...new Set([...(of.except ?? []), ...metadataServices.within(of.cidr)])];
    return { ipBlock: { cidr: of.cidr, ...(except.length === 0 ? {} : { except }) } };
  }
  return {
    podSelector: labelSelector(of.podLabels),
    ...(of.namespaceLabels === undefined ? {} : { namespaceSelector: labelSelector(of.namespaceLabels) }),
  };
}

/** No labels select everything. */
const labelSelector = (matchLabels: Readonly<Record<string, string>> = {}): k8s.LabelSelector =>
  Object.keys(matchLabels).length === 0 ? {} : { matchLabels };
