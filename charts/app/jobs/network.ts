import type { Construct } from 'constructs';
import type { k8s } from '../../../imports';
import { endpointPorts } from '../aws/endpoint-ports';
import { objectLabels, type SelectorLabels } from '../kubernetes/labels';
import { dnsEgress, networkPolicy, ports } from '../kubernetes/network-policy';
import type { IVault } from '../vault';
import type { Outbound } from './outbound';

export interface JobNetworkProps {
  /** The name of the Job. */
  readonly name: string;
  /** The namespace of the Job, which need not be Vault's. */
  readonly namespace: string;
  /** The labels of the Job's pods. */
  readonly pods: SelectorLabels;
  /** The Vault that it calls. */
  readonly vault: IVault;
  /** How it reaches AWS and the API server. */
  readonly outbound: Outbound;
  /** Endpoints of AWS that are the user's own. */
  readonly endpoints?: readonly (string | undefined)[];
}

/** A Job reaches the servers, DNS, AWS and the API server, and the servers admit it; nobody reaches the Job. */
export function jobNetworkPolicies(scope: Construct, { name, namespace, pods, vault, outbound, endpoints = [] }: JobNetworkProps): void {
  const labels = objectLabels(pods);
  const api = ports([vault.port]);
  const inNamespace = (other: string): Pick<k8s.NetworkPolicyPeer, 'namespaceSelector'> =>
    namespace === vault.namespace ? {} : { namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': other } } };
  networkPolicy(scope, 'network', {
    name,
    namespace,
    labels,
    pods,
    spec: {
      policyTypes: ['Ingress', 'Egress'],
      egress: [
        { to: [{ podSelector: { matchLabels: { ...vault.selector } }, ...inNamespace(vault.namespace) }], ports: api },
        dnsEgress,
        outbound.egress(endpointPorts(endpoints)),
      ],
    },
  });
  networkPolicy(scope, 'network-servers', {
    name: `${name}-servers`,
    namespace: vault.namespace,
    labels,
    pods: vault.selector,
    spec: {
      policyTypes: ['Ingress'],
      ingress: [{ from: [{ podSelector: { matchLabels: pods }, ...inNamespace(namespace) }], ports: api }],
    },
  });
}
