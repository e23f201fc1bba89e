import type { Construct } from 'constructs';
import { type OutboundProps, outboundEgress } from '../app/jobs/outbound';
import { objectLabels, type SelectorLabels } from '../app/kubernetes/labels';
import { dnsEgress, networkPolicy, ports } from '../app/kubernetes/network-policy';
import type { IVault } from '../app/vault';

/** The Job reaches the servers, DNS, AWS and the API server, and the servers admit it; nobody reaches the Job. */
export function initNetworkPolicies(scope: Construct, name: string, vault: IVault, job: SelectorLabels, outbound: OutboundProps): void {
  const common = { namespace: vault.namespace, labels: objectLabels(job) };
  const api = ports([vault.port]);
  networkPolicy(scope, 'network', {
    ...common,
    name,
    pods: job,
    spec: {
      policyTypes: ['Ingress', 'Egress'],
      egress: [{ to: [{ podSelector: { matchLabels: vault.selector } }], ports: api }, dnsEgress, outboundEgress(outbound)],
    },
  });
  networkPolicy(scope, 'network-servers', {
    ...common,
    name: `${name}-servers`,
    pods: vault.selector,
    spec: { policyTypes: ['Ingress'], ingress: [{ from: [{ podSelector: { matchLabels: job } }], ports: api }] },
  });
}
