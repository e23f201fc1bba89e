import { describe, expect, test } from '@jest/globals';
import { Custody, KustomizeApp, VaultInit, type VaultInitProps, VaultServer } from '../../charts';
import type { InitPlan } from '../../charts/init/plan';
import type { EncryptedProps, RevokedRootProps } from '../../charts/init/vault-init-props';
import { danglingReferences, schemaErrors } from '../support/cluster-rules';
import { runMounted } from '../support/mounted-program';
import { type Manifest, minimal, objectsOf } from '../support/render';
import { everyInitProp, pgpKey } from './all-props';

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

const plan = (props: Props = {}): InitPlan => JSON.parse(objects(props)['ConfigMap/vault-init-program'].data['plan.json']);

/** What the Job writes to Vault with the root token, by path. */
const writes = (props: Props = {}): Record<string, Manifest> =>
  Object.fromEntries(plan(props).writes.map(({ path, body }) => [path, body]));
const request = (props: Props = {}) => plan(props).request;

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
    const kept = {
      'argocd.argoproj.io/compare-options': 'IgnoreExtraneous',
      'argocd.argoproj.io/sync-options': 'Prune=false',
      'kustomize.toolkit.fluxcd.io/prune': 'disabled',
    };
    expect(all['ConfigMap/vault-init-program'].metadata.annotations).toEqual(kept);
    expect(job.metadata.annotations).toEqual({ ...kept, 'cdk8s-vault/keys': plan({}).keys });
  });

  test('blocks no drain for longer than it holds them: it makes its budget itself, and takes it away', () => {
    expect(all['PodDisruptionBudget/vault-init']).toBeUndefined();
    expect(job.spec.template.metadata.annotations).toBeUndefined();
    expect(all['Role/vault-init'].rules).toEqual(
      expect.arrayContaining([
        { apiGroups: ['policy'], resources: ['poddisruptionbudgets'], verbs: ['create'] },
        { apiGroups: ['policy'], resources: ['poddisruptionbudgets'], resourceNames: ['vault-init'], verbs: ['get', 'delete'] },
      ]),
    );
  });

  test('is among the last to be evicted: Guaranteed', () => {
    const { resources } = pod.containers[0];
    expect(resources.requests).toEqual(resources.limits);
  });

  test('keeps its identity for a day after it was deleted', () => {
    const tokens = pod.volumes
      .flatMap((volume: Manifest) => volume.projected?.sources ?? [])
      .flatMap((source: Manifest) => source.serviceAccountToken ?? []);
    expect(tokens.map(({ expirationSeconds }: Manifest) => expirationSeconds)).toEqual([86400, 86400]);
    expect(all['ServiceAccount/vault-init'].metadata.annotations).toMatchObject({ 'eks.amazonaws.com/token-expiration': '86400' });
    expect(pod.terminationGracePeriodSeconds).toBe(86400);
    expect(make().init.role?.maxSessionSeconds).toBe(43200);
  });

  test('runs in Node.js 24 as its pod mounts it', async () => {
    for (const props of [{}, everyInitProp]) {
      const rendered = objects(props);
      // every module was loaded, and the first thing that is missing here is named
      expect(await runMounted(rendered, 'vault-init')).toBe(
        'init: the environment variable NAMESPACE is missing: it stands in the Job that was rendered\n',
      );
    }
    // Node.js may have to be fetched first
  }, 120_000);

  test('stays small enough for a diff and for a ConfigMap', () => {
    // kubectl keeps the last applied text in an annotation, and Kubernetes allows 256 KiB of those
    expect(JSON.stringify(all['ConfigMap/vault-init-program']).length).toBeLessThan(128 * 1024);
  });

  test('sees the authority of the certificate, not its key', () => {
    expect(pod.volumes).toContainEqual({
      name: 'ca',
      projected: {
        defaultMode: 0o444,
        sources: [
          { secret: { name: 'vault-tls', items: [{ key: 'tls.crt', path: 'tls.crt' }] } },
          { secret: { name: 'vault-tls', items: [{ key: 'ca.crt', path: 'ca.crt' }], optional: true } },
        ],
      },
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
      token_policies: ['vault-admin', 'vault-configuration'],
    });
    // nothing that could be a secret's path in an engine, whatever its mount is called
    const paths = [...written['sys/policies/acl/vault-admin'].policy.matchAll(/^path "([^"]*)"/gm)].map(([, path]) => path.split('/')[0]);
    expect([...new Set(paths)]).toEqual(['sys', 'auth', 'identity']);
    expect(written['sys/policies/acl/vault-admin'].policy).not.toMatch(/^path "sys\/(raw|\*)/m);
    expect(make().init.admin).toEqual({
      mount: 'kubernetes',
      role: 'vault-admin',
      serviceAccount: 'vault-configuration',
      audience: 'vault',
    });
  });

  test.each<[string, Props]>([
    ['the smallest props', {}],
    ['every prop', everyInitProp],
    ['a Kubernetes Secret', { custody: Custody.kubernetesSecret('recovery') }],
    ['everything encrypted', { custody: Custody.log(), pgpKeys: [pgpKey(1)], rootTokenPgpKey: pgpKey(2) }],
  ])('with %s is what Kubernetes knows and refers to nothing that is not there', (_, props) => {
    const rendered = Object.values(objects(props));
    expect(rendered.flatMap(schemaErrors)).toEqual([]);
    expect(danglingReferences(rendered)).toEqual([]);
  });

  test('does as it is told', () => {
    expect([plan(), plan(everyInitProp)].map(({ rootToken, adopt }) => [rootToken, adopt])).toEqual([
      ['revoke', false],
      ['custody', true],
    ]);
    const container = objects(everyInitProp)['Job/vault-init'].spec.template.spec.containers[0];
    expect(container.resources.limits.memory).toBe('1Gi');
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
    expect(make(everyInitProp).init.role?.statements()[1]).toEqual({
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
    ['no secret', Custody.secretsManager([]), 'custody: secretsManager: got nothing; allowed: a secret, or one for each key;'],
    ['a secret that is unset', Custody.secretsManager(undefined as never), 'custody: secretsManager: got nothing;'],
    ['a secret that is unset beside one that is not', Custody.secretsManager(['a', undefined as never]), 'custody: secret: got nothing;'],
    [
      'one secret by name and by ARN',
      Custody.secretsManager(['vault/x', 'arn:aws:secretsmanager:eu-west-1:123456789012:secret:vault/x-AbCdEf']),
      'vault/x-AbCdEf"; allowed: each secret once;',
    ],
    [
      'a name that a command would take for an option',
      Custody.secretsManager('-x'),
      'custody: secret: got "-x"; allowed: names of secrets:',
    ],
    ['a Secret that is unset', Custody.kubernetesSecret(undefined as never), 'custody: kubernetesSecret: got nothing; allowed: DNS names'],
    [
      'the Secret with the certificate',
      Custody.kubernetesSecret('vault-tls'),
      'custody: kubernetesSecret: got "vault-tls"; allowed: another Secret than that of the certificate;',
    ],
    ['a Secret whose name is none', Custody.kubernetesSecret('A'), 'custody: kubernetesSecret: got "A"; allowed: DNS names'],
  ])('%s is refused', (_, custody, message) => {
    expect(() => make({ custody }).app.render()).toThrow(message);
  });
});

test('the Job’s own login is made last: that it works says that everything is there', () => {
  expect(plan(everyInitProp).writes.at(-1)?.path).toMatch(/^auth\/jwt\/role\/vault-init$/);
  expect(plan({}).writes.at(-1)?.path).toMatch(/^auth\/kubernetes\/role\/vault-init$/);
});

test('Jobs that make other keys, or bring them elsewhere, carry another annotation; others carry the same', () => {
  const keys = (props: Props) => Object.values(objects(props)).find(({ kind }) => kind === 'Job').metadata.annotations['cdk8s-vault/keys'];
  expect(keys({ adopt: true, role: 'another' })).toBe(keys({}));
  expect(
    new Set([keys({}), keys({ custody: Custody.secretsManager(['a', 'b', 'c']) }), keys({ custody: Custody.secretsManager('elsewhere') })])
      .size,
  ).toBe(3);
});

describe('the other places of custody', () => {
  test('a Kubernetes Secret is created and never read, without a role in AWS', () => {
    const props = { custody: Custody.kubernetesSecret('recovery') };
    expect(make(props).init.role).toBeUndefined();
    expect(objects(props)['Role/vault-init'].rules).toEqual([
      { apiGroups: ['coordination.k8s.io'], resources: ['leases'], verbs: ['create'] },
      { apiGroups: ['coordination.k8s.io'], resources: ['leases'], resourceNames: ['vault-changes'], verbs: ['get', 'update'] },
      { apiGroups: ['policy'], resources: ['poddisruptionbudgets'], verbs: ['create'] },
      { apiGroups: ['policy'], resources: ['poddisruptionbudgets'], resourceNames: ['vault-init'], verbs: ['get', 'delete'] },
      { apiGroups: [''], resources: ['secrets'], verbs: ['create'] },
      { apiGroups: ['batch'], resources: ['jobs'], verbs: ['list'] },
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
    const half: VaultInitProps = { vault: make().vault, custody: Custody.log(), pgpKeys: [pgpKey(1)] };
    expect([clear, half]).toHaveLength(2);
    const props = { custody: Custody.log(), pgpKeys: [pgpKey(1), pgpKey(2)], rootTokenPgpKey: pgpKey(3) };
    expect(request(props)).toEqual({
      recovery_shares: 2,
      recovery_threshold: 2,
      recovery_pgp_keys: [pgpKey(1), pgpKey(2)],
      root_token_pgp_key: pgpKey(3),
    });
  });
});

describe('the keys', () => {
  test.each<[string, Props, string]>([
    ['several in one place', { recoveryShares: 3 }, 'recoveryShares: got 3; allowed: 1 where all lie in one place;'],
    ['none', { recoveryShares: 0 }, 'recoveryShares: got 0; allowed: whole numbers from 1 to 255;'],
    ['more than PGP keys', { recoveryShares: 3, pgpKeys: [pgpKey(1)] }, 'recoveryShares: got 3; allowed: the number of pgpKeys, 1;'],
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
      { custody: Custody.kubernetesSecret('x'), pgpKeys: [pgpKey(1)], rootTokenPgpKey: 'x' },
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
    ['the same PGP key twice', { pgpKeys: [pgpKey(1), pgpKey(1)] }, 'allowed: each PGP key once;'],
    [
      'a PGP key whose packets do not fit',
      { pgpKeys: [Buffer.concat([Buffer.from([0x99, 0xff, 0xff]), Buffer.alloc(269)]).toString('base64')] },
      'allowed: base64 of a binary PGP public key;',
    ],
    ['PGP keys that are unset', { pgpKeys: undefined as never }, 'pgpKeys: got nothing; allowed: one PGP key for each recovery key;'],
    [
      'a log, with the PGP key of the root token unset',
      { custody: Custody.log(), pgpKeys: [pgpKey(1)], rootTokenPgpKey: undefined as never },
      'rootTokenPgpKey: got nothing; allowed: base64 of a binary PGP public key;',
    ],
    [
      'more PGP keys than one secret holds',
      { pgpKeys: Array.from({ length: 80 }, (_, index) => pgpKey(index)) },
      'allowed: 65536 bytes in one secret; name one secret for each recovery key, or fewer PGP keys',
    ],
    [
      'resources that are none',
      {
        resources: {
          requests: { cpu: 'one', memory: '1Gi', ephemeralStorage: '1Gi' },
          limits: { memory: '512Mi', ephemeralStorage: '1Gi' },
        },
      },
      'resources.requests.cpu: got "one"; allowed: Kubernetes quantities',
    ],
    [
      'a request above its limit',
      {
        resources: { requests: { cpu: '1', memory: '1Gi', ephemeralStorage: '1Gi' }, limits: { memory: '512Mi', ephemeralStorage: '1Gi' } },
      },
      'resources.requests.memory: got "1Gi"; allowed: at most resources.limits.memory (512Mi);',
    ],
    ['a proxy without a port', { outbound: { proxy: 'http://proxy' } }, 'outbound.proxy: got "http://proxy"; allowed: http URLs'],
    ['authorities that are unset', { outbound: { ca: { configMap: undefined as never } } }, 'outbound.ca.configMap: got nothing;'],
    [
      'people who are no principals',
      { admin: { iamPrincipals: ['alice'] } },
      'admin.iamPrincipals: got ["alice"]; allowed: a list that is not empty',
    ],
    [
      'principals of another partition',
      { admin: { iamPrincipals: ['arn:aws-cn:iam::123456789012:role/x'] } },
      'each of: ARNs of IAM roles and users in partition aws;',
    ],
    ['principals that are unset', { admin: { iamPrincipals: undefined as never } }, 'admin.iamPrincipals: got nothing;'],
    ['a server id that nobody needs', { admin: { serverId: 'x' } }, 'admin.serverId: got "x"; allowed: only with iamPrincipals;'],
    [
      'a server id that is no word',
      { admin: { iamPrincipals: ['arn:aws:iam::123456789012:role/x'], serverId: 'a b' } },
      'admin.serverId: got "a b"; allowed: 1 to 128 characters',
    ],
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
    const written = writes(everyInitProp);
    expect(written['auth/jwt/config']).toEqual({
      oidc_discovery_url: 'https://oidc.eks.eu-west-1.amazonaws.com/id/EXAMPLE',
      bound_issuer: 'https://oidc.eks.eu-west-1.amazonaws.com/id/EXAMPLE',
    });
    expect(written['auth/jwt/role/vault-admin']).toMatchObject({
      role_type: 'jwt',
      bound_audiences: ['vault'],
      bound_subject: 'system:serviceaccount:$NAMESPACE:vault-configuration',
    });
    expect(Object.keys(objects(everyInitProp)).filter(name => name.startsWith('ClusterRoleBinding/'))).toEqual([]);
    expect(plan(everyInitProp).login).toEqual({ mount: 'jwt', role: 'vault-init' });
  });

  test('for people by their IAM principals, as Vault compares them: an SSO role without its path', () => {
    expect(writes(everyInitProp)['auth/aws/role/vault-admin']).toMatchObject({
      auth_type: 'iam',
      bound_iam_principal_arn: ['arn:aws:iam::123456789012:role/AWSReservedSSO_Admin_0123456789abcdef'],
      token_policies: ['vault-admin', 'vault-configuration'],
    });
  });

  test('a login that was signed for another Vault does not serve: account, region and table are what a Vault is', () => {
    const iamPrincipals = ['arn:aws:iam::123456789012:user/people/alice'];
    const written = writes({ admin: { iamPrincipals } });
    expect(written['auth/aws/config/client'].iam_server_id_header_value).toBe('vault-data.eu-west-1.123456789012');
    expect(written['auth/aws/role/vault-admin'].bound_iam_principal_arn).toEqual(['arn:aws:iam::123456789012:user/alice']);
    expect(writes(everyInitProp)['auth/aws/config/client'].iam_server_id_header_value).toBe('vault.example.com');
  });

  test('is nobody’s to make where the root token is encrypted', () => {
    // @ts-expect-error the Job could not make it
    const props: VaultInitProps = { vault: make().vault, custody: Custody.kubernetesSecret('x'), rootTokenPgpKey: pgpKey(2), admin: {} };
    expect(props).toBeDefined();
    const encrypted = { custody: Custody.log(), pgpKeys: [pgpKey(1)], rootTokenPgpKey: pgpKey(2) };
    expect(make(encrypted).init.admin).toBeUndefined();
    expect(plan(encrypted)).toMatchObject({ writes: [], rootToken: 'encrypted' });
    expect(plan(encrypted).login).toBeUndefined();
  });
});

describe('beside its server', () => {
  test('two Vaults do not share a secret, wherever they stand in the app', () => {
    const app = new KustomizeApp();
    for (const name of ['one', 'two']) {
      const base = app.environment(name);
      const vault = new VaultServer(base, 'vault', { ...minimal, storage: { table: `${name}-data` }, role: name });
      new VaultInit(base, 'init', {
        vault,
        custody: Custody.secretsManager(['vault/recovery', `vault/${name}`]),
        role: `${name}-init`,
        recoveryShares: 2,
      });
    }
    expect(() => app.render()).toThrow(
      '1 problem, nothing was written:\n  [two/init] the secret vault/recovery of Secrets Manager, of account 123456789012 in eu-west-1, is already taken by [one/init]; give each Vault its own:',
    );
  });

  test('it must land in the same base', () => {
    const app = new KustomizeApp();
    const vault = new VaultServer(app, 'vault', minimal);
    new VaultInit(app.environment('staging'), 'init', { vault, custody: Custody.kubernetesSecret('x') });
    expect(() => app.render()).toThrow(
      '[staging/init] vault: got "a server in dist/"; allowed: servers in dist/staging/; make both in the same app.environment(...)',
    );
  });

  test.each([
    [47, undefined],
    [48, `vault.name: got "${'v'.repeat(48)}"; allowed: at most 47 characters with an init Job;`],
  ])('a name of %s characters', (length, message) => {
    const app = new KustomizeApp();
    const vault = new VaultServer(app, 'vault', { ...minimal, name: 'v'.repeat(length) });
    new VaultInit(app, 'init', { vault, custody: Custody.kubernetesSecret('x') });
    if (message === undefined) expect(() => app.render()).not.toThrow();
    else expect(() => app.render()).toThrow(message);
  });
});
