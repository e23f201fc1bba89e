import type { k8s } from '../../../imports';
import { cidrCheck, cidrContains, portCheck } from '../validation/addresses';
import { type Check, listOf } from '../validation/check';
import { labelsCheck } from '../validation/names';
import type { KnownProps, Problems } from '../validation/problems';
import { metadataServices } from './network-policy';

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
   * Blocks inside it that stay out.
   * @default none
   */
  readonly except?: readonly string[];
  readonly podLabels?: never;
}

/** Who is on the other side: pods, or addresses. */
export type NetworkPeer = PodPeer | CidrPeer;

/** What the servers may call: pods or addresses, and the ports that they listen on. */
export type EgressPeer = NetworkPeer & { readonly ports: readonly number[] };

const peerNames: KnownProps<NetworkPeer> = { cidr: true, except: true, podLabels: true, namespaceLabels: true };
const egressNames: KnownProps<EgressPeer> = { ...peerNames, ports: true };

export function checkEgressPeers(problems: Problems, group: string, peers: readonly EgressPeer[] = []): void {
  checkPeers(problems, group, peers, egressNames);
  for (const [index, { ports }] of peers.entries()) problems.require(`${group}[${index}].ports`, ports, listOf(portCheck));
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

/** A peer as a NetworkPolicy names it: never the metadata services. */
export function policyPeer(of: NetworkPeer): k8s.NetworkPolicyPeer {
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
