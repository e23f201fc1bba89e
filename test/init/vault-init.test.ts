import { describe, expect, test } from '@jest/globals';
import { Custody, KustomizeApp, VaultInit, type VaultInitProps, VaultServer, type VaultServerProps } from '../../charts';
import { danglingReferences, schemaErrors } from '../support/cluster-rules';
import { minimal, objectsOf } from '../support/render';

function make(props: Partial<VaultInitProps> = {}, server: Partial<VaultServerProps> = {}) {
  const app = new KustomizeApp();
  const vault = new VaultServer(app, 'vault', { ...minimal, ...server });
  const init = new VaultInit(app, 'init', { vault, custody: Custody.secretsManager('vault/recovery'), ...props });
  return { app, vault, init };
}
const objects = (props: Partial<VaultInitProps> = {}) => objectsOf(make(props).app.render());
const env = (props: Partial<VaultInitProps> = {}) =>
  Object.fromEntries(
    objects(props)['Job/vault-init'].spec.template.spec.containers[0].env.map(({ name, value }: { name: string; value: string }) => [
      name,
      value,
    ]),
  );

const every: Required<Omit<VaultInitProps, 'vault'>> = {
  custody: Custody.secretsManager('arn:aws:secretsmanager:eu-west-1:123456789012:secret:vault/recovery-AbCdEf', {
    kmsKey: '1234abcd-12ab-34cd-56ef-1234567890ab',
  }),
  rootToken: 'custody',
  adopt: true,
  role: 'keeper-of-keys',
  image: 'registry.example.com/aws-cli:2',
  resources: { requests: { cpu: '1', memory: '1Gi', ephemeralStorage: '1Gi' }, limits: { memory: '1Gi', ephemeralStorage: '1Gi' } },
};

describe('the init Job', () => {
  const all = objects();
  const job = all['Job/vault-init'];
  const pod = job.spec.template.spec;

  test('goes to the first server, never to a Service that balances', () => {
    expect(env()['VAULT_ADDR']).toBe('https://vault-0.vault-internal.$(NAMESPACE).svc:8200');
  });

  test('keeps the only copy of the keys in memory that outlives the container, and is not taken away', () => {
    expect(pod.volumes).toContainEqual({ name: 'keys', emptyDir: { medium: 'Memory', sizeLimit: '16Mi' } });
    expect(pod.restartPolicy).toBe('OnFailure');
    expect(job.spec).toMatchObject({ backoffLimit: 2147483647 });
    expect([job.spec.activeDeadlineSeconds, job.spec.ttlSecondsAfterFinished]).toEqual([undefined, undefined]);
    expect(job.spec.template.metadata.annotations).toEqual({
      'cluster-autoscaler.kubernetes.io/safe-to-evict': 'false',
      'karpenter.sh/do-not-disrupt': 'true',
    });
    expect(job.metadata.annotations).toEqual({
      'argocd.argoproj.io/sync-options': 'Prune=false',
      'kustomize.toolkit.fluxcd.io/prune': 'disabled',
    });
    expect(all['PodDisruptionBudget/vault-init'].spec).toMatchObject({
      minAvailable: 1,
      selector: { matchLabels: job.spec.template.metadata.labels },
    });
  });

  test('sees the authority of the certificate, not its key', () => {
    expect(pod.volumes).toContainEqual({
      name: 'ca',
      secret: { secretName: 'vault-tls', defaultMode: 0o444, items: [{ key: 'ca.crt', path: 'ca.crt' }] },
    });
  });

  test('is admitted by the servers, and reaches them, DNS and AWS alone', () => {
    expect(all['NetworkPolicy/vault-init-servers'].spec.ingress).toEqual([
      { from: [{ podSelector: { matchLabels: job.spec.template.metadata.labels } }], ports: [{ port: 8200, protocol: 'TCP' }] },
    ]);
    expect(all['NetworkPolicy/vault-init'].spec).toMatchObject({ policyTypes: ['Ingress', 'Egress'] });
    expect(all['NetworkPolicy/vault-init'].spec.ingress).toBeUndefined();
  });

  test('lets Vault ask the cluster whose a token is', () => {
    expect(all['ClusterRoleBinding/vault-vault-auth-delegator']).toMatchObject({
      roleRef: { kind: 'ClusterRole', name: 'system:auth-delegator' },
      subjects: [{ kind: 'ServiceAccount', name: 'vault', namespace: 'vault' }],
    });
    expect(all['ClusterRoleBinding/vault-vault-auth-delegator'].metadata.namespace).toBeUndefined();
  });

  test('makes an admin path for the configuration Job, which reads no secrets and no raw storage', () => {
    const files = all['ConfigMap/vault-init-script'].data;
    expect(JSON.parse(files['admin-role.json'])).toMatchObject({
      audience: 'vault',
      bound_service_account_names: ['vault-configuration'],
      token_policies: ['vault-admin'],
    });
    expect(files['admin.hcl']).not.toMatch(/^path "(sys\/raw|\*|\+\/data)/m);
    expect(make().init.admin).toEqual({
      mount: 'kubernetes',
      role: 'vault-admin',
      serviceAccount: 'vault-configuration',
      audience: 'vault',
    });
  });

  test.each<[string, Partial<VaultInitProps>]>([
    ['the smallest props', {}],
    ['every prop', every],
  ])('with %s is what Kubernetes knows and refers to nothing that is not there', (_, props) => {
    const rendered = Object.values(objects(props));
    expect(rendered.flatMap(schemaErrors)).toEqual([]);
    expect(danglingReferences(rendered)).toEqual([]);
  });

  test('does as it is told', () => {
    expect([env()['ROOT_TOKEN'], env()['ADOPT'], env(every)['ROOT_TOKEN'], env(every)['ADOPT']]).toEqual([
      'revoke',
      'no',
      'custody',
      'yes',
    ]);
    const container = objects(every)['Job/vault-init'].spec.template.spec.containers[0];
    expect([container.image, container.resources.limits.memory]).toEqual(['registry.example.com/aws-cli:2', '1Gi']);
  });
});

describe('custody in Secrets Manager', () => {
  test('is a role of its own, which writes and describes the secret and never reads it', () => {
    const { init, vault } = make();
    expect(init.role.arn).toBe('arn:aws:iam::123456789012:role/vault-init');
    expect(init.role.statements).toEqual([
      {
        sid: 'Custody',
        actions: ['secretsmanager:DescribeSecret', 'secretsmanager:PutSecretValue'],
        resources: ['arn:aws:secretsmanager:eu-west-1:123456789012:secret:vault/recovery-??????'],
      },
    ]);
    expect(JSON.stringify(vault.role.statements)).not.toContain('secretsmanager');
  });

  test('may use the key of the secret, where it has one', () => {
    expect(make(every).init.role.statements[1]).toEqual({
      sid: 'CustodyKey',
      actions: ['kms:Decrypt', 'kms:GenerateDataKey'],
      resources: ['arn:aws:kms:eu-west-1:123456789012:key/1234abcd-12ab-34cd-56ef-1234567890ab'],
    });
  });

  test.each([
    [
      'the unseal key',
      Custody.secretsManager('x', { kmsKey: 'alias/vault-unseal' }),
      'custody: kmsKey: got "alias/vault-unseal"; allowed: another key than the unseal key;',
    ],
    [
      'a secret elsewhere',
      Custody.secretsManager('arn:aws:secretsmanager:us-east-1:123456789012:secret:x-AbCdEf'),
      'allowed: secrets in region eu-west-1 of account 123456789012; correct the ARN',
    ],
    ['a name that is none', Custody.secretsManager('a b'), 'custody: secret: got "a b"; allowed: names of secrets:'],
  ])('%s is refused', (_, custody, message) => {
    expect(() => make({ custody }).app.render()).toThrow(message);
  });
});
