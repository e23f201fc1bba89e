import { describe, expect, test } from '@jest/globals';
import { Custody, KustomizeApp, VaultInit, type VaultInitProps, VaultServer } from '../../charts';
import type { EncryptedProps, RevokedRootProps } from '../../charts/init/vault-init-props';
import { danglingReferences, schemaErrors } from '../support/cluster-rules';
import { type Manifest, minimal, objectsOf } from '../support/render';

/** One of the kinds of props, less what the test makes itself. */
type Props = Partial<Omit<RevokedRootProps, 'vault' | 'rootTokenPgpKey'>> | Omit<EncryptedProps, 'vault'>;

function make(props: Props = {}) {
  const app = new KustomizeApp();
  const vault = new VaultServer(app, 'vault', minimal);
  const init = new VaultInit(app, 'init', { vault, custody: Custody.secretsManager('vault/recovery'), ...props } as VaultInitProps);
  return { app, vault, init };
}
const objects = (props: Props = {}) => objectsOf(make(props).app.render());
const env = (props: Props = {}) =>
  Object.fromEntries(
    objects(props)['Job/vault-init'].spec.template.spec.containers[0].env.map(({ name, value }: { name: string; value: string }) => [
      name,
      value,
    ]),
  );

/** What the Job writes to Vault with the root token, by path. */
const writes = (props: Props = {}): Record<string, Manifest> =>
  Object.fromEntries(
    JSON.parse(objects(props)['ConfigMap/vault-init-script'].data['writes.json']).map(({ path, body }: Manifest) => [path, body]),
  );
const request = (props: Props = {}) => JSON.parse(objects(props)['ConfigMap/vault-init-script'].data['request.json']);

const pgpKey = Buffer.concat([Buffer.from([0x99]), Buffer.alloc(200, 7)]).toString('base64');

const every: Required<Omit<RevokedRootProps, 'vault' | 'rootTokenPgpKey'>> = {
  recoveryShares: 3,
  recoveryThreshold: 2,
  pgpKeys: [pgpKey, pgpKey, pgpKey],
  admin: {
    method: 'jwt',
    issuer: 'https://oidc.eks.eu-west-1.amazonaws.com/id/EXAMPLE',
    people: ['arn:aws:iam::123456789012:role/platform'],
  },
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
    const written = writes();
    expect(written['auth/kubernetes/role/vault-admin']).toMatchObject({
      audience: 'vault',
      bound_service_account_names: ['vault-configuration'],
      bound_service_account_namespaces: ['$NAMESPACE'],
      token_policies: ['vault-admin'],
    });
    expect(written['sys/policies/acl/vault-admin'].policy).not.toMatch(/^path "(sys\/raw|\*|\+\/data)/m);
    expect(make().init.admin).toEqual({
      mount: 'kubernetes',
      role: 'vault-admin',
      serviceAccount: 'vault-configuration',
      audience: 'vault',
    });
  });

  test.each<[string, Props]>([
    ['the smallest props', {}],
    ['every prop', every],
    ['a Kubernetes Secret', { custody: Custody.kubernetesSecret('recovery') }],
    ['everything encrypted', { custody: Custody.log(), pgpKeys: [pgpKey], rootTokenPgpKey: pgpKey }],
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
    expect(init.role?.arn).toBe('arn:aws:iam::123456789012:role/vault-init');
    expect(init.role?.statements()).toEqual([
      {
        sid: 'Custody',
        actions: ['secretsmanager:DescribeSecret', 'secretsmanager:PutSecretValue'],
        resources: ['arn:aws:secretsmanager:eu-west-1:123456789012:secret:vault/recovery-??????'],
      },
    ]);
    expect(JSON.stringify(vault.role.statements())).not.toContain('secretsmanager');
  });

  test('may use the key of the secret, where it has one', () => {
    expect(make(every).init.role?.statements()[1]).toEqual({
      sid: 'CustodyKey',
      actions: ['kms:Decrypt', 'kms:GenerateDataKey'],
      resources: ['arn:aws:kms:eu-west-1:123456789012:key/1234abcd-12ab-34cd-56ef-1234567890ab'],
      conditions: { StringEquals: { 'kms:ViaService': ['secretsmanager.eu-west-1.amazonaws.com'] } },
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
      'allowed: whole ARNs of secrets in region eu-west-1 of account 123456789012; write the name, or the ARN with',
    ],
    [
      'a secret of another partition',
      Custody.secretsManager('arn:aws-cn:secretsmanager:eu-west-1:123456789012:secret:x-AbCdEf'),
      'allowed: whole ARNs of secrets in region eu-west-1 of account 123456789012;',
    ],
    [
      'an ARN without its last six characters',
      Custody.secretsManager('arn:aws:secretsmanager:eu-west-1:123456789012:secret:recovery'),
      'allowed: whole ARNs of secrets in region eu-west-1 of account 123456789012;',
    ],
    [
      'a key elsewhere',
      Custody.secretsManager('x', { kmsKey: 'arn:aws:kms:us-east-1:123456789012:key/1234abcd-12ab-34cd-56ef-1234567890ab' }),
      'allowed: keys in eu-west-1; correct the ARN',
    ],
    ['a key that is none', Custody.secretsManager('x', { kmsKey: 'my key' }), 'custody: kmsKey: got "my key"; allowed: a key id,'],
    ['a name that is none', Custody.secretsManager('a b'), 'custody: secret: got "a b"; allowed: names of secrets:'],
    ['an alias for its key', Custody.secretsManager('x', { kmsKey: 'alias/custody' }), 'allowed: key ids and key ARNs;'],
    ['one secret for two keys', Custody.secretsManager(['x', 'x']), 'custody: secret: got "x"; allowed: each secret once;'],
    ['no secret', Custody.secretsManager([]), 'custody: secrets: got []; allowed: a secret, or one for each key;'],
    ['a Secret whose name is none', Custody.kubernetesSecret('A'), 'custody: kubernetesSecret: got "A"; allowed: DNS names'],
  ])('%s is refused', (_, custody, message) => {
    expect(() => make({ custody }).app.render()).toThrow(message);
  });
});

describe('the other places of custody', () => {
  test('a Kubernetes Secret is created and never read, without a role in AWS', () => {
    const props = { custody: Custody.kubernetesSecret('recovery') };
    expect(make(props).init.role).toBeUndefined();
    expect(objects(props)['Role/vault-init'].rules).toEqual([
      { apiGroups: ['coordination.k8s.io'], resources: ['leases'], verbs: ['create'] },
      { apiGroups: ['coordination.k8s.io'], resources: ['leases'], resourceNames: ['vault-changes'], verbs: ['get', 'update'] },
      { apiGroups: [''], resources: ['secrets'], verbs: ['create'] },
    ]);
  });

  test('one secret for each recovery key: as many keys, more than half of them needed, and all of them written', () => {
    const props = { custody: Custody.secretsManager(['a', 'b', 'c']) };
    expect(request(props)).toEqual({ recovery_shares: 3, recovery_threshold: 2 });
    expect(env(props)['CUSTODY_SECRETS']).toBe('a b c');
    expect(make(props).init.role?.statements()[0]?.resources).toHaveLength(3);
  });

  test('the log takes ciphertext alone', () => {
    // @ts-expect-error clear keys in a log are lost keys
    const clear: VaultInitProps = { vault: make().vault, custody: Custody.log() };
    // @ts-expect-error nor may the root token stand there
    const half: VaultInitProps = { vault: make().vault, custody: Custody.log(), pgpKeys: [pgpKey] };
    expect([clear, half]).toHaveLength(2);
    const props = { custody: Custody.log(), pgpKeys: [pgpKey, pgpKey], rootTokenPgpKey: pgpKey };
    expect(request(props)).toEqual({
      recovery_shares: 2,
      recovery_threshold: 2,
      recovery_pgp_keys: [pgpKey, pgpKey],
      root_token_pgp_key: pgpKey,
    });
  });
});

describe('the keys', () => {
  test.each<[string, Props, string]>([
    ['several in one place', { recoveryShares: 3 }, 'recoveryShares: got 3; allowed: 1 where all lie in one place;'],
    ['none', { recoveryShares: 0 }, 'recoveryShares: got 0; allowed: whole numbers from 1 to 255;'],
    ['more than PGP keys', { recoveryShares: 3, pgpKeys: [pgpKey] }, 'recoveryShares: got 3; allowed: the number of pgpKeys, 1;'],
    [
      'more than secrets',
      { recoveryShares: 3, custody: Custody.secretsManager(['a', 'b']) },
      'recoveryShares: got 3; allowed: the number of secrets in custody, 2;',
    ],
    [
      'a threshold that Vault refuses',
      { recoveryThreshold: 1, custody: Custody.secretsManager(['a', 'b']) },
      'recoveryThreshold: got 1; allowed: whole numbers from 2 to 2; Vault takes 2 to 2 with 2 recovery keys',
    ],
    ['a PGP key that is armored', { pgpKeys: ['-----BEGIN'] }, 'pgpKeys[0]: got "-----BEGIN"; allowed: base64 of a binary PGP public key;'],
    [
      'a PGP key for the root token that is none',
      { custody: Custody.kubernetesSecret('x'), pgpKeys: [pgpKey], rootTokenPgpKey: 'x' },
      'rootTokenPgpKey: got "x"; allowed: base64 of a binary PGP public key;',
    ],
    [
      'a root token beside split keys',
      { rootToken: 'custody', custody: Custody.secretsManager(['a', 'b']) },
      'rootToken: got "custody"; allowed: custody in one secret;',
    ],
    ['a root token elsewhere', { rootToken: 'burn' as never }, 'rootToken: got "burn"; allowed: "revoke", "custody";'],
    [
      'a role that does nothing',
      { custody: Custody.kubernetesSecret('x'), role: 'r' },
      'role: got "r"; allowed: nothing with custody outside AWS; leave it out: the Job calls no AWS',
    ],
    ['an adoption that is none', { adopt: 'no' as never }, 'adopt: got "no"; allowed: true, false;'],
    ['people who are no roles', { admin: { people: ['alice'] } }, 'admin.people: got ["alice"]; allowed: a list that is not empty'],
    [
      'an issuer that is none',
      { admin: { method: 'jwt', issuer: 'oidc.eks' } },
      'admin.issuer: got "oidc.eks"; allowed: https URLs; write the issuer of the cluster',
    ],
  ])('%s: refused', (_, props, message) => {
    expect(() => make(props).app.render()).toThrow(message);
  });
});

describe('the admin path', () => {
  test('by the keys of the cluster’s issuer, without asking the cluster', () => {
    const written = writes(every);
    expect(written['auth/jwt/config']).toEqual({
      oidc_discovery_url: 'https://oidc.eks.eu-west-1.amazonaws.com/id/EXAMPLE',
      bound_issuer: 'https://oidc.eks.eu-west-1.amazonaws.com/id/EXAMPLE',
    });
    expect(written['auth/jwt/role/vault-admin']).toMatchObject({
      role_type: 'jwt',
      bound_audiences: ['vault'],
      bound_subject: 'system:serviceaccount:$NAMESPACE:vault-configuration',
    });
    expect(Object.keys(objects(every)).filter(name => name.startsWith('ClusterRoleBinding/'))).toEqual([]);
    expect(env(every)['LOGIN']).toBe('auth/jwt/login');
  });

  test('for people by their IAM roles', () => {
    expect(writes(every)['auth/aws/role/vault-admin']).toMatchObject({
      auth_type: 'iam',
      bound_iam_principal_arn: ['arn:aws:iam::123456789012:role/platform'],
      token_policies: ['vault-admin'],
    });
  });

  test('is nobody’s to make where the root token is encrypted', () => {
    // @ts-expect-error the Job could not make it
    const props: VaultInitProps = { vault: make().vault, custody: Custody.kubernetesSecret('x'), rootTokenPgpKey: pgpKey, admin: {} };
    expect(props).toBeDefined();
    const encrypted = { custody: Custody.log(), pgpKeys: [pgpKey], rootTokenPgpKey: pgpKey };
    expect(make(encrypted).init.admin).toBeUndefined();
    expect(objects(encrypted)['ConfigMap/vault-init-script'].data['writes.json']).toBeUndefined();
    expect(env(encrypted)['ROOT_TOKEN']).toBe('encrypted');
  });
});
