import { ApiObject } from 'cdk8s';
import type { Construct } from 'constructs';
import { k8s } from '../../../imports';
import { cidrContains } from '../validation/addresses';

export interface NetworkPolicyProps {
  readonly name: string;
  readonly namespace: string;
  readonly labels: Readonly<Record<string, string>>;
  /** The labels of the pods that the policy is for. */
  readonly pods: Readonly<Record<string, string>>;
  readonly spec: Omit<k8s.NetworkPolicySpec, 'podSelector'>;
}

/** Policies add up: each says one thing about the pods that it selects. */
export function networkPolicy(scope: Construct, id: string, props: NetworkPolicyProps): void {
  const { name, namespace, labels, pods, spec } = props;
  new ApiObject(
    scope,
    id,
    k8s.KubeNetworkPolicy.manifest({
      metadata: { name, namespace, labels: { ...labels } },
      spec: { podSelector: { matchLabels: { ...pods } }, ...spec },
    }),
  );
}

/** Numbers, never names: Amazon's VPC CNI drops rules of addresses with named ports. */
export const ports = (numbers: readonly number[], protocol = 'TCP'): k8s.NetworkPolicyPort[] =>
  numbers.map(number => ({ port: k8s.IntOrString.fromNumber(number), protocol }));

/** To any address: DNS may run on the node (EKS Auto Mode, NodeLocal DNSCache). */
export const dnsEgress: k8s.NetworkPolicyEgressRule = { ports: [...ports([53], 'UDP'), ...ports([53])] };

/** Link-local addresses where nodes hand out their own credentials: no pod of this project may fall back on them. */
const addresses = { ipv4: '169.254.169.254/32', ipv6: 'fd00:ec2::254/128' };

export const metadataServices = {
  /** Everywhere but the metadata services. */
  everywhereElse: [
    { ipBlock: { cidr: '0.0.0.0/0', except: [addresses.ipv4] } },
    { ipBlock: { cidr: '::/0', except: [addresses.ipv6] } },
  ] satisfies k8s.NetworkPolicyPeer[],
  /** The metadata services that lie in a block. */
  within: (block: string): string[] => Object.values(addresses).filter(address => cidrContains(block, address)),
};
