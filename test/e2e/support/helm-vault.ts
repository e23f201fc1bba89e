import type { Manifest } from '../../support/render';

export interface HelmVault {
  readonly namespace: string;
  readonly region: string;
  readonly table: string;
  readonly kmsKeyId: string;
  readonly roleArn: string;
  readonly tlsSecretName: string;
  readonly tag: string;
}

const name = 'vault';
/** Its selector never changes; what runs under other names is not its own. */
const selector = { 'app.kubernetes.io/name': 'vault', 'app.kubernetes.io/instance': name, component: 'server' };
const labels = {
  'helm.sh/chart': 'vault-0.31.0',
  'app.kubernetes.io/name': 'vault',
  'app.kubernetes.io/instance': name,
  'app.kubernetes.io/managed-by': 'Helm',
};

/** A Vault with high availability as the Helm chart of HashiCorp makes it: its names, labels, paths and way to start. */
export function helmVault({ namespace, region, table, kmsKeyId, roleArn, tlsSecretName, tag }: HelmVault): readonly Manifest[] {
  const metadata = (object: string, more: object = {}) => ({ name: object, namespace, labels, ...more });
  const tls = `/vault/userconfig/${tlsSecretName}`;
  const config = `disable_mlock = true
ui = true
listener "tcp" {
  tls_disable = 0
  address = "[::]:8200"
  cluster_address = "[::]:8201"
  tls_cert_file = "${tls}/tls.crt"
  tls_key_file = "${tls}/tls.key"
}
storage "dynamodb" {
  ha_enabled = "true"
  region = "${region}"
  table = "${table}"
}
seal "awskms" {
  region = "${region}"
  kms_key_id = "${kmsKeyId}"
}
service_registration "kubernetes" {}
`;
  const service = (object: string, spec: object): Manifest => ({
    apiVersion: 'v1',
    kind: 'Service',
    metadata: metadata(object),
    spec: {
      publishNotReadyAddresses: true,
      ports: [
        { name: 'https', port: 8200, targetPort: 8200 },
        { name: 'https-internal', port: 8201, targetPort: 8201 },
      ],
      selector,
      ...spec,
    },
  });
  const field = (variable: string, fieldPath: string) => ({ name: variable, valueFrom: { fieldRef: { fieldPath } } });
  const container = {
    name: 'vault',
    image: `hashicorp/vault:${tag}`,
    imagePullPolicy: 'IfNotPresent',
    command: ['/bin/sh', '-ec'],
    args: ['cp /vault/config/extraconfig-from-values.hcl /tmp/storageconfig.hcl\nexec vault server -config=/tmp/storageconfig.hcl\n'],
    env: [
      field('HOST_IP', 'status.hostIP'),
      field('POD_IP', 'status.podIP'),
      field('VAULT_K8S_POD_NAME', 'metadata.name'),
      field('VAULT_K8S_NAMESPACE', 'metadata.namespace'),
      field('HOSTNAME', 'metadata.name'),
      { name: 'VAULT_ADDR', value: 'https://127.0.0.1:8200' },
      { name: 'VAULT_API_ADDR', value: 'https://$(POD_IP):8200' },
      { name: 'VAULT_CLUSTER_ADDR', value: 'https://$(HOSTNAME).vault-internal:8201' },
      { name: 'VAULT_CACERT', value: `${tls}/ca.crt` },
      { name: 'SKIP_CHOWN', value: 'true' },
      { name: 'SKIP_SETCAP', value: 'true' },
      { name: 'HOME', value: '/home/vault' },
    ],
    ports: [
      { name: 'https', containerPort: 8200 },
      { name: 'https-internal', containerPort: 8201 },
    ],
    readinessProbe: {
      exec: { command: ['/bin/sh', '-ec', 'vault status -tls-skip-verify'] },
      failureThreshold: 2,
      initialDelaySeconds: 5,
      periodSeconds: 5,
      timeoutSeconds: 3,
    },
    lifecycle: { preStop: { exec: { command: ['/bin/sh', '-c', 'sleep 5 && kill -SIGTERM $(pidof vault)'] } } },
    securityContext: { allowPrivilegeEscalation: false },
    volumeMounts: [
      { name: 'config', mountPath: '/vault/config' },
      { name: `userconfig-${tlsSecretName}`, mountPath: tls, readOnly: true },
      { name: 'home', mountPath: '/home/vault' },
    ],
  };
  const antiAffinity = [{ labelSelector: { matchLabels: selector }, topologyKey: 'kubernetes.io/hostname' }];
  return [
    { apiVersion: 'v1', kind: 'ServiceAccount', metadata: metadata(name, { annotations: { 'eks.amazonaws.com/role-arn': roleArn } }) },
    { apiVersion: 'v1', kind: 'ConfigMap', metadata: metadata('vault-config'), data: { 'extraconfig-from-values.hcl': config } },
    {
      apiVersion: 'rbac.authorization.k8s.io/v1',
      kind: 'Role',
      metadata: metadata('vault-discovery-role'),
      rules: [{ apiGroups: [''], resources: ['pods'], verbs: ['get', 'watch', 'list', 'update', 'patch'] }],
    },
    {
      apiVersion: 'rbac.authorization.k8s.io/v1',
      kind: 'RoleBinding',
      metadata: metadata('vault-discovery-rolebinding'),
      roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'Role', name: 'vault-discovery-role' },
      subjects: [{ kind: 'ServiceAccount', name, namespace }],
    },
    service('vault', {}),
    service('vault-active', { selector: { ...selector, 'vault-active': 'true' } }),
    service('vault-standby', { selector: { ...selector, 'vault-active': 'false' } }),
    service('vault-internal', { clusterIP: 'None' }),
    {
      apiVersion: 'policy/v1',
      kind: 'PodDisruptionBudget',
      metadata: metadata(name),
      spec: { maxUnavailable: 1, selector: { matchLabels: selector } },
    },
    {
      apiVersion: 'apps/v1',
      kind: 'StatefulSet',
      metadata: metadata(name),
      spec: {
        serviceName: 'vault-internal',
        podManagementPolicy: 'Parallel',
        replicas: 3,
        updateStrategy: { type: 'OnDelete' },
        selector: { matchLabels: selector },
        template: {
          metadata: { labels: { ...selector, 'helm.sh/chart': labels['helm.sh/chart'] } },
          spec: {
            affinity: { podAntiAffinity: { requiredDuringSchedulingIgnoredDuringExecution: antiAffinity } },
            containers: [container],
            securityContext: { runAsNonRoot: true, runAsGroup: 1000, runAsUser: 100, fsGroup: 1000 },
            serviceAccountName: name,
            terminationGracePeriodSeconds: 10,
            volumes: [
              { name: 'config', configMap: { name: 'vault-config' } },
              { name: `userconfig-${tlsSecretName}`, secret: { secretName: tlsSecretName, defaultMode: 0o440 } },
              { name: 'home', emptyDir: {} },
            ],
          },
        },
      },
    },
  ];
}
