import { describe, expect, test } from '@jest/globals';
import { KustomizeApp, VaultServer, type VaultServerProps } from '../../charts';
import { minimal, problems } from '../support/render';

/** One case a rule: what somebody might write, and the words that they then read. */
const cases: readonly [string, Partial<VaultServerProps>, string][] = [
  ['name too long', { name: 'v'.repeat(53) }, 'name: got "vvvvv'],
  [
    'name with capitals',
    { name: 'Vault' },
    'name: got "Vault"; allowed: 1 to 52 characters of a-z, 0-9 and "-", starting with a letter and ending with a letter or digit; write a DNS label, such as "vault"',
  ],
  ['namespace', { namespace: 'a.b' }, 'namespace: got "a.b"; allowed: 1 to 63 characters of'],
  ['replicas', { replicas: 2.5 }, 'replicas: got 2.5; allowed: whole numbers from 0 to 100; write a whole number, such as 0'],
  [
    'account',
    { aws: { ...minimal.aws, accountId: '1234' } },
    'aws.accountId: got "1234"; allowed: AWS account ids of 12 digits; write for example "123456789012", as a string',
  ],
  [
    'region',
    { aws: { ...minimal.aws, region: 'Ireland' } },
    'aws.region: got "Ireland"; allowed: regions of the partitions aws, aws-cn and aws-us-gov; write for example "us-east-1"',
  ],
  [
    'table name',
    { storage: { table: 'a b' } },
    'storage.table: got "a b"; allowed: 3 to 255 characters of a-z, A-Z, 0-9, "_", "-" and "."; write a table name, such as "vault-data"',
  ],
  [
    'table in another partition',
    { storage: { table: 'abc', region: 'cn-north-1' } },
    'storage.region: got "cn-north-1"; allowed: regions of partition aws, as aws.region eu-west-1 is; correct one of the two',
  ],
  [
    'several servers without the lock',
    { storage: { table: 'abc', haEnabled: false } },
    'storage.haEnabled: got false; allowed: true with 3 replicas; leave it out, or run one replica: without the lock several servers would write to one table',
  ],
  [
    'endpoint',
    { storage: { table: 'abc', endpoint: 'dynamodb.local' } },
    'storage.endpoint: got "dynamodb.local"; allowed: http or https URLs;',
  ],
  [
    'key id',
    { seal: { kmsKeyId: 'vault-unseal' } },
    'seal.kmsKeyId: got "vault-unseal"; allowed: a key id, a key ARN, "alias/<name>" or an alias ARN; write for example "alias/vault-unseal"',
  ],
  [
    'key of another account',
    { seal: { kmsKeyId: 'arn:aws:kms:eu-west-1:999999999999:alias/x' } },
    'seal.kmsKeyId: got "arn:aws:kms:eu-west-1:999999999999:alias/x"; allowed: keys of account 123456789012; correct the ARN or aws.accountId, or name a role of account 999999999999 in seal.roleArn',
  ],
  [
    'key of another partition',
    { seal: { kmsKeyId: 'arn:aws-cn:kms:cn-north-1:123456789012:alias/x' } },
    'seal.kmsKeyId: got "arn:aws-cn:kms:cn-north-1:123456789012:alias/x"; allowed: ARNs of partition aws, as aws.region eu-west-1 is; correct one of the two',
  ],
  [
    'key region against its ARN',
    { seal: { kmsKeyId: 'arn:aws:kms:eu-west-1:123456789012:alias/x', region: 'eu-west-2' } },
    'seal.region: got "eu-west-2"; allowed: eu-west-1, the region of the key\'s ARN; leave it out, or correct the ARN',
  ],
  [
    'session without role',
    { seal: { kmsKeyId: 'alias/x', roleSessionName: 'vault' } },
    'seal.roleSessionName: got "vault"; allowed: nothing without seal.roleArn; add seal.roleArn or leave this out',
  ],
  [
    'two seals that AWS_REGION would both override',
    { seal: { kmsKeyId: 'alias/x', migrateFrom: { kmsKeyId: 'alias/y', region: 'eu-west-2' } } },
    'seal.migrateFrom.region: got "eu-west-2"; allowed: eu-west-1, the region of the new key; migrate within one region: AWS_REGION in the pod overrides the region of both seals',
  ],
  [
    'migration from the same key',
    { seal: { kmsKeyId: 'alias/x', migrateFrom: { kmsKeyId: 'alias/x' } } },
    'seal.migrateFrom.kmsKeyId: got "alias/x"; allowed: another key than seal.kmsKeyId; leave migrateFrom out once the migration is done',
  ],
  [
    'broken tag',
    { images: { vault: { tag: '1.21.5' } } },
    'images.vault.tag: got "1.21.5"; allowed: tags without the faults of Vault issues 31919 and 31977; take the next patch release: 1.21.7',
  ],
  [
    'latest',
    { images: { vault: { tag: 'latest' } } },
    'images.vault.tag: got "latest"; allowed: exact versions: pods that restart must not change theirs; write for example "1.21.7"',
  ],
  [
    'tag in the repository',
    { images: { vault: { repository: 'hashicorp/vault:1.21.7' } } },
    'images.vault.repository: got "hashicorp/vault:1.21.7"; allowed: image repositories without tag or digest;',
  ],
  [
    'digest',
    { images: { vault: { digest: 'sha256:abc' } } },
    'images.vault.digest: got "sha256:abc"; allowed: "sha256:" and 64 hex digits; take it from the registry',
  ],
  [
    'root',
    { user: { uid: 0 } },
    'user.uid: got 0; allowed: whole numbers from 1 to 2147483647; Vault runs without root: leave it out for 10001',
  ],
  [
    'quantity',
    {
      resources: {
        requests: { cpu: '1 core', memory: '1Gi', ephemeralStorage: '1Gi' },
        limits: { memory: '1Gi', ephemeralStorage: '1Gi' },
      },
    },
    'resources.requests.cpu: got "1 core"; allowed: Kubernetes quantities greater than zero; write for example "500m", "2" or "2Gi"',
  ],
  [
    'request above its limit',
    { resources: { requests: { cpu: '1', memory: '2Gi', ephemeralStorage: '1Gi' }, limits: { memory: '1Gi', ephemeralStorage: '1Gi' } } },
    'resources.requests.memory: got "2Gi"; allowed: at most resources.limits.memory (1Gi); raise the limit or lower the request',
  ],
  [
    'grace against preStop',
    { terminationGracePeriodSeconds: 30, preStopSleepSeconds: 20 },
    'terminationGracePeriodSeconds: got 30; allowed: at least preStopSleepSeconds (20) + 15; give Vault time to hand over: a server that is killed keeps the lock of the table for up to 15 s',
  ],
  [
    'probe',
    { probes: { liveness: { periodSeconds: 0 } } },
    'probes.liveness.periodSeconds: got 0; allowed: whole numbers from 1 to 2147483647;',
  ],
  [
    'port without a free next one',
    { listener: { port: 65535 } },
    'listener.port: got 65535; allowed: ports up to 65534: the next one is the cluster port; choose a lower port',
  ],
  [
    'privileged port',
    { listener: { port: 443 } },
    'listener.port: got 443; allowed: ports from 1024, as Vault runs without root; leave it out, or choose a higher port',
  ],
  [
    'metrics on the cluster port',
    { metrics: { port: 8201 } },
    'metrics.port: got 8201; allowed: ports from 1024 to 65534; it and the next one may not be 8200 or 8201; choose another port',
  ],
  [
    'metrics whose cluster port is the API',
    { metrics: { port: 8199 } },
    'metrics.port: got 8199; allowed: ports from 1024 to 65534; it and the next one may not be 8200 or 8201; choose another port',
  ],
  [
    'TLS versions the wrong way round',
    { listener: { tlsMinVersion: 'tls13', tlsMaxVersion: 'tls12' } },
    'listener.tlsMaxVersion: got "tls12"; allowed: not less than listener.tlsMinVersion "tls13"; leave it out',
  ],
  [
    'PROXY protocol that cuts kubelet off',
    { listener: { proxyProtocolBehavior: 'use_always' as never, proxyProtocolAuthorizedAddrs: ['10.0.0.0/8'] } },
    'listener.proxyProtocolBehavior: got "use_always"; allowed: "allow_authorized"; write "allow_authorized": the others refuse kubelet, whose probes carry no PROXY header',
  ],
  [
    'X-Forwarded-For that cuts kubelet off',
    { listener: { xForwardedForAuthorizedAddrs: ['10.0.0.0/8'], xForwardedForRejectNotPresent: true as never } },
    "listener.xForwardedForRejectNotPresent: got true; allowed: false; leave it out: kubelet's probes carry no X-Forwarded-For",
  ],
  [
    'X-Forwarded-For without proxies',
    { listener: { xForwardedForHopSkips: 1 } },
    'listener.xForwardedForHopSkips: got 1; allowed: only with trusted proxies; set listener.xForwardedForAuthorizedAddrs',
  ],
  [
    'duration',
    { config: { maxLeaseTtl: '1 day' } },
    'config.maxLeaseTtl: got "1 day"; allowed: durations as Vault reads them; write for example "30s", "15m", "768h" or "7d"',
  ],
  [
    'no forwarding',
    { config: { disableClustering: true } },
    'config.disableClustering: got true; allowed: false with 3 replicas; leave it out: standbys could not forward requests',
  ],
  [
    'owned key in extra',
    { config: { extra: { api_addr: 'https://x' } } },
    'config.extra.api_addr: got "https://x"; allowed: keys that the chart does not own; the pod sets VAULT_API_ADDR',
  ],
  [
    'typed key in extra',
    { config: { extra: { cache_size: 1 } } },
    'config.extra.cache_size: got 1; allowed: keys that the chart does not own; set config.cacheSize',
  ],
  [
    'Enterprise key in extra',
    { config: { extra: { license_path: '/x' } } },
    'config.extra.license_path: got "/x"; allowed: keys that the chart does not own; Enterprise is not supported',
  ],
  [
    'HCL in a key of extra',
    { config: { extra: { 'a = 1\nb': 'x' } } },
    'config.extra: got "a = 1\\nb"; allowed: names of HCL attributes; write the name as Vault documents it, such as "cache_size"',
  ],
  [
    'empty value in extra',
    { config: { extra: { future: [] } } },
    'config.extra.future: got []; allowed: strings, numbers, booleans, lists and maps that are not empty and have no control characters; leave the key out',
  ],
  [
    'lockout twice',
    { userLockout: [{ type: 'all' }, { type: 'all' }] },
    'userLockout[1].type: got "all"; allowed: each type once; put the settings of one type into one entry',
  ],
  [
    'load balancer class without load balancer',
    { services: { active: { loadBalancerClass: 'service.k8s.aws/nlb' } } },
    'services.active.loadBalancerClass: got "service.k8s.aws/nlb"; allowed: only for type "LoadBalancer"; set the type or leave it out',
  ],
  [
    'two families on a single stack',
    { services: { all: { ipFamilies: ['IPv4', 'IPv6'] } } },
    'services.all.ipFamilies: got ["IPv4","IPv6"]; allowed: one family with ipFamilyPolicy "SingleStack"; set ipFamilyPolicy to "PreferDualStack" or "RequireDualStack"',
  ],
  [
    'a Service label of the chart',
    { services: { all: { labels: { 'app.kubernetes.io/name': 'x' } } } },
    'services.all.labels: got "app.kubernetes.io/name"; allowed: labels that the chart does not set; choose another key',
  ],
  [
    'a budget that blocks drains',
    { disruptionBudget: { maxUnavailable: 0 } },
    'disruptionBudget.maxUnavailable: got 0; allowed: whole numbers from 1 to 2 with 3 replicas; 0 would block every drain: leave it out for 1, or write "off" for no budget',
  ],
  [
    'a budget for all',
    { disruptionBudget: { maxUnavailable: 3 } },
    'disruptionBudget.maxUnavailable: got 3; allowed: whole numbers from 1 to 2 with 3 replicas;',
  ],
  [
    'role of another account',
    { role: 'arn:aws:iam::999999999999:role/x' },
    'role: got "arn:aws:iam::999999999999:role/x"; allowed: roles of account 123456789012 in partition aws;',
  ],
  [
    'role annotation by hand',
    { serviceAccount: { annotations: { 'eks.amazonaws.com/role-arn': 'x' } } },
    'serviceAccount.annotations: got "eks.amazonaws.com/role-arn"; allowed: annotations that the chart does not set; set role',
  ],
  [
    'a label that Vault sets',
    { podLabels: { 'vault-active': 'true' } },
    'podLabels: got "vault-active"; allowed: labels that neither the chart nor Vault sets; choose another key',
  ],
  [
    'a label that selects',
    { podLabels: { 'app.kubernetes.io/instance': 'x' } },
    'podLabels: got "app.kubernetes.io/instance"; allowed: labels that neither the chart nor Vault sets; choose another key',
  ],
  [
    'an annotation of the chart',
    { podAnnotations: { 'eks.amazonaws.com/skip-containers': 'x' } },
    'podAnnotations: got "eks.amazonaws.com/skip-containers"; allowed: annotations that the chart does not set;',
  ],
  [
    'a variable that overrides the table',
    { env: [{ name: 'AWS_DYNAMODB_TABLE', value: 'x' }] },
    'env[0].name: got "AWS_DYNAMODB_TABLE"; allowed: variables that do not override what the chart sets; set storage.table',
  ],
  [
    'a token in the YAML',
    { env: [{ name: 'VAULT_TOKEN', value: 'x' }] },
    'env[0].name: got "VAULT_TOKEN"; allowed: variables that do not override what the chart sets; a token in the environment is a token in the YAML',
  ],
  [
    'a volume of the chart',
    { volumes: [{ name: 'tls', emptyDir: {} }] },
    'volumes[0].name: got "tls"; allowed: names other than config, tls, home, tmp, api-token, vault-binary, audit, aws-iam-token; choose another name',
  ],
  [
    'a mount over the chart',
    { volumes: [{ name: 'x', emptyDir: {} }], volumeMounts: [{ name: 'x', mountPath: '/vault' }] },
    'volumeMounts[0].mountPath: got "/vault"; allowed: paths that do not overlap /vault/config; choose another path',
  ],
  [
    'a mount of no volume',
    { volumeMounts: [{ name: 'x', mountPath: '/x' }] },
    'volumeMounts[0].name: got "x"; allowed: names of volumes in the prop volumes; add the volume there',
  ],
  [
    'a sidecar named like the server',
    { sidecars: [{ name: 'vault' }] },
    'sidecars[0].name: got "vault"; allowed: names other than vault, reload, copy-vault, lock-memory; choose another name',
  ],
  [
    "a sidecar on the server's port",
    { sidecars: [{ name: 'x', ports: [{ containerPort: 8200 }] }] },
    'container x: ports: got 8200; allowed: ports other than 8200, 8201, 8210, 8211; containers of a pod share its ports: choose another',
  ],
  [
    'a native sidecar on a port of the server',
    { initContainers: [{ name: 'x', image: 'x', restartPolicy: 'Always', ports: [{ containerPort: 8200 }] }] },
    'container x: ports: got 8200; allowed: ports other than 8200,',
  ],
  [
    'a restart policy that no init container has',
    { initContainers: [{ name: 'x', image: 'x', restartPolicy: 'Never' as never }] },
    'container x: restartPolicy: got "Never"; allowed: "Always";',
  ],
  [
    'certificate that is always due',
    { tls: { certManager: { issuer: { kind: 'Issuer', name: 'ca' }, duration: '24h' } } },
    'tls.certManager.renewBefore: got "720h"; allowed: less than tls.certManager.duration (24h); write about a third of the duration',
  ],
  [
    'issuer kind',
    { tls: { certManager: { issuer: { kind: 'clusterissuer', name: 'ca' } } } },
    'tls.certManager.issuer.kind: got "clusterissuer"; allowed: "Issuer", "ClusterIssuer"; write one of these',
  ],
  [
    'secret name',
    { tls: { secretName: 'Vault_TLS' } },
    'tls.secretName: got "Vault_TLS"; allowed: DNS names in lower case, 253 characters at most;',
  ],
  ['audit volume', { auditStorage: { size: 'big' } }, 'auditStorage.size: got "big"; allowed: Kubernetes quantities of 1Mi and more;'],
  [
    'telemetry',
    { telemetry: { prefixFilter: ['vault.token'] } },
    'telemetry.prefixFilter: got ["vault.token"]; allowed: a list that is not empty and names nothing twice, each of: "+" or "-" and a prefix;',
  ],
  ['nothing where a value is required', { namespace: undefined as never }, 'namespace: got nothing; allowed: 1 to 63 characters of'],
  ['no table', { storage: { table: undefined as never } }, 'storage.table: got nothing; allowed: 3 to 255 characters'],
  ['no key', { seal: { kmsKeyId: undefined as never } }, 'seal.kmsKeyId: got nothing; allowed: a key id,'],
  ['no Secret', { tls: { secretName: undefined as never } }, 'tls.secretName: got nothing; allowed: DNS names'],
  [
    'no account',
    { aws: { accountId: undefined as never, region: undefined as never } },
    'aws.accountId: got nothing; allowed: AWS account ids',
  ],
  ['a key that AWS manages', { seal: { kmsKeyId: 'alias/aws/dynamodb' } }, 'seal.kmsKeyId: got "alias/aws/dynamodb"; allowed: a key id,'],
  [
    'the root key in clear',
    { seal: { kmsKeyId: 'alias/x', endpoint: 'http://kms.local' } },
    'seal.endpoint: got "http://kms.local"; allowed: https URLs: the root key passes there;',
  ],
  [
    'a key region of another partition',
    { seal: { kmsKeyId: 'arn:aws:kms:cn-north-1:123456789012:alias/x' } },
    'seal.kmsKeyId: got "arn:aws:kms:cn-north-1:123456789012:alias/x"; allowed: ARNs of partition aws,',
  ],
  [
    'a region of no partition here',
    { aws: { ...minimal.aws, region: 'us-iso-east-1' } },
    'aws.region: got "us-iso-east-1"; allowed: regions of the partitions aws, aws-cn and aws-us-gov;',
  ],
  [
    'lease TTLs with which Vault does not start',
    { config: { maxLeaseTtl: '24h' } },
    'config.defaultLeaseTtl: got "768h"; allowed: at most config.maxLeaseTtl (24h); set both:',
  ],
  [
    'a suite that Vault does not know',
    { listener: { tlsCipherSuites: ['TLS_FOO'] } },
    'listener.tlsCipherSuites: got ["TLS_FOO"]; allowed: a list that is not empty',
  ],
  [
    'suites that do not fit the key',
    { listener: { tlsMaxVersion: 'tls12', tlsCipherSuites: ['TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384'] } },
    'listener.tlsCipherSuites: got ["TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384"]; allowed: at least one ECDSA suite with tlsMaxVersion "tls12";',
  ],
  [
    'a log file on the read-only root',
    { config: { logFile: '/var/log/vault.log' } },
    'config.logFile: got "/var/log/vault.log"; allowed: paths in /tmp, /home/vault; the root file system is read-only: add a volume',
  ],
  ['a floating tag', { images: { vault: { tag: '1.21' } } }, 'images.vault.tag: got "1.21"; allowed: exact versions:'],
  [
    'Enterprise',
    { images: { vault: { repository: 'hashicorp/vault-enterprise', tag: '1.21.7-ent' } } },
    'images.vault: got {"repository":"hashicorp/vault-enterprise","tag":"1.21.7-ent"}; allowed: the Community edition;',
  ],
  [
    'half a byte of memory',
    {
      memoryLock: 'off',
      resources: { requests: { cpu: '1', memory: '512m', ephemeralStorage: '1Gi' }, limits: { memory: '1Gi', ephemeralStorage: '1Gi' } },
    },
    'resources.requests.memory: got "512m"; allowed: Kubernetes quantities of 1Mi and more; write for example "512Mi" or "2Gi"',
  ],
  [
    'the role for every pod',
    { serviceAccount: { existing: 'default' } },
    'serviceAccount: got "default"; allowed: a ServiceAccount of the servers alone;',
  ],
  [
    "the cluster's own namespace",
    { namespace: 'kube-system', createNamespace: true },
    'createNamespace: got "kube-system"; allowed: namespaces that are not the cluster\'s own;',
  ],
  [
    'a variable that overrides some configuration',
    { env: [{ name: 'VAULT_UI', value: 'true' }] },
    'env[0].name: got "VAULT_UI"; allowed: variables that do not override what the chart sets;',
  ],
  [
    'credentials in a sidecar',
    { sidecars: [{ name: 'x', image: 'x', env: [{ name: 'AWS_SECRET_ACCESS_KEY', value: 'x' }] }] },
    'container x: env: got "AWS_SECRET_ACCESS_KEY"; allowed: no credentials in the YAML; take it from a Secret with valueFrom',
  ],
  [
    'a sidecar with the token of the API',
    { sidecars: [{ name: 'x', image: 'x', volumeMounts: [{ name: 'api-token', mountPath: '/t' }] }] },
    'container x: volumeMounts: got "api-token"; allowed: config, tls; this one is the server\'s alone, or not there',
  ],
  [
    'a sidecar that Pod Security refuses',
    { memoryLock: 'off', createNamespace: true, sidecars: [{ name: 'x', image: 'x' }] },
    'container x: got {}; allowed: allowPrivilegeEscalation: false, capabilities.drop: ["ALL"]; the namespace that createNamespace makes enforces Pod Security restricted',
  ],
  ['a sidecar without image', { sidecars: [{ name: 'x' }] }, 'container x: image: got nothing; allowed: an image; name one'],
  [
    'a mount over the binaries',
    { volumes: [{ name: 'x', emptyDir: {} }], volumeMounts: [{ name: 'x', mountPath: '/bin' }] },
    'volumeMounts[0].mountPath: got "/bin"; allowed: absolute paths outside the system\'s folders;',
  ],
  [
    'a mount that goes around',
    { volumes: [{ name: 'x', emptyDir: {} }], volumeMounts: [{ name: 'x', mountPath: '/x/../vault/tls' }] },
    'volumeMounts[0].mountPath: got "/x/../vault/tls"; allowed: absolute paths outside the system\'s folders;',
  ],
  ['a volume without source', { volumes: [{ name: 'x' }] }, 'volumes: got {"name":"x"}; allowed: volumes with one source;'],
  [
    'a toleration that does not exist',
    { placement: { tolerations: [{ operator: 'Equals' }] } },
    'placement.tolerations: operator: got "Equals"; allowed: "Equal", "Exists";',
  ],
  [
    'the metadata service as a database',
    { network: { egress: [{ cidr: '169.254.169.254/32', ports: [80] }] } },
    'network.egress[0].cidr: got "169.254.169.254/32"; allowed: addresses that are not link-local;',
  ],
  [
    'a load balancer that nobody gets through',
    { services: { active: { type: 'LoadBalancer' } } },
    'services.active.type: got "LoadBalancer"; allowed: types other than ClusterIP only with an address in network.clients;',
  ],
  [
    'a type for the headless Service',
    { services: { internal: { type: 'LoadBalancer' } as never } },
    'services.internal: got "type"; allowed: annotations, labels, ipFamilies, ipFamilyPolicy;',
  ],
  [
    'a Service account label of the chart',
    { serviceAccount: { labels: { 'app.kubernetes.io/name': 'x' } } },
    'serviceAccount.labels: got "app.kubernetes.io/name"; allowed: labels that the chart does not set; choose another key',
  ],
  [
    'the session of a role that the old key has not',
    { seal: { kmsKeyId: 'alias/x', migrateFrom: { kmsKeyId: 'alias/y', roleSessionName: 'vault' } } },
    'seal.migrateFrom.roleSessionName: got "vault"; allowed: nothing without seal.migrateFrom.roleArn;',
  ],
  [
    'the audit volume, where there is none',
    { sidecars: [{ name: 'x', image: 'x', volumeMounts: [{ name: 'audit', mountPath: '/a' }] }] },
    'container x: volumeMounts: got "audit"; allowed: config, tls; this one',
  ],
  [
    'a volume that nobody declared',
    { sidecars: [{ name: 'x', image: 'x', volumeMounts: [{ name: 'y', mountPath: '/a' }] }] },
    'container x: volumeMounts: got "y"; allowed: config, tls; add the volume to the prop volumes',
  ],
  [
    'an init container named like a sidecar',
    { initContainers: [{ name: 'x', image: 'x' }], sidecars: [{ name: 'x', image: 'x' }] },
    'initContainers[0].name: got "x"; allowed: names other than',
  ],
  [
    'a container whose name is none',
    { sidecars: [{ name: 'X', image: 'x' }] },
    'sidecars[0].name: got "X"; allowed: 1 to 63 characters of',
  ],
  [
    'two volumes of one name',
    {
      volumes: [
        { name: 'x', emptyDir: {} },
        { name: 'x', emptyDir: {} },
      ],
    },
    'volumes[1].name: got "x"; allowed: each name once; choose another name',
  ],
  [
    'a variable twice',
    {
      env: [
        { name: 'X', value: '1' },
        { name: 'X', value: '2' },
      ],
    },
    'env[1].name: got "X"; allowed: each name once; choose another name',
  ],
  ['a variable whose name is none', { env: [{ name: 'A B', value: '1' }] }, 'env[0].name: got "A B"; allowed: names of environment'],
  [
    'a toleration of no effect',
    { placement: { tolerations: [{ effect: 'Never' }] } },
    'placement.tolerations: effect: got "Never"; allowed: "NoSchedule", "PreferNoSchedule", "NoExecute";',
  ],
  ['a pull secret', { images: { pullSecrets: ['Registry'] } }, 'images.pullSecrets: got ["Registry"]; allowed: a list'],
  [
    'a peer that is neither pods nor addresses',
    { network: { clients: [{} as never] } },
    'network.clients[0]: got {}; allowed: either cidr or podLabels; write one of them',
  ],
  [
    'an image whose capability nobody set',
    { memoryLock: 'image-capability' },
    'memoryLock: got "image-capability"; allowed: only with an image of yours whose vault binary carries cap_ipc_lock;',
  ],
  [
    'a public Service with source ranges that it ignores',
    { services: { all: { loadBalancerSourceRanges: ['10.0.0.0/8'] } } },
    'services.all.loadBalancerSourceRanges: got ["10.0.0.0/8"]; allowed: only for type "LoadBalancer";',
  ],
  [
    'a traffic policy for traffic that never comes',
    { services: { all: { externalTrafficPolicy: 'Local' } } },
    'services.all.externalTrafficPolicy: got "Local"; allowed: only for types "NodePort" and "LoadBalancer";',
  ],
  [
    'proxies without what they speak',
    { listener: { proxyProtocolBehavior: 'allow_authorized' } },
    'listener.proxyProtocolBehavior: got "allow_authorized"; allowed: only together with listener.proxyProtocolAuthorizedAddrs;',
  ],
  [
    'leases longer than they may be',
    { config: { defaultLeaseTtl: '1000h' } },
    'config.defaultLeaseTtl: got "1000h"; allowed: at most config.maxLeaseTtl (768h);',
  ],
  [
    'a locked server that is bound to be killed',
    { resources: { requests: { cpu: '1', memory: '256Mi', ephemeralStorage: '1Gi' }, limits: { memory: '1Gi', ephemeralStorage: '1Gi' } } },
    'resources.requests.memory: got "256Mi"; allowed: 450M or more with memoryLock "file-capability";',
  ],
  [
    'the container that kubectl logs shows',
    { podAnnotations: { 'kubectl.kubernetes.io/default-container': 'x' } },
    'podAnnotations: got "kubectl.kubernetes.io/default-container"; allowed: annotations that the chart does not set;',
  ],
  [
    'an annotation of EKS on the ServiceAccount',
    { serviceAccount: { annotations: { 'eks.amazonaws.com/audience': 'x' } } },
    'serviceAccount.annotations: got "eks.amazonaws.com/audience"; allowed: annotations that the chart does not set; leave it out',
  ],
  [
    'a key in a region of another partition',
    { seal: { kmsKeyId: 'alias/x', region: 'cn-north-1' } },
    'seal.region: got "cn-north-1"; allowed: regions of partition aws, as aws.region eu-west-1 is;',
  ],
  [
    'a migration to a key of another account',
    { seal: { kmsKeyId: 'alias/x', migrateFrom: { kmsKeyId: 'arn:aws:kms:eu-west-1:999999999999:alias/y' } } },
    'seal.migrateFrom.kmsKeyId: got "arn:aws:kms:eu-west-1:999999999999:alias/y"; allowed: keys of account 123456789012;',
  ],
  [
    'a role of another partition',
    { seal: { kmsKeyId: 'alias/x', roleArn: 'arn:aws-cn:iam::123456789012:role/x' } },
    'seal.roleArn: got "arn:aws-cn:iam::123456789012:role/x"; allowed: ARNs of partition aws,',
  ],
  [
    'an endpoint with a port that is none',
    { storage: { table: 'abc', endpoint: 'https://x:99999' } },
    'storage.endpoint: got "https://x:99999"; allowed: http or https URLs;',
  ],
];

const restricted = (container: object): Partial<VaultServerProps> => ({
  memoryLock: 'off',
  createNamespace: true,
  sidecars: [{ name: 'x', image: 'x', ...container }],
});
const fine = { allowPrivilegeEscalation: false, capabilities: { drop: ['ALL'] } };

describe('Pod Security restricted, where the chart makes the namespace and adds no capability, refuses', () => {
  test.each([
    ['allowPrivilegeEscalation: false', { securityContext: { ...fine, allowPrivilegeEscalation: true } }],
    ['capabilities.drop: ["ALL"]', { securityContext: { ...fine, capabilities: {} } }],
    ['no capabilities.add but NET_BIND_SERVICE', { securityContext: { ...fine, capabilities: { drop: ['ALL'], add: ['NET_ADMIN'] } } }],
    ['no privileged: true', { securityContext: { ...fine, privileged: true } }],
    ['no runAsNonRoot: false', { securityContext: { ...fine, runAsNonRoot: false } }],
    ['no runAsUser: 0', { securityContext: { ...fine, runAsUser: 0 } }],
    ['a seccompProfile other than Unconfined', { securityContext: { ...fine, seccompProfile: { type: 'Unconfined' } } }],
    ['no procMount but Default', { securityContext: { ...fine, procMount: 'Unmasked' } }],
    ['no hostPort', { securityContext: fine, ports: [{ containerPort: 1, hostPort: 1 }] }],
  ])('%s', (rule, container) => {
    expect(problems(restricted(container)).join()).toContain(`; allowed: ${rule}; the namespace that createNamespace makes`);
  });

  test('a volume on the node, and nothing of a container that follows its rules', () => {
    expect(problems({ ...restricted({ securityContext: fine }), volumes: [{ name: 'x', hostPath: { path: '/' } }] })).toEqual([
      expect.stringContaining('volumes: got {"name":"x","hostPath":{"path":"/"}}; allowed: volumes of type configMap,'),
    ]);
    expect(problems(restricted({ securityContext: fine }))).toEqual([]);
  });

  test('but where the namespace is somebody else’s, that is theirs to say', () => {
    expect(problems({ ...restricted({ securityContext: { privileged: true } }), createNamespace: false })).toEqual([]);
  });
});

describe('accepted', () => {
  const amounts = { cpu: '1', memory: '1Gi', ephemeralStorage: '1Gi' };
  test.each<[string, Partial<VaultServerProps>]>([
    [
      'quantities with exponents and large units',
      { resources: { requests: amounts, limits: { ...amounts, memory: '1e10', ephemeralStorage: '1Ei' } } },
    ],
    ['a namespace that starts with a digit', { namespace: '2-teams' }],
    ['a tag of a repository of your own', { images: { vault: { repository: 'registry.example.com/vault', tag: 'build-7f3c' } } }],
    ['a digest with a tag for people', { images: { vault: { tag: 'v1.21.7', digest: `sha256:${'0'.repeat(64)}` } } }],
  ])('%s', (_, props) => {
    expect(problems(props)).toEqual([]);
  });

  test.each(['latest', '1.21', 'v2'])('but not the moving tag %s in a repository of your own', tag => {
    expect(problems({ images: { vault: { repository: 'registry.example.com/vault', tag } } })).toEqual([
      expect.stringContaining(`images.vault.tag: got "${tag}"; allowed: tags that stay where they are`),
    ]);
  });
});

describe('refused at synth', () => {
  test.each(cases)('%s', (_, props, message) => {
    const found = problems(props);
    expect(found.filter(problem => problem.replace(/^\[vault[^\]]*\] /, '').startsWith(message))).toHaveLength(1);
  });

  test('two Vaults on one table or with one role, wherever they stand in the app', () => {
    const app = new KustomizeApp();
    new VaultServer(app.environment('staging'), 'one', minimal);
    new VaultServer(app.environment('production'), 'two', minimal);
    expect(() => app.render()).toThrow(
      new Error(
        [
          '2 problems, nothing was written:',
          '  [production/two] the IAM role arn:aws:iam::123456789012:role/vault-server is already taken by [staging/one]; give one of them another role: each ServiceAccount has its own',
          '  [production/two] the DynamoDB table vault-data of account 123456789012 in eu-west-1 is already taken by [staging/one]; give each Vault its own table: two on one table overwrite each other',
        ].join('\n'),
      ),
    );
  });

  test('all problems of a run at once, each naming its construct', () => {
    const app = new KustomizeApp();
    new VaultServer(app.environment('staging'), 'one', { ...minimal, replicas: -1 });
    new VaultServer(app.environment('production'), 'two', { ...minimal, role: 'two', storage: { table: '!' }, seal: { kmsKeyId: '' } });
    expect(() => app.render()).toThrow(
      new Error(
        [
          '3 problems, nothing was written:',
          '  [staging/one] replicas: got -1; allowed: whole numbers from 0 to 100; write a whole number, such as 0',
          '  [production/two] storage.table: got "!"; allowed: 3 to 255 characters of a-z, A-Z, 0-9, "_", "-" and "."; write a table name, such as "vault-data"',
          '  [production/two] seal.kmsKeyId: got ""; allowed: a key id, a key ARN, "alias/<name>" or an alias ARN; write for example "alias/vault-unseal"',
        ].join('\n'),
      ),
    );
  });
});

test('what excludes each other does not compile', () => {
  // @ts-expect-error a certificate comes from one place
  const both: VaultServerProps['tls'] = { secretName: 'x', certManager: { issuer: { kind: 'Issuer', name: 'ca' } } };
  // @ts-expect-error an existing ServiceAccount is not annotated
  const account: VaultServerProps['serviceAccount'] = { existing: 'x', annotations: {} };
  // @ts-expect-error a peer is pods or addresses
  const peer: VaultServerProps['network'] = { clients: [{ cidr: '10.0.0.0/8', podLabels: {} }] };
  // @ts-expect-error kubelet would be refused
  const listener: VaultServerProps['listener'] = { proxyProtocolBehavior: 'deny_unauthorized' };
  expect([both, account, peer, listener]).toHaveLength(4);
});
