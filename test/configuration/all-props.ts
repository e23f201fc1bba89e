import { accessorOf, groupIdOf, type VaultConfigurationProps } from '../../charts';

const sso = 'arn:aws:iam::123456789012:role/aws-reserved/sso.amazonaws.com/eu-west-1/AWSReservedSSO_Developers_0123456789abcdef';

const tokens = {
  tokenPolicies: ['reader'],
  tokenTtl: '30m',
  tokenMaxTtl: '2h',
  tokenExplicitMaxTtl: '4h',
  tokenPeriod: '1h',
  tokenBoundCidrs: ['10.0.0.0/8'],
  tokenNumUses: 5,
  tokenNoDefaultPolicy: true,
  tokenType: 'service',
} as const;

const tune = {
  description: 'what it is for',
  defaultLeaseTtl: '1h',
  maxLeaseTtl: '24h',
  listingVisibility: 'unauth',
  auditNonHmacRequestKeys: ['role'],
  auditNonHmacResponseKeys: ['username'],
} as const;

/** Every prop of VaultConfiguration: a new one does not compile until it has a value here. */
export const everyConfigurationProp: Required<Omit<VaultConfigurationProps, 'vault'>> = {
  admin: {
    mount: 'kubernetes',
    role: 'vault-admin',
    serviceAccount: 'vault-configuration',
    audience: 'vault',
    people: { mount: 'aws', serverId: 'vault.example.com' },
  },
  policies: {
    reader: [
      { path: `kv/data/{{identity.entity.aliases.${accessorOf('auth/aws-people')}.name}}/*`, capabilities: ['read', 'list'] },
      {
        path: 'kv/data/shared',
        capabilities: ['create', 'update'],
        allowedParameters: { data: [], '*': [] },
        deniedParameters: { note: ['secret'] },
        requiredParameters: ['data'],
        minWrappingTtl: '1m',
        maxWrappingTtl: '1h',
      },
      { path: `kv/data/groups/{{identity.groups.ids.${groupIdOf('platform')}.name}}`, capabilities: ['read'] },
    ],
  },
  auth: {
    'aws-people': {
      type: 'aws',
      iamAlias: 'full_arn',
      iamServerIdHeaderValue: 'vault.example.com',
      stsRoles: { '111122223333': 'arn:aws:iam::111122223333:role/vault-lookup' },
      tune,
      roles: {
        developers: { boundIamPrincipalArns: [sso, 'arn:aws:iam::111122223333:role/teams/*'], ...tokens },
        operators: { boundIamPrincipalArns: ['arn:aws:iam::123456789012:user/people/*', 'arn:aws:iam::123456789012:role/teams/*'] },
      },
    },
    kubernetes: {
      type: 'kubernetes',
      kubernetesHost: 'https://10.0.0.1:6443',
      kubernetesCaCert: '-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n',
      tune,
      roles: {
        orders: {
          boundServiceAccountNames: ['orders'],
          boundServiceAccountNamespaces: ['shop'],
          audience: 'vault',
          aliasNameSource: 'serviceaccount_uid',
          ...tokens,
        },
      },
    },
    jwt: { type: 'jwt', tune },
  },
  engines: {
    kv: { type: 'kv', maxVersions: 3, casRequired: true, deleteVersionAfter: '720h', tune },
    database: { type: 'database', tune },
    transit: { type: 'transit', tune },
  },
  databases: [
    {
      name: 'orders',
      plugin: 'postgresql',
      host: '10.20.0.5',
      port: 5433,
      database: 'orders',
      ca: { configMap: 'rds-ca', key: 'global-bundle.pem' },
      master: { secretsManager: 'rds!cluster-1b2c3d4e', kmsKey: '1234abcd-12ab-34cd-56ef-1234567890ab' },
      user: 'vault_orders',
      roles: {
        readonly: { group: 'orders_readonly', users: ['aws-people/developers', 'kubernetes/orders'], defaultTtl: '30m', maxTtl: '2h' },
        special: {
          creationStatements: ['CREATE ROLE "{{name}}" LOGIN PASSWORD \'{{password}}\''],
          revocationStatements: ['DROP ROLE "{{name}}"'],
          renewStatements: ['SELECT 1'],
          rollbackStatements: ['SELECT 2'],
          users: ['aws-people/operators'],
          defaultTtl: '10m',
          maxTtl: '1h',
        },
      },
      staticRoles: { report: { username: 'report', rotationPeriod: '24h', users: ['kubernetes/orders'] } },
      maxOpenConnections: 2,
      maxConnectionLifetime: '5m',
      passwordPolicy: 'long',
      usernameTemplate: '{{ printf "v-%s" (random 20) }}',
      mount: 'database',
    },
    {
      name: 'shop',
      plugin: 'mysql',
      host: '10.20.0.6',
      database: 'shop',
      ca: { configMap: 'rds-ca', key: 'global-bundle.pem' },
      master: { ssm: '/databases/shop/master', kmsKey: '1234abcd-12ab-34cd-56ef-1234567890ab' },
      roles: {
        readonly: { privileges: ['SELECT', 'SHOW VIEW'], users: ['aws-people/developers'], defaultTtl: '30m', maxTtl: '2h' },
      },
    },
  ],
  passwordPolicies: { long: { length: 32, rules: [{ charset: 'abcdefghijklmnopqrstuvwxyz', minChars: 1 }, { charset: '0123456789' }] } },
  audit: { file: { filePath: '/vault/audit/audit.log', format: 'json', hmacAccessor: true, elideListResponses: true } },
  groups: {
    developers: { policies: ['reader'], alias: { mount: 'jwt', name: 'dev' } },
    platform: { policies: ['reader'], memberGroups: ['developers'] },
  },
  raw: [
    {
      path: 'auth/jwt/config',
      body: { oidc_discovery_url: 'https://login.example.com', oidc_client_id: 'vault' },
      secrets: { oidc_client_secret: { kubernetesSecret: 'oidc', key: 'client-secret' } },
    },
  ],
  prune: true,
  schedule: { cron: '0 6 * * *', timeZone: 'Europe/Berlin', repair: true },
  role: 'configures-vault',
  outbound: { proxy: 'http://proxy.example.com:3128', ca: { configMap: 'proxy-ca', key: 'proxy.crt' } },
  resources: {
    requests: { cpu: '1', memory: '1Gi', ephemeralStorage: '1Gi' },
    limits: { cpu: '1', memory: '1Gi', ephemeralStorage: '1Gi' },
  },
};
