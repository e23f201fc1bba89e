import type { Construct } from 'constructs';
import type { k8s } from '../../imports';
import { checkEgressPeers, checkPeers, type EgressPeer, type NetworkPeer, policyPeer } from '../app/kubernetes/network-peers';
import { dnsEgress, metadataServices, networkPolicy, ports } from '../app/kubernetes/network-policy';
import type { Part } from '../app/validation/part';
import type { KnownProps, Problems } from '../app/validation/problems';
import type { ServerIdentity } from './server-identity';
import type { ServerPorts } from './server-ports';
import type { ServicesProps } from './services';

/** Who may call the servers, and what they may call. AWS, DNS, the API server and each other they may always call. */
export interface NetworkProps {
  /**
   * Who may call the API: nobody else gets through the NetworkPolicies. [] admits nobody.
   * @default pods of any namespace with the label `<name>-client: "true"`
   */
  readonly clients?: readonly NetworkPeer[];
  /**
   * What else the servers may call, such as databases that Vault makes users in, or a proxy.
   * @default nothing
   */
  readonly egress?: readonly EgressPeer[];
}

/** What the policies have to open for other parts of the servers. */
export interface OpenedByOthers {
  readonly ports: ServerPorts;
  /** Ports of AWS's endpoints. */
  readonly aws: readonly number[];
  readonly scrapers: readonly NetworkPeer[];
  /** Ports that metrics are pushed to. */
  readonly telemetry: readonly k8s.NetworkPolicyPort[];
  /** Services that are reached from outside need an address among the clients. */
  readonly services: ServicesProps;
}

/** The NetworkPolicies: what servers may reach and who may reach them. Policies add up, so each says one thing. */
export class ServerNetwork implements Part {
  /** Labels that make a pod of any namespace a client, as long as `network.clients` is not set. */
  readonly clientLabels: Readonly<Record<string, string>>;

  constructor(
    private readonly scope: Construct,
    private readonly server: ServerIdentity,
    private readonly props: NetworkProps | 'off' = {},
    private readonly opened: OpenedByOthers,
  ) {
    this.clientLabels = { [`${server.name}-client`]: 'true' };
    if (props !== 'off') this.addPolicies(props);
  }

  /** What else the servers may call; undefined where no policy holds them. */
  get egress(): readonly EgressPeer[] | undefined {
    return this.props === 'off' ? undefined : (this.props.egress ?? []);
  }

  /** The ports of other machines that the servers may call; undefined where no policy holds them. */
  get openPorts(): readonly number[] | undefined {
    if (this.props === 'off') return undefined;
    return [...this.opened.aws, ...(this.props.egress ?? []).flatMap(({ ports: numbers }) => numbers ?? [])];
  }

  validate(problems: Problems): void {
    const { props } = this;
    if (!problems.isGroup('network', props, 'off')) return;
    problems.checkNames('network', props, { clients: true, egress: true } satisfies KnownProps<NetworkProps>);
    checkPeers(problems, 'network.clients', props.clients);
    checkEgressPeers(problems, 'network.egress', props.egress);
    if (!(props.clients ?? []).some(client => client.cidr !== undefined)) this.refuseExposure(problems);
  }

  /** A load balancer whose addresses the policies do not admit reaches nobody. */
  private refuseExposure(problems: Problems): void {
    for (const key of ['all', 'active', 'standby'] as const) {
      const type = this.opened.services[key]?.type;
      if (type !== undefined && type !== 'ClusterIP')
        problems.refuse(
          `services.${key}.type`,
          type,
          'types other than ClusterIP only with an address in network.clients',
          'add the subnets of the load balancer, such as { cidr: "10.0.0.0/16" }',
        );
    }
  }

  private addPolicies({ clients, egress = [] }: NetworkProps): void {
    const { name, selector } = this.server;
    const { ports: own, aws, scrapers, telemetry } = this.opened;
    const servers = [{ podSelector: { matchLabels: selector } }];
    const serverPorts = ports([own.api, own.cluster]);
    this.addPolicy('network-servers', name, {
      policyTypes: ['Ingress', 'Egress'],
      ingress: [{ from: servers, ports: serverPorts }],
      egress: [
        { to: servers, ports: serverPorts },
        dnsEgress,
        // AWS and the API server: the DynamoDB gateway endpoint uses public addresses, engines see the API server's address or its Service's
        { to: metadataServices.everywhereElse, ports: ports(aws) },
      ],
    });
    const callers = clients ?? [{ podLabels: this.clientLabels, namespaceLabels: {} }];
    if (callers.length > 0) this.admit('clients', callers, own.api);
    if (own.metrics !== undefined && scrapers.length > 0) this.admit('metrics', scrapers, own.metrics);
    if (telemetry.length > 0) this.allow('telemetry', [{ to: metadataServices.everywhereElse, ports: [...telemetry] }]);
    if (egress.length > 0)
      this.allow(
        'egress',
        egress.map(to => ({ to: [policyPeer(to)], ports: ports(to.ports ?? []) })),
      );
  }

  private admit(purpose: string, peers: readonly NetworkPeer[], port: number): void {
    this.addPolicy(`network-${purpose}`, `${this.server.name}-${purpose}`, {
      policyTypes: ['Ingress'],
      ingress: [{ from: peers.map(policyPeer), ports: ports([port]) }],
    });
  }

  private allow(purpose: string, egress: k8s.NetworkPolicyEgressRule[]): void {
    this.addPolicy(`network-${purpose}`, `${this.server.name}-${purpose}`, { policyTypes: ['Egress'], egress });
  }

  private addPolicy(id: string, name: string, spec: Omit<k8s.NetworkPolicySpec, 'podSelector'>): void {
    networkPolicy(this.scope, id, { ...this.server.metadata(name), pods: this.server.selector, spec });
  }
}
