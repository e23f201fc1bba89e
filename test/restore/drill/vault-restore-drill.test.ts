import { parse } from '@cdktn/hcl2json';
import { describe, expect, test } from '@jest/globals';
import {
  AwsResources,
  KustomizeApp,
  VaultRestoreDrill,
  type VaultRestoreDrillProps,
  VaultServer,
  type VaultServerProps,
} from '../../../charts';
import { danglingReferences, schemaErrors } from '../../support/cluster-rules';
import { type Manifest, minimal, objectsOf, problemsOf, yaml } from '../../support/render';
import { everyDrillProp } from './all-props';

type Props = Omit<VaultRestoreDrillProps, 'vault'>;
const least: Props = { databases: [{ host: 'orders.example.com', port: 5432 }], canary: 'kv/data/canary' };

function make(props: Partial<Props> = {}, server: Partial<VaultServerProps> = {}) {
  const app = new KustomizeApp();
  const vault = new VaultServer(app, 'vault', { ...minimal, ...server });
  const drill = new VaultRestoreDrill(app, 'drill', { vault, ...least, ...props });
  return { app, drill };
}
const objects = (props: Partial<Props> = {}, server: Partial<VaultServerProps> = {}) => objectsOf(make(props, server).app.render());
const table = 'arn:aws:dynamodb:eu-west-1:123456789012:table/vault-data';

describe('the drill', () => {
  test.each([
    ['with the least', {}],
    ['with all props', everyDrillProp],
  ])('is what Kubernetes takes, %s', (_, props) => {
    const all = objects(props);
    for (const object of Object.values(all)) expect(schemaErrors(object)).toEqual([]);
    expect(danglingReferences(Object.values(all))).toEqual([]);
  });

  test('runs by hand, or by its clock', () => {
    expect(objects()['CronJob/vault-drill'].spec.suspend).toBe(true);
    expect(objects({ schedule: { cron: '0 4 * * 0' } })['CronJob/vault-drill'].spec).toMatchObject({
      schedule: '0 4 * * 0',
      concurrencyPolicy: 'Forbid',
    });
  });

  test('may scale its own Vault, look at pods, and nothing else', () => {
    expect(objects()['Role/vault-drill'].rules.slice(2)).toEqual([
      { apiGroups: ['coordination.k8s.io'], resources: ['leases'], verbs: ['get', 'update'], resourceNames: ['vault-drill'] },
      { apiGroups: ['apps'], resources: ['deployments/scale'], verbs: ['get', 'update'], resourceNames: ['vault-drill-server'] },
      { apiGroups: [''], resources: ['pods'], verbs: ['list'] },
    ]);
  });
});

describe('its Vault can hurt nobody', () => {
  const deployment = (props: Partial<Props> = {}) => objects(props)['Deployment/vault-drill-server'];

  test('it is not there until a drill asks for it', () => {
    expect(deployment().spec.replicas).toBe(0);
  });

  test('its role reaches the copy and the unseal key, and the Job’s deletes the copy alone', () => {
    const { drill } = make();
    expect(drill.serverRole.statements()).toEqual([
      {
        sid: 'Scratch',
        actions: ['DescribeTable', 'GetItem', 'Query', 'BatchWriteItem', 'UpdateItem', 'DeleteItem'].map(action => `dynamodb:${action}`),
        resources: [`${table}-drill-scratch`],
      },
      {
        sid: 'Unseal',
        actions: ['kms:Encrypt', 'kms:Decrypt', 'kms:DescribeKey'],
        resources: ['arn:aws:kms:eu-west-1:123456789012:key/*'],
        conditions: { 'ForAnyValue:StringEquals': { 'kms:ResourceAliases': ['alias/vault-unseal'] } },
      },
    ]);
    const of = (action: string) =>
      drill.role
        ?.statements()
        .filter(({ actions }) => actions.includes(action))
        .flatMap(({ resources }) => resources);
    expect([of('dynamodb:DeleteTable'), of('dynamodb:BatchWriteItem')]).toEqual([[`${table}-drill-scratch`], [`${table}-drill-scratch`]]);
  });

  test('no Service selects it, and no policy of production admits it', () => {
    const all = Object.values(objects());
    const { labels } = deployment().spec.template.metadata;
    const selects = (selector: Manifest) => Object.entries(selector).every(([key, value]) => labels[key] === value);
    expect(all.filter(({ kind, spec }) => kind === 'Service' && selects(spec.selector))).toEqual([]);
    const admitting = all.filter(
      ({ kind, spec }) =>
        kind === 'NetworkPolicy' &&
        (spec.ingress ?? []).some(({ from = [] }: Manifest) =>
          from.some(({ podSelector }: Manifest) => podSelector && selects(podSelector.matchLabels ?? {})),
        ),
    );
    expect(admitting.map(({ metadata }) => metadata.name)).toEqual([]);
  });

  test('it goes out on 443 and to DNS', () => {
    const { egress, policyTypes } = objects()['NetworkPolicy/vault-drill-server'].spec;
    const out: number[] = egress.flatMap((rule: Manifest) => rule.ports.map(({ port }: Manifest) => port));
    expect([policyTypes, [...new Set(out)]]).toEqual([
      ['Ingress', 'Egress'],
      [53, 443],
    ]);
  });

  test('its guard holds every database and production’s own Vault against it', () => {
    const plan = JSON.parse(objects()['ConfigMap/vault-drill-server-guard-program'].data['plan.json']);
    expect(plan.targets).toEqual([
      { what: 'the database', host: 'orders.example.com', port: 5432 },
      { what: 'the Vault of production', host: 'vault-active.vault.svc', port: 8200 },
    ]);
    const [guard] = deployment().spec.template.spec.initContainers;
    expect(guard.command).toEqual(['node', '/program/restore/drill/program/guard-main.mts']);
  });

  test('its configuration: the copy, no lock, no service registration; audit devices write into folders that go with the pod', async () => {
    const hcl = await parse('vault.hcl', objects()['ConfigMap/vault-drill-server-config'].data['vault.hcl']);
    expect(hcl).toEqual({
      disable_mlock: true,
      storage: { dynamodb: [{ table: 'vault-data-drill-scratch', region: 'eu-west-1', ha_enabled: 'false' }] },
      seal: { awskms: [{ kms_key_id: 'alias/vault-unseal', region: 'eu-west-1' }] },
      listener: { tcp: [{ address: '[::]:8200', tls_cert_file: '/vault/tls/tls.crt', tls_key_file: '/vault/tls/tls.key' }] },
    });
    const { volumes, containers } = deployment().spec.template.spec;
    expect(volumes.find(({ name }: Manifest) => name === 'audit-0')).toHaveProperty('emptyDir');
    expect(containers[0].volumeMounts).toContainEqual({ name: 'audit-0', mountPath: '/vault/audit' });
  });

  test('where production has endpoints of its own, it uses them', async () => {
    const server = {
      storage: { table: 'vault-data', endpoint: 'https://dynamodb.example.com' },
      seal: { kmsKeyId: 'alias/vault-unseal', endpoint: 'https://kms.example.com' },
    };
    const { storage, seal } = await parse('vault.hcl', objects({}, server)['ConfigMap/vault-drill-server-config'].data['vault.hcl']);
    expect([storage.dynamodb[0].endpoint, seal.awskms[0].endpoint]).toEqual(['https://dynamodb.example.com', 'https://kms.example.com']);
  });

  test('it may ask whose a token is only where the login needs it', () => {
    const binding = 'ClusterRoleBinding/vault-vault-drill-server-auth-delegator';
    expect(objects()).toHaveProperty([binding]);
    expect(objects({ login: { type: 'jwt' } })).not.toHaveProperty([binding]);
  });
});

test('a key that denies decrypting to others spares the drill’s Vault, and AWS Backup gets a role that restores into the copy alone', () => {
  const { app } = make();
  new AwsResources(app, 'aws', { oidcProvider: 'oidc.eks.eu-west-1.amazonaws.com/id/EXAMPLE', key: { restrictAccess: true } });
  const files = app.render();
  const { Resources: resources } = yaml(files.get('aws/cloudformation.yaml'));
  const key = Object.values<Manifest>(resources).find(({ Type }) => Type === 'AWS::KMS::Key');
  const denied = key.Properties.KeyPolicy.Statement.find(({ Sid }: Manifest) => Sid === 'OnlyVault');
  expect(denied.Condition.ArnNotEquals['aws:PrincipalArn']).toEqual([
    'arn:aws:iam::123456789012:role/vault-drill-server',
    'arn:aws:iam::123456789012:role/vault-server',
  ]);
  const policy = JSON.parse(files.get('aws/iam/vault-data-drill-restore.policy.json') ?? '{}');
  expect(policy.Statement.flatMap(({ Resource }: Manifest) => Resource)).toEqual([
    `${table}-drill-scratch`,
    `${table}/backup/*`,
    `${table}-drill-scratch`,
  ]);
});

describe('what is wrong is refused', () => {
  test.each<readonly [string, Partial<Props>, string]>([
    [
      'no database',
      { databases: [] },
      'databases: got []; allowed: a list of one database or more; name one that Vault has credentials of',
    ],
    [
      'a database on 443',
      { databases: [{ host: 'db.example.com', port: 443 }] },
      'databases[0].port: got 443; allowed: any other port; the drill’s Vault reaches AWS on 443',
    ],
    ['a database without a name', { databases: [{ host: 'a b', port: 5432 }] }, 'databases[0].host: got "a b"; allowed: DNS names'],
    ['a canary that is no path', { canary: 'canary' }, 'canary: got "canary"; allowed: paths of Vault’s API below a mount'],
    ['a login of another type', { login: { type: 'aws' as never } }, 'login.type: got "aws"; allowed: "kubernetes", "jwt"'],
    ['a time that is none', { schedule: { cron: 'weekly' } }, 'schedule.cron: got "weekly"; allowed: times of a CronJob'],
    [
      'too little memory',
      {
        serverResources: {
          requests: { cpu: '1', memory: '2Gi', ephemeralStorage: '1Gi' },
          limits: { memory: '1Gi', ephemeralStorage: '1Gi' },
        },
      },
      'serverResources.requests.memory: got "2Gi"; allowed: at most serverResources.limits.memory (1Gi)',
    ],
  ])('%s', (_, props, message) => {
    expect(problemsOf(() => make(props).app.render())).toEqual([expect.stringContaining(`[drill] ${message}`)]);
  });

  test('a key that another role uses', () => {
    const seal = {
      kmsKeyId: 'arn:aws:kms:eu-west-1:210987654321:key/1234abcd-12ab-34cd-56ef-1234567890ab',
      roleArn: 'arn:aws:iam::210987654321:role/unseal',
    };
    expect(problemsOf(() => make({}, { seal }).app.render())).toEqual([
      expect.stringContaining(
        '[drill] vault.unsealKey.roleArn: got "arn:aws:iam::210987654321:role/unseal"; allowed: a key that the servers use by their own role;',
      ),
    ]);
  });

  test('a name that is too long', () => {
    expect(problemsOf(() => make({}, { name: 'v'.repeat(39) }).app.render())).toEqual([
      expect.stringContaining('allowed: at most 38 characters with a drill'),
    ]);
  });
});
