import { ApiObject } from 'cdk8s';
import type { Construct } from 'constructs';
import { k8s } from '../../imports';

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
