import { describe, expect, test } from '@jest/globals';
import { problems, serverObjects } from '../support/render';

const servers = {
  podSelector: {
    matchLabels: { 'app.kubernetes.io/name': 'vault', 'app.kubernetes.io/instance': 'vault', 'app.kubernetes.io/component': 'server' },
  },
};
const tcp = (...ports: number[]) => ports.map(port => ({ port, protocol: 'TCP' }));

describe('NetworkPolicies', () => {
  test('servers reach each other, DNS anywhere, and AWS and the API server on 443, but never the metadata services', () => {
    expect(serverObjects()['NetworkPolicy/vault'].spec).toEqual({
      podSelector: servers.podSelector,
      policyTypes: ['Ingress', 'Egress'],
      ingress: [{ from: [servers], ports: tcp(8200, 8201) }],
      egress: [
        { to: [servers], ports: tcp(8200, 8201) },
        { ports: [{ port: 53, protocol: 'UDP' }, ...tcp(53)] },
        {
          to: [
            { ipBlock: { cidr: '0.0.0.0/0', except: ['169.254.169.254/32'] } },
            { ipBlock: { cidr: '::/0', except: ['fd00:ec2::254/128'] } },
          ],
          ports: tcp(443),
        },
      ],
    });
  });

  test('clients are by default the labelled pods of every namespace, on the API port alone', () => {
    expect(serverObjects()['NetworkPolicy/vault-clients'].spec.ingress).toEqual([
      { from: [{ namespaceSelector: {}, podSelector: { matchLabels: { 'vault-client': 'true' } } }], ports: tcp(8200) },
    ]);
  });

  test('clients may be pods of the same namespace, of labelled namespaces, or addresses', () => {
    const clients = [
      { podLabels: {} },
      { podLabels: { app: 'x' }, namespaceLabels: { team: 'y' } },
      { cidr: '10.0.0.0/16', except: ['10.0.9.0/24'] },
    ];
    expect(serverObjects({ network: { clients } })['NetworkPolicy/vault-clients'].spec.ingress[0].from).toEqual([
      { podSelector: {} },
      { podSelector: { matchLabels: { app: 'x' } }, namespaceSelector: { matchLabels: { team: 'y' } } },
      { ipBlock: { cidr: '10.0.0.0/16', except: ['10.0.9.0/24'] } },
    ]);
  });

  test('what servers may call is opened one by one', () => {
    const egress = [
      { cidr: '10.1.0.0/24', ports: [5432] },
      { podLabels: { app: 'mysql' }, ports: [3306, 33060] },
    ];
    expect(serverObjects({ network: { egress } })['NetworkPolicy/vault-egress'].spec).toMatchObject({
      policyTypes: ['Egress'],
      egress: [
        { to: [{ ipBlock: { cidr: '10.1.0.0/24' } }], ports: tcp(5432) },
        { to: [{ podSelector: { matchLabels: { app: 'mysql' } } }], ports: tcp(3306, 33060) },
      ],
    });
  });

  test('the metrics port is closed until somebody may scrape', () => {
    expect(serverObjects()['NetworkPolicy/vault-metrics']).toBeUndefined();
    const scrapers = [
      { podLabels: { 'app.kubernetes.io/name': 'prometheus' }, namespaceLabels: { 'kubernetes.io/metadata.name': 'monitoring' } },
    ];
    expect(serverObjects({ metrics: { scrapers, port: 9000 } })['NetworkPolicy/vault-metrics'].spec.ingress[0].ports).toEqual(tcp(9000));
  });

  test('an endpoint on another port opens that port', () => {
    const egress = serverObjects({ storage: { table: 'vault-data', endpoint: 'http://dynamodb.local:8000' } })['NetworkPolicy/vault'].spec
      .egress;
    expect(egress[2].ports).toEqual(tcp(443, 8000));
  });

  test('a database block that holds the metadata services does not open them', () => {
    const egress = serverObjects({ network: { egress: [{ cidr: '0.0.0.0/0', ports: [80] }] } })['NetworkPolicy/vault-egress'].spec.egress;
    expect(egress[0].to).toEqual([{ ipBlock: { cidr: '0.0.0.0/0', except: ['169.254.169.254/32'] } }]);
  });

  test('telemetry that is pushed reaches its server', () => {
    const telemetry = { statsdAddress: 'statsd.monitoring:8125', statsiteAddress: 'statsite.monitoring:8126' };
    expect(serverObjects({ telemetry })['NetworkPolicy/vault-telemetry'].spec.egress[0].ports).toEqual([
      { port: 8125, protocol: 'UDP' },
      ...tcp(8126),
    ]);
  });

  test('"off" makes none', () => {
    expect(Object.keys(serverObjects({ network: 'off' })).filter(name => name.startsWith('NetworkPolicy'))).toEqual([]);
  });

  test('peers that are neither or malformed are refused', () => {
    expect(
      problems({
        network: { clients: [{ cidr: '10.0.0.0' }, { podLabels: { 'no good': 'x' } }, { cidr: '10.0.0.0/16', except: ['10.0.0.0/8'] }] },
      }),
    ).toEqual([
      '[vault] network.clients[0].cidr: got "10.0.0.0"; allowed: CIDR blocks of IPv4 or IPv6; write for example "10.0.0.0/16"',
      '[vault] network.clients[1].podLabels: got {"no good":"x"}; allowed: label keys with an optional DNS prefix other than "constructor", values of 63 characters at most (a-z, A-Z, 0-9, "-", "_", "."); write for example { team: "platform" }',
      '[vault] network.clients[2].except: got ["10.0.0.0/8"]; allowed: a list that is not empty and names nothing twice, each of: CIDR blocks inside 10.0.0.0/16; leave the prop out for none; correct the block',
    ]);
  });
});
