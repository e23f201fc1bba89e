import { parse } from '@cdktn/hcl2json';
import { describe, expect, test } from '@jest/globals';
import {
  type AwsAuthRole,
  Custody,
  type DatabaseProps,
  KustomizeApp,
  VaultConfiguration,
  type VaultConfigurationProps,
  VaultInit,
  VaultServer,
  type VaultServerProps,
} from '../../charts';
import { danglingReferences, schemaErrors } from '../support/cluster-rules';
import { runMounted } from '../support/mounted-program';
import { type Manifest, minimal, objectsOf, problemsOf } from '../support/render';
import { everyConfigurationProp } from './all-props';

type Props = Omit<VaultConfigurationProps, 'vault'>;

const egress = [{ cidr: '10.20.0.0/16', ports: [5432, 5433, 3306] }];
const jane = 'arn:aws:iam::123456789012:role/aws-reserved/sso.amazonaws.com/eu-west-1/AWSReservedSSO_Developers_0123456789abcdef';

const people = (role: Partial<AwsAuthRole> = {}): NonNullable<Props['auth']> => ({
  people: { type: 'aws', iamAlias: 'full_arn', roles: { developers: { boundIamPrincipalArns: [jane], ...role } } },
});

const orders: DatabaseProps = {
  name: 'orders',
  plugin: 'postgresql',
  host: 'orders.example.com',
  database: 'orders',
  ca: { configMap: 'rds-ca', key: 'global-bundle.pem' },
  master: { secretsManager: 'rds!cluster-1b2c3d4e' },
  roles: { readonly: { group: 'orders_readonly', users: ['people/developers'] } },
};

function make(props: Props = {}, server: Partial<VaultServerProps> = {}) {
  const app = new KustomizeApp();
  const vault = new VaultServer(app, 'vault', { ...minimal, network: { egress }, ...server });
  const configuration = new VaultConfiguration(app, 'configuration', { vault, ...props });
  return { app, vault, configuration };
}
const objects = (props: Props = {}, server: Partial<VaultServerProps> = {}) => objectsOf(make(props, server).app.render());
const refusals = (props: Props, server: Partial<VaultServerProps> = {}) => problemsOf(() => make(props, server).app.render());

/** Everything that the Job is told to do, by path. */
function operations(props: Props): Record<string, Manifest> {
  const files = Object.values(objects(props)).filter(({ kind, metadata }) => kind === 'ConfigMap' && metadata.name.includes('-data-'));
  const all = files.flatMap(({ data }) => Object.values<string>(data).flatMap(text => JSON.parse(text)));
  return Object.fromEntries(
    all.map(({ do: what, at, name, mount, path, ...rest }) => [
      path ?? (what === 'connect' ? `${mount}/config/${name}` : `${at}/${name}`),
      rest,
    ]),
  );
}

describe('the Job', () => {
  const all = objects(everyConfigurationProp);

  test('runs in Node.js 24 as its pod mounts it', async () => {
    expect(await runMounted(all, 'vault-configuration')).toBe(
      'configuration: the environment variable NAMESPACE is missing: it stands in the Job that was rendered\n',
    );
  }, 120_000);

  test('is what Kubernetes takes, with nothing left open', () => {
    for (const object of Object.values(all)) expect(schemaErrors(object)).toEqual([]);
    expect(danglingReferences(Object.values(all))).toEqual([]);
  });

  test('goes to whichever server is active, and logs in by the path that the init Job makes', () => {
    const { containers, volumes } = all['Job/vault-configuration'].spec.template.spec;
    expect(containers[0].env).toContainEqual({ name: 'VAULT_ADDR', value: 'https://vault-active.$(NAMESPACE).svc:8200' });
    expect(volumes.find(({ name }: Manifest) => name === 'vault-token').projected.sources[0].serviceAccountToken.audience).toBe('vault');
    expect(JSON.parse(all['ConfigMap/vault-configuration-program'].data['plan.json']).login).toEqual({
      mount: 'kubernetes',
      role: 'vault-admin',
    });
  });

  test('reads each secret that is named, and no other: by its IAM role, and by its Role', () => {
    const { role } = make(everyConfigurationProp).configuration;
    expect(role?.statements()).toEqual([
      {
        sid: 'Secrets',
        actions: ['secretsmanager:GetSecretValue'],
        resources: ['arn:aws:secretsmanager:eu-west-1:123456789012:secret:rds!cluster-1b2c3d4e-??????'],
      },
      expect.objectContaining({ sid: 'SecretKeys', actions: ['kms:Decrypt'] }),
      {
        sid: 'Parameters',
        actions: ['ssm:GetParameter'],
        resources: ['arn:aws:ssm:eu-west-1:123456789012:parameter/databases/shop/master'],
      },
      expect.objectContaining({ sid: 'ParameterKeys', actions: ['kms:Decrypt'] }),
    ]);
    expect(all['Role/vault-configuration'].rules).toContainEqual({
      apiGroups: [''],
      resources: ['secrets'],
      verbs: ['get'],
      resourceNames: ['oidc'],
    });
  });

  test('without secrets of AWS has no role there', () => {
    expect(make().configuration.role).toBeUndefined();
    expect(refusals({ role: 'mine' })).toEqual([
      '[configuration] role: got "mine"; allowed: nothing without a secret in AWS; leave it out: the Job calls no AWS',
    ]);
  });

  test('sixty databases with three roles each: in ConfigMaps that kubectl apply takes', () => {
    const databases = Array.from({ length: 60 }, (_, index) => ({
      ...orders,
      name: `db${index}`,
      roles: Object.fromEntries(
        ['readonly', 'readwrite', 'admin'].map(role => [role, { group: `db${index}_${role}`, users: ['people/developers'] }]),
      ),
    }));
    const configMaps = Object.values(objects({ auth: people(), databases })).filter(
      ({ kind, metadata }) => kind === 'ConfigMap' && metadata.name.startsWith('vault-configuration'),
    );
    expect(configMaps.length).toBeGreaterThan(2);
    for (const configMap of configMaps) expect(JSON.stringify(configMap).length).toBeLessThan(262_144);
  });

  test('another database changes nothing of those that were there', () => {
    const before = operations({ auth: people(), databases: [orders] });
    const after = operations({ auth: people(), databases: [orders, { ...orders, name: 'users' }] });
    const changed = Object.keys(before).filter(path => JSON.stringify(before[path]) !== JSON.stringify(after[path]));
    expect(changed).toEqual(['auth/people/role/developers']);
  });

  test('by a clock only if told: to report, or to repair', () => {
    expect(objects()['CronJob/vault-configuration-drift']).toBeUndefined();
    const mode = (repair: boolean) => {
      const { spec } = objects({ schedule: { cron: '0 6 * * *', repair } })['CronJob/vault-configuration-drift'].spec.jobTemplate;
      return [spec.template.spec.containers[0].env.find(({ name }: Manifest) => name === 'MODE').value, spec.backoffLimit];
    };
    expect([mode(false), mode(true)]).toEqual([
      ['report', 0],
      ['apply', 6],
    ]);
  });

  test('lets Vault ask the cluster whose a token is, once, where Kubernetes auth needs it', () => {
    const auth: Props['auth'] = {
      kubernetes: {
        type: 'kubernetes',
        roles: { a: { boundServiceAccountNames: ['a'], boundServiceAccountNamespaces: ['b'], audience: 'vault' } },
      },
    };
    expect(objects({ auth })['ClusterRoleBinding/vault-vault-auth-delegator']).toBeDefined();
    expect(objects()['ClusterRoleBinding/vault-vault-auth-delegator']).toBeUndefined();
  });
});

describe('policies', () => {
  test('are HCL, with everything that a rule may say', async () => {
    const { policy } = operations(everyConfigurationProp)['sys/policies/acl/reader'].body;
    const { path } = await parse('policy.hcl', policy);
    expect(path['kv/data/shared']).toEqual([
      {
        capabilities: ['create', 'update'],
        allowed_parameters: { '*': [], data: [] },
        denied_parameters: { note: ['secret'] },
        required_parameters: ['data'],
        min_wrapping_ttl: '1m',
        max_wrapping_ttl: '1h',
      },
    ]);
  });

  test('follow from databases: whoever may have a user may read its path, and no more', () => {
    const all = operations({ auth: people(), databases: [orders] });
    expect(all['sys/policies/acl/database-orders-readonly'].body.policy).toBe(
      'path "database/creds/orders-readonly" {\n  capabilities = ["read"]\n}\n',
    );
    expect(all['auth/people/role/developers'].body.token_policies).toEqual(['database-orders-readonly']);
  });
});

describe('logins through AWS', () => {
  test('a principal is bound without its path, as Vault compares it', () => {
    const { body, principals } = operations({ auth: people() })['auth/people/role/developers'];
    expect(body).toMatchObject({
      auth_type: 'iam',
      bound_iam_principal_arn: ['arn:aws:iam::123456789012:role/AWSReservedSSO_Developers_0123456789abcdef'],
      resolve_aws_unique_ids: false,
      token_ttl: '1h',
      token_max_ttl: '8h',
    });
    expect(principals).toEqual(body.bound_iam_principal_arn);
  });

  test('must be signed for this Vault, and bring the ARN by which those who leave are found', () => {
    const all = operations({ auth: people() });
    expect(all['auth/people/config/client'].body).toEqual({
      iam_server_id_header_value: 'vault-data.eu-west-1.123456789012',
      sts_endpoint: 'https://sts.eu-west-1.amazonaws.com',
      sts_region: 'eu-west-1',
    });
    expect(all['auth/people/config/identity'].body).toEqual({
      iam_alias: 'full_arn',
      iam_metadata: ['account_id', 'auth_type', 'canonical_arn', 'client_arn'],
    });
  });

  test('in China go to its own endpoint', () => {
    const arn = 'arn:aws-cn:iam::123456789012:role/developer';
    const china = { aws: { accountId: '123456789012', region: 'cn-north-1' } };
    const all = objects({ auth: people({ boundIamPrincipalArns: [arn] }) }, china);
    expect(JSON.stringify(all)).toContain('https://sts.cn-north-1.amazonaws.com.cn');
  });

  test('with a wildcard, the servers’ role may ask IAM for paths, here and where it has a role', () => {
    const wildcard = 'arn:aws:iam::123456789012:role/aws-reserved/sso.amazonaws.com/*';
    const elsewhere = 'arn:aws:iam::111122223333:role/teams/*';
    const auth = {
      people: {
        ...people()['people'],
        stsRoles: { '111122223333': 'arn:aws:iam::111122223333:role/vault-lookup' },
        roles: { developers: { boundIamPrincipalArns: [wildcard, elsewhere] } },
      },
    } as NonNullable<Props['auth']>;
    const { vault, app } = make({ auth });
    app.render();
    expect(vault.role.statements().slice(-2)).toEqual([
      { sid: 'LookUpRoles', actions: ['iam:GetRole'], resources: [wildcard] },
      { sid: 'LookUpElsewhere', actions: ['sts:AssumeRole'], resources: ['arn:aws:iam::111122223333:role/vault-lookup'] },
    ]);
    expect(refusals({ auth: people({ boundIamPrincipalArns: [elsewhere] }) })).toEqual([
      `[configuration] auth.people.roles.developers.boundIamPrincipalArns: got "${elsewhere}"; allowed: wildcards in account 123456789012, or in accounts of stsRoles; name the role of account 111122223333 that may iam:GetRole there: stsRoles: { '111122223333': 'arn:...' }`,
    ]);
  });
});

describe('databases', () => {
  const all = operations({
    auth: people(),
    databases: [
      orders,
      { ...orders, name: 'shop', plugin: 'mysql', roles: { readonly: { privileges: ['SELECT'], users: ['people/developers'] } } },
    ],
  });

  test('TLS is verified in both kinds, by the authority that the ConfigMap holds', () => {
    expect(all['database/config/orders']).toMatchObject({
      body: { connection_url: expect.stringContaining('sslmode=verify-full') },
      ca: '/databases/rds-ca/global-bundle.pem',
    });
    expect(all['database/config/shop']).toMatchObject({
      body: { connection_url: '{{username}}:{{password}}@tcp(orders.example.com:3306)/orders' },
      ca: '/databases/rds-ca/global-bundle.pem',
    });
  });

  test('users are named after the person: what Vault knows before the session is taken away', () => {
    expect(all['database/config/orders'].body.username_template).toBe(
      '{{ printf "v-%s-%s-%s" (.DisplayName | replace "people-AWSReservedSSO_Developers_0123456789abcdef/" "" | replace "people-" "" | truncate 41) (random 8) (unix_time) }}',
    );
  });

  test('a user of PostgreSQL acts as the group, owns nothing, and loses his sessions', () => {
    const { creation_statements: create, revocation_statements: revoke } = all['database/roles/orders-readonly'].body;
    expect(create).toEqual([
      `CREATE ROLE "{{name}}" WITH LOGIN NOINHERIT PASSWORD '{{password}}' VALID UNTIL '{{expiration}}' IN ROLE "orders_readonly"`,
      'ALTER ROLE "{{name}}" SET role TO "orders_readonly"',
    ]);
    expect(revoke[0]).toContain('pg_terminate_backend');
  });

  test('no secret is in the YAML: only where it is', () => {
    expect(all['database/config/orders'].master).toEqual({ secretsManager: 'rds!cluster-1b2c3d4e' });
    expect(all['database/config/orders'].body).not.toHaveProperty('password');
  });
});

describe('what does not fit together is refused, with what to write', () => {
  const cases: readonly (readonly [string, Props, string, Partial<VaultServerProps>?])[] = [
    [
      'a database that no policy lets the servers reach',
      { auth: people(), databases: [{ ...orders, port: 6432 }] },
      `databases[0].host: got "orders.example.com:6432"; allowed: what the NetworkPolicies of the servers admit; open it on the server: network: { egress: [{ cidr: '10.0.0.0/16', ports: [6432] }] }, with the subnets of the database`,
    ],
    [
      'an address outside what is open',
      { auth: people(), databases: [{ ...orders, host: '10.30.0.1' }] },
      `databases[0].host: got "10.30.0.1:5432"; allowed: what the NetworkPolicies of the servers admit; open it on the server: network: { egress: [{ cidr: '10.0.0.0/16', ports: [5432] }] }, with the subnets of the database`,
    ],
    [
      'a login that nobody made',
      { auth: people(), databases: [{ ...orders, roles: { readonly: { group: 'g', users: ['people/operators'] } } }] },
      'databases[0].roles.readonly.users: got ["people/operators"]; allowed: roles of auth methods: "people/developers"; write "<mount>/<role>" of one that stands in auth',
    ],
    [
      'a policy that nobody wrote',
      { auth: people({ tokenPolicies: ['reader'] }) },
      `auth.people.roles.developers.tokenPolicies: got "reader"; allowed: policies that are written here; write it: policies: { 'reader': [...] }`,
    ],
    [
      'a policy of the user in the place of one that a database makes',
      { auth: people(), databases: [orders], policies: { 'database-orders-readonly': [{ path: 'a', capabilities: ['read'] }] } },
      'policies: got "database-orders-readonly"; allowed: names that no database makes; choose another',
    ],
    [
      'a password policy that nobody wrote',
      { auth: people(), databases: [{ ...orders, passwordPolicy: 'long' }] },
      'databases[0].passwordPolicy: got "long"; allowed: password policies: there are none; write one that stands here, or add it',
    ],
    [
      'a group of an auth method that is not mounted',
      { auth: people(), groups: { developers: { alias: { mount: 'jwt', name: 'dev' } } } },
      'groups.developers.alias.mount: got "jwt"; allowed: auth methods: "people"; write one that stands here, or add it',
    ],
    [
      'an accessor of what is not mounted',
      { policies: { a: [{ path: 'kv/$accessor(auth/nowhere/)', capabilities: ['read'] }] } },
      'accessorOf: got "auth/nowhere"; allowed: nothing: there are none; name one that stands here',
    ],
    [
      'the same path twice in a policy, of which Vault takes the last',
      {
        policies: {
          a: [
            { path: 'a', capabilities: ['read'] },
            { path: 'a', capabilities: ['list'] },
          ],
        },
      },
      'policies.a[1].path: got "a"; allowed: each path once in a policy; write its capabilities in one rule: Vault takes the last',
    ],
    [
      'privileges in PostgreSQL',
      {
        auth: people(),
        databases: [{ ...orders, roles: { readonly: { privileges: ['SELECT'], users: ['people/developers'] } as never } }],
      },
      'databases[0].roles.readonly.privileges: got ["SELECT"]; allowed: nothing with PostgreSQL; name a group role: who owns a table in PostgreSQL decides who sees it',
    ],
    [
      'a user who lives longer than he may',
      { auth: people(), databases: [{ ...orders, roles: { readonly: { group: 'g', users: ['people/developers'], defaultTtl: '9h' } } }] },
      'databases[0].roles.readonly.defaultTtl: got "9h"; allowed: at most maxTtl (8h); lower it, or raise maxTtl',
    ],
    [
      'a principal twice, by two paths',
      { auth: people({ boundIamPrincipalArns: [jane, 'arn:aws:iam::123456789012:role/AWSReservedSSO_Developers_0123456789abcdef'] }) },
      'auth.people.roles.developers.boundIamPrincipalArns: got "arn:aws:iam::123456789012:role/AWSReservedSSO_Developers_0123456789abcdef"; allowed: each principal once; leave it out: Vault compares ARNs without their paths',
    ],
    [
      'Vault’s own user as a static role',
      {
        auth: people(),
        databases: [{ ...orders, staticRoles: { own: { username: 'vault', rotationPeriod: '1h', users: ['people/developers'] } } }],
      },
      'databases[0].staticRoles.own.username: got "vault"; allowed: another user than Vault’s own; leave it out: Vault rotates its own password',
    ],
    [
      'two places for one secret',
      { auth: people(), databases: [{ ...orders, master: { secretsManager: 'a', ssm: 'b' } as never }] },
      'databases[0].master: got {"secretsManager":"a","ssm":"b"}; allowed: one of secretsManager, ssm, kubernetesSecret; write for example { secretsManager: "databases/orders/master" }',
    ],
    [
      'the policy by which the Job itself logs in',
      { policies: { 'vault-admin': [{ path: 'a', capabilities: ['read'] }] } },
      'policies: got "vault-admin"; allowed: names other than vault-admin, vault-configuration, vault-init, which are those of the Jobs; choose another',
    ],
    [
      'the mount of its state',
      { engines: { 'vault-configuration': { type: 'kv' } } },
      'engines: got "vault-configuration"; allowed: names other than vault-admin, vault-configuration, vault-init, which are those of the Jobs; choose another',
    ],
    [
      'a name that is too long for the CronJob',
      {},
      'vault.name: got "a-name-that-is-a-little-too-longer"; allowed: at most 32 characters with a configuration Job; choose a shorter name',
      { name: 'a-name-that-is-a-little-too-longer' },
    ],
  ];

  test.each(cases)('%s', (_, props, message, server = {}) => {
    expect(refusals(props, server)).toEqual([`[configuration] ${message}`]);
  });

  test('another server id at the mount by which administrators log in', () => {
    const render = (iamServerIdHeaderValue: string) => () => {
      const app = new KustomizeApp();
      const vault = new VaultServer(app, 'vault', minimal);
      const custody = Custody.secretsManager('vault/recovery');
      const init = new VaultInit(app, 'init', { vault, custody, admin: { iamPrincipals: [jane], serverId: 'vault.example.com' } });
      const aws = { type: 'aws', iamServerIdHeaderValue, roles: { developers: { boundIamPrincipalArns: [jane] } } } as const;
      new VaultConfiguration(app, 'configuration', { vault, admin: init.admin, auth: { aws } });
      return app.render();
    };
    expect(problemsOf(render('vault.example.com'))).toEqual([]);
    expect(problemsOf(render('another'))).toEqual([
      '[configuration] auth.aws.iamServerIdHeaderValue: got "another"; allowed: vault.example.com, by which the people of admin.iamPrincipals log in there; write the same, or choose another mount',
    ]);
  });

  test('a typing error in a capability does not compile', () => {
    // @ts-expect-error
    const rules: NonNullable<Props['policies']> = { a: [{ path: 'a', capabilities: ['reed'] }] };
    expect(refusals({ policies: rules })).toEqual([
      expect.stringContaining('[configuration] policies.a[0].capabilities: got ["reed"]; allowed: a list'),
    ]);
  });

  test('two of them for one Vault: each would take the other’s for unmanaged', () => {
    const { app, vault } = make();
    new VaultConfiguration(app, 'more', { vault });
    expect(problemsOf(() => app.render())).toContainEqual(
      expect.stringContaining('the configuration of Vault vault in vault is already taken by [configuration]'),
    );
  });
});
