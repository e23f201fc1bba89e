import { ApiObject } from 'cdk8s';
import type { Construct } from 'constructs';
import { k8s } from '../../imports';
import { objectLabels, type SelectorLabels } from '../app/labels';
import { metadataServices } from '../app/metadata-services';
import type { VaultServer } from '../server/vault-server';

/** The Job reaches the servers, DNS and AWS, and the servers admit it; nobody reaches the Job. */
export function initNetworkPolicies(scope: Construct, name: string, vault: VaultServer, selector: SelectorLabels): void {
  const policy = (id: string, policyName: string, spec: k8s.NetworkPolicySpec) =>
    new ApiObject(
      scope,
      id,
      k8s.KubeNetworkPolicy.manifest({ metadata: { name: policyName, namespace: vault.namespace, labels: objectLabels(selector) }, spec }),
    );
  const port = (number: number, protocol = 'TCP') => ({ port: k8s.IntOrString.fromNumber(number), protocol });
  const [job, servers] = [{ podSelector: { matchLabels: selector } }, { podSelector: { matchLabels: vault.selector } }];
  policy('network', name, {
    ...job,
    policyTypes: ['Ingress', 'Egress'],
    egress: [
      { to: [servers], ports: [port(vault.listener.port)] },
      { ports: [port(53, 'UDP'), port(53)] },
      { to: metadataServices.cutOut, ports: [port(443)] },
    ],
  });
  policy('network-servers', `${name}-servers`, {
    ...servers,
    policyTypes: ['Ingress'],
    ingress: [{ from: [job], ports: [port(vault.listener.port)] }],
  });
}
