import { describe, expect, test } from '@jest/globals';
import { ApiObject, Chart } from 'cdk8s';
import { KustomizeApp } from '../charts';
import { everyChart, outcome } from './support/every-chart';
import { objectsOf, problems, problemsOf, renderServer, yaml } from './support/render';

type Props = Parameters<typeof problems>[0];

/** What main.ts may hold in spite of its types: values of the environment behind a `!`, and names misspelt in a spread. */
const untyped = (props: object): Props => props as Props;

describe('a name that nobody knows is refused, with the nearest that there is', () => {
  test.each([
    ['a prop', { replica: 5 }, '[vault] replica: got 5; allowed: namespace, aws, storage,', 'did you mean replicas?'],
    [
      'in a group',
      { listener: { maxRequestsize: 1 } },
      '[vault] listener.maxRequestsize: got 1; allowed: ',
      'did you mean maxRequestSize?',
    ],
    ['in the configuration', { config: { loglevel: 'info' } }, '[vault] config.loglevel: got "info";', 'did you mean logLevel?'],
    [
      'in a peer',
      { network: { clients: [{ cidrs: '10.0.0.0/8', podLabels: {} }] } },
      '[vault] network.clients[0].cidrs:',
      'did you mean cidr?',
    ],
    ['in an image', { images: { vault: { digset: 'x' } } }, '[vault] images.vault.digset: got "x";', 'did you mean digest?'],
    [
      'in the resources',
      { resources: { request: {}, requests: amounts(), limits: amounts() } },
      '[vault] resources.request:',
      'did you mean requests?',
    ],
  ])('%s', (_, props, start, end) => {
    const found = problems(untyped(props));
    expect(found).toEqual([expect.stringMatching(new RegExp(`^${start.replace(/[[\].]/g, '\\$&')}.*${end.replace('?', '\\?')}$`))]);
  });

  test.each([
    ['init', { ...everyChart.init, pgpKey: [] }, '  [init] pgpKey: got []; allowed: '],
    ['init', { ...everyChart.init, admin: { methods: 'jwt' } }, '  [init] admin.methods: got "jwt"; allowed: method, issuer,'],
    ['init', { ...everyChart.init, outbound: { proxi: 'x' } }, '  [init] outbound.proxi: got "x"; allowed: proxy, ca; did you mean proxy?'],
    ['aws', { ...everyChart.aws, tag: {} }, '  [aws] tag: got {}; allowed: oidcProvider,'],
    ['aws', { ...everyChart.aws, key: { rotation: 1 } }, '  [aws] key.rotation: got 1; allowed: rotationDays,'],
  ])('of %s', (chart, props, message) => {
    expect(outcome({ ...everyChart, [chart]: props })).toContainEqual(expect.stringContaining(message));
  });
});

function amounts() {
  return { cpu: '1', memory: '1Gi', ephemeralStorage: '1Gi' };
}

describe('what is undefined behind a `!` is refused', () => {
  test.each([
    ['the size of the audit volume', { auditStorage: { size: undefined } }, 'auditStorage.size: got nothing;'],
    ['an existing ServiceAccount', { serviceAccount: { existing: undefined } }, 'serviceAccount.existing: got nothing;'],
    ['a label', { podLabels: { team: undefined } }, 'podLabels: got {"team":undefined}; allowed: label keys'],
    ['an annotation', { podAnnotations: { a: undefined } }, 'podAnnotations: got {"a":undefined}; allowed: annotation keys'],
    ['a node label', { placement: { nodeSelector: { a: undefined } } }, 'placement.nodeSelector: got {"a":undefined};'],
    [
      'a DNS name',
      { tls: { certManager: { issuer: { kind: 'Issuer', name: 'ca' }, dnsNames: [undefined] } } },
      'tls.certManager.dnsNames: got [undefined]; allowed: a list',
    ],
    [
      'a proxy',
      { listener: { xForwardedForAuthorizedAddrs: [undefined] } },
      'listener.xForwardedForAuthorizedAddrs: got [undefined]; allowed: a list',
    ],
    ['the ports of a database', { network: { egress: [{ cidr: '10.0.0.0/8' }] } }, 'network.egress[0].ports: got nothing;'],
    ['the name of a sidecar', { sidecars: [{ image: 'x' }] }, 'sidecars[0].name: got nothing;'],
  ])('%s', (_, props, message) => {
    expect(problems(untyped(props))).toContainEqual(expect.stringContaining(`] ${message}`));
  });
});

describe('what the API server would refuse is refused at synth', () => {
  test.each([
    [
      'a variable with two values',
      { env: [{ name: 'A', value: 'x', valueFrom: {} }] },
      'env[0]: got {"name":"A","value":"x","valueFrom":{}}; allowed: either value or valueFrom;',
    ],
    [
      'also in a sidecar',
      { sidecars: [{ name: 's', image: 'x', env: [{ name: 'A', value: 'x', valueFrom: {} }] }] },
      'container s: env[0]: got',
    ],
    [
      'a volume with two sources',
      { volumes: [{ name: 'v', emptyDir: {}, hostPath: { path: '/x' } }] },
      'volumes: got {"name":"v","emptyDir":{},',
    ],
    [
      'port 0 of a sidecar',
      { sidecars: [{ name: 's', image: 'x', ports: [{ containerPort: 0 }] }] },
      'container s: containerPort: got 0; allowed: whole numbers from 1 to 65535;',
    ],
    [
      'a port name that is too long',
      { sidecars: [{ name: 's', image: 'x', ports: [{ name: 'metrics-exporter', containerPort: 9102 }] }] },
      'container s: port name: got "metrics-exporter"; allowed: 1 to 15 characters',
    ],
    [
      'a threshold beyond int32',
      { probes: { liveness: { failureThreshold: 2 ** 40 } } },
      'probes.liveness.failureThreshold: got 1099511627776; allowed: whole numbers from 1 to 2147483647;',
    ],
    [
      'a block that lies outside',
      { network: { clients: [{ cidr: '10.0.0.0/16', except: ['10.1.0.0/24'] }] } },
      'network.clients[0].except: got ["10.1.0.0/24"]; allowed:',
    ],
    ['a number that is none', { replicas: Number.NaN }, 'replicas: got NaN; allowed: whole numbers'],
    [
      'a number that is none, in a list',
      { network: { egress: [{ cidr: '10.0.0.0/8', ports: [Number.NaN] }] } },
      'network.egress[0].ports: got [NaN];',
    ],
    [
      'a key that breaks its map',
      { podLabels: { constructor: 'x' } },
      'podLabels: got {"constructor":"x"}; allowed: label keys with an optional DNS prefix other than "constructor"',
    ],
    ['another', { podLabels: JSON.parse('{"__proto__": "x"}') }, 'podLabels: got {"__proto__":"x"}; allowed: label keys'],
    ['a third, in the configuration', { config: { extra: JSON.parse('{"__proto__": "x"}') } }, 'config.extra'],
  ])('%s', (_, props, message) => {
    expect(problems(untyped(props))).toContainEqual(expect.stringContaining(`] ${message}`));
  });

  test('a key that an object has from birth is a key like others', () => {
    const labels = { toString: 'x' };
    const template = objectsOf(renderServer({ podLabels: labels, config: { extra: { constructor: 'x' } } as never }))['StatefulSet/vault']
      .spec.template;
    expect(Object.entries(template.metadata.labels)).toContainEqual(['toString', 'x']);
  });
});

describe('a proxy whose port the NetworkPolicies keep closed', () => {
  const env = [{ name: 'HTTPS_PROXY', value: 'http://proxy.example.com:3128' }];
  const egress = [{ cidr: '10.0.0.10/32', ports: [3128] }];
  test('is refused, with what opens it', () => {
    expect(problems({ env })).toEqual([
      '[vault] env[0].value: got "http://proxy.example.com:3128"; allowed: proxies on a port that the NetworkPolicies open: 443; add the proxy to network.egress, such as { cidr: "10.0.0.10/32", ports: [3128] }',
    ]);
  });
  test.each<[string, Props]>([
    ['its port is opened', { env, network: { egress } }],
    ['there are no policies', { env, network: 'off' }],
    ['it listens on the port of AWS', { env: [{ name: 'https_proxy', value: 'https://proxy.example.com' }] }],
    ['nothing is set', { env: [{ name: 'HTTPS_PROXY', value: '' }] }],
  ])('is taken where %s', (_, props) => expect(problems(props)).toEqual([]));
});

describe('a string that YAML cannot hold is refused, wherever it comes from', () => {
  // a control character of C1, the next line, a byte order mark, a line separator and half a surrogate pair
  test.each(['\u009b', '\u0085', '\ufeff', '\u2028', '\ud800'])('%j', character => {
    const shown = /a(\\u[0-9a-f]{4})b/;
    const [inAnnotation = ''] = problems({ podAnnotations: { note: `a${character}b` } });
    expect(inAnnotation).toMatch(
      /^\[vault\/statefulset\] spec\.template\.metadata\.annotations\.note: got .*; allowed: strings without control characters/,
    );
    expect(inAnnotation).toMatch(shown);
    expect(problems({ config: { clusterName: `a${character}b` } })).toEqual([
      expect.stringMatching(/^\[vault\] config\.clusterName: got /),
    ]);
    const app = new KustomizeApp();
    const chart = new Chart(app, 'own');
    new ApiObject(chart, 'map', { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'x' }, data: { [`a${character}b`]: 'c' } });
    expect(problemsOf(() => app.render())).toEqual([expect.stringMatching(/^\[own\/map\] data, a key: got /)]);
  });

  test('several lines are fine', () => {
    expect(problems({ podAnnotations: { note: 'one\n\ttwo' } })).toEqual([]);
  });
});

test('a name that is too long for the ids of CloudFormation', () => {
  const storage = { table: `t${'x'.repeat(250)}` };
  expect(outcome({ vault: { ...everyChart.vault, storage }, aws: { ...everyChart.aws, backup: 'off' } })).toEqual([
    expect.stringMatching(/^ {2}\[aws\] table: got "txxx.*; allowed: names of about 235 letters and digits/),
  ]);
});

test('the longest name that is taken gives ids of CloudFormation that it takes', () => {
  const made = (length: number) => {
    const storage = { table: `t${'x'.repeat(length - 1)}` };
    return outcome({ vault: { ...everyChart.vault, storage }, aws: { ...everyChart.aws, backup: 'off' } });
  };
  const longest = Array.from({ length: 255 }, (_, index) => 255 - index).find(length => made(length) instanceof Map) ?? 0;
  expect(longest).toBeGreaterThan(200);
  const text = (made(longest) as ReadonlyMap<string, string>).get('aws/cloudformation.yaml') ?? '';
  const { Resources: resources, Outputs: outputs } = yaml(text);
  expect(Math.max(...[...Object.keys(resources), ...Object.keys(outputs)].map(id => id.length))).toBe(255);
});

test('so many recovery keys that counting them would take all memory are refused at once', () => {
  expect(
    outcome({ ...everyChart, init: { ...everyChart.init, pgpKeys: undefined, recoveryShares: 2 ** 31 - 1, recoveryThreshold: 2 } }),
  ).toContainEqual(expect.stringContaining('[init] recoveryShares: got 2147483647; allowed: whole numbers from 1 to 255;'));
});
