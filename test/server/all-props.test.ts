import { parse } from '@cdktn/hcl2json';
import { describe, expect, test } from '@jest/globals';
import { KustomizeApp, VaultServer } from '../../charts';
import { type Manifest, objectsOf } from '../support/render';
import { allProps } from './all-props';

const app = new KustomizeApp();
new VaultServer(app, 'vault', allProps);
const objects = objectsOf(app.render());
const statefulSet = objects['StatefulSet/keeper'];
const pod = statefulSet.spec.template.spec;
const vault = pod.containers[0];

describe('a server with every prop set', () => {
  test('names everything after itself', () => {
    expect(Object.keys(objects).sort()).toEqual([
      'Certificate/keeper-tls',
      'ConfigMap/keeper-config',
      'Namespace/secrets',
      'NetworkPolicy/keeper',
      'NetworkPolicy/keeper-clients',
      'NetworkPolicy/keeper-egress',
      'NetworkPolicy/keeper-metrics',
      'NetworkPolicy/keeper-telemetry',
      'PodDisruptionBudget/keeper',
      'Role/keeper',
      'RoleBinding/keeper',
      'Service/keeper',
      'Service/keeper-active',
      'Service/keeper-internal',
      'Service/keeper-standby',
      'ServiceAccount/keeper-servers',
      'StatefulSet/keeper',
    ]);
    expect(statefulSet.spec.selector.matchLabels['app.kubernetes.io/instance']).toBe('keeper');
  });

  test('runs the image by its digest, with the tag for people', () => {
    expect(vault.image).toBe(`registry.example.com/team/vault:2.0.4@sha256:${'0123456789abcdef'.repeat(4)}`);
    expect([vault.imagePullPolicy, pod.imagePullSecrets]).toEqual(['Always', [{ name: 'registry' }]]);
  });

  test('is placed, sized, probed and stopped as told', () => {
    expect(statefulSet.spec.replicas).toBe(5);
    expect(pod).toMatchObject({
      affinity: { podAntiAffinity: { preferredDuringSchedulingIgnoredDuringExecution: [{ weight: 100 }] } },
      topologySpreadConstraints: [{ whenUnsatisfiable: 'ScheduleAnyway' }],
      ...allProps.placement,
      terminationGracePeriodSeconds: 120,
      securityContext: { runAsUser: 20001, runAsGroup: 20002, fsGroup: 20003 },
    });
    expect(vault.resources).toEqual({
      requests: { cpu: '1', memory: '2Gi', 'ephemeral-storage': '1Gi' },
      limits: { memory: '4Gi', 'ephemeral-storage': '2Gi' },
    });
    expect(vault.startupProbe).toMatchObject({ initialDelaySeconds: 1, periodSeconds: 2, timeoutSeconds: 3, failureThreshold: 4 });
    expect([vault.livenessProbe.periodSeconds, vault.livenessProbe.failureThreshold, vault.readinessProbe.failureThreshold]).toEqual([
      20, 12, 5,
    ]);
    expect(vault.lifecycle.preStop.exec.command).toEqual(['sleep', '15']);
  });

  test('has the additions beside what is its own', () => {
    expect(statefulSet.spec.template.metadata.labels).toMatchObject({ team: 'platform', 'app.kubernetes.io/name': 'vault' });
    expect(statefulSet.spec.template.metadata.annotations).toMatchObject({
      'example.com/owner': 'platform',
      'eks.amazonaws.com/skip-containers': 'fetch-plugins,proxy,reload,ship-audit',
    });
    expect(vault.env.at(-1)).toEqual({ name: 'GOGC', value: '50' });
    expect(vault.volumeMounts).toContainEqual({ name: 'plugins', mountPath: '/vault/plugins' });
    expect(pod.volumes).toContainEqual({ name: 'plugins', emptyDir: { sizeLimit: '1Gi' } });
    expect([pod.initContainers.map(name), pod.containers.map(name)]).toEqual([
      ['fetch-plugins', 'proxy'],
      ['vault', 'reload', 'ship-audit'],
    ]);
    // a native sidecar, which the types of cdk8s do not know
    expect(pod.initContainers.map(({ restartPolicy }: Manifest) => restartPolicy)).toEqual([undefined, 'Always']);
  });

  test('has a volume for the audit log that outlives nothing, as told', () => {
    expect(statefulSet.spec.persistentVolumeClaimRetentionPolicy).toEqual({ whenDeleted: 'Delete', whenScaled: 'Delete' });
    expect(statefulSet.spec.volumeClaimTemplates).toEqual([
      {
        metadata: { name: 'audit' },
        spec: { accessModes: ['ReadWriteOncePod'], resources: { requests: { storage: '10Gi' } }, storageClassName: 'gp3' },
      },
    ]);
    expect(vault.volumeMounts).toContainEqual({ name: 'audit', mountPath: '/vault/audit' });
  });

  test('gives each Service its own props', () => {
    expect(objects['Service/keeper'].metadata).toMatchObject({
      labels: { exposed: 'true' },
      annotations: { 'service.beta.kubernetes.io/aws-load-balancer-scheme': 'internal' },
    });
    expect(objects['Service/keeper'].spec).toEqual({
      type: 'LoadBalancer',
      externalTrafficPolicy: 'Local',
      internalTrafficPolicy: 'Cluster',
      ipFamilies: ['IPv6', 'IPv4'],
      ipFamilyPolicy: 'PreferDualStack',
      loadBalancerClass: 'service.k8s.aws/nlb',
      loadBalancerSourceRanges: ['10.0.0.0/8'],
      ports: [{ name: 'https', port: 9200, targetPort: 9200, appProtocol: 'https' }],
      selector: statefulSet.spec.selector.matchLabels,
    });
    expect(objects['Service/keeper-active'].spec).toMatchObject({ type: 'NodePort', selector: { 'vault-active': 'true' } });
    expect(objects['Service/keeper-standby'].spec).toMatchObject({ internalTrafficPolicy: 'Local', selector: { 'vault-active': 'false' } });
    expect(objects['Service/keeper-internal'].spec).toMatchObject({
      clusterIP: 'None',
      publishNotReadyAddresses: true,
      ports: [{ port: 9200 }, { port: 9201 }, { port: 9300 }],
    });
  });

  test('shows the role on ServiceAccount and pods, and regions that differ in the environment', () => {
    expect(objects['ServiceAccount/keeper-servers'].metadata).toMatchObject({
      labels: { team: 'platform' },
      annotations: { 'example.com/owner': 'platform', 'eks.amazonaws.com/role-arn': 'arn:aws:iam::123456789012:role/teams/keeper' },
    });
    expect(objects['RoleBinding/keeper'].subjects).toEqual([{ kind: 'ServiceAccount', name: 'keeper-servers', namespace: 'secrets' }]);
    expect(vault.env).toContainEqual({ name: 'AWS_REGION', value: 'eu-central-1' });
    expect(vault.env).toContainEqual({ name: 'AWS_DYNAMODB_REGION', value: 'eu-west-1' });
  });

  test('orders the certificate from an external issuer', () => {
    expect(objects['Certificate/keeper-tls'].spec).toMatchObject({
      issuerRef: { kind: 'AWSPCAClusterIssuer', name: 'pca', group: 'awspca.cert-manager.io' },
      duration: '720h',
      renewBefore: '240h',
      secretName: 'keeper-tls',
      dnsNames: expect.arrayContaining(['vault.example.com', '*.keeper-internal.secrets.svc']),
      ipAddresses: ['127.0.0.1', '::1', '10.0.0.10', '2001:db8::10'],
    });
  });

  test('lets an eviction take two of five', () => {
    expect(objects['PodDisruptionBudget/keeper'].spec).toMatchObject({ maxUnavailable: 2, unhealthyPodEvictionPolicy: 'AlwaysAllow' });
  });

  test('says everything to Vault, read back by an HCL parser', async () => {
    const { listener, storage, seal, telemetry, user_lockout, service_registration, ...topLevel } = (await parse(
      'vault.hcl',
      objects['ConfigMap/keeper-config'].data['vault.hcl'],
    )) as Record<string, never>;
    expect(topLevel).toEqual({
      disable_mlock: false,
      ui: true,
      cluster_name: 'keeper "one" %%{x}',
      log_level: 'debug',
      log_format: 'json',
      log_file: '/vault/plugins/vault.log',
      log_rotate_duration: '12h',
      log_rotate_bytes: 1048576,
      log_rotate_max_files: -1,
      log_requests_level: 'info',
      pid_file: '/tmp/vault.pid',
      disable_cache: true,
      disable_clustering: false,
      disable_printable_check: true,
      raw_storage_endpoint: true,
      introspection_endpoint: true,
      default_lease_ttl: '1h',
      max_lease_ttl: '24h',
      default_max_request_duration: '60s',
      cache_size: 1000,
      plugin_directory: '/vault/plugins',
      plugin_tmpdir: '/tmp/plugins',
      plugin_file_uid: 20001,
      plugin_file_permissions: '0755',
      detect_deadlocks: 'statelock,quotas',
      enable_response_header_hostname: true,
      enable_response_header_raft_node_id: true,
      imprecise_lease_role_tracking: true,
      enable_post_unseal_trace: true,
      post_unseal_trace_directory: '/tmp/trace',
      allow_audit_log_prefixing: true,
      deny_slash_in_templated_paths: false,
      experiments: ['events.alpha1'],
      enable_unauthenticated_access: ['generate-root'],
      cluster_cipher_suites: 'TLS_AES_256_GCM_SHA384,TLS_CHACHA20_POLY1305_SHA256',
      another_key: { nested: 'x' },
      future_key: ['a', 1, true],
    });
    expect(listener).toEqual({
      tcp: [
        {
          address: '[::]:9200',
          cluster_address: '[::]:9201',
          tls_cert_file: '/vault/tls/tls.crt',
          tls_key_file: '/vault/tls/tls.key',
          max_request_size: 1048576,
          max_request_duration: '60s',
          max_token_header_size: 4096,
          max_json_depth: 100,
          max_json_string_value_length: 1000000,
          max_json_object_entry_count: 1000,
          max_json_array_element_count: 2000,
          http_read_timeout: '20s',
          http_read_header_timeout: '5s',
          http_write_timeout: '30s',
          http_idle_timeout: '1m30s',
          disable_request_limiter: true,
          tls_min_version: 'tls12',
          tls_max_version: 'tls13',
          tls_cipher_suites: 'TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384,TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384',
          tls_disable_client_certs: true,
          proxy_protocol_behavior: 'allow_authorized',
          proxy_protocol_authorized_addrs: ['10.0.0.0/16'],
          x_forwarded_for_authorized_addrs: ['10.0.0.0/16', '10.1.0.0/16'],
          x_forwarded_for_hop_skips: 1,
          x_forwarded_for_reject_not_authorized: false,
          x_forwarded_for_reject_not_present: false,
          x_forwarded_for_client_cert_header: 'X-Forwarded-Client-Cert',
          disable_replication_status_endpoints: true,
          redact_addresses: true,
          redact_cluster_name: true,
          redact_version: true,
          custom_response_headers: {
            default: { 'Strict-Transport-Security': ['max-age=31536000', 'includeSubDomains'] },
            '4xx': { 'X-Why': ['no'] },
          },
        },
        {
          address: '[::]:9300',
          cluster_address: '[::]:9301',
          tls_cert_file: '/vault/tls/tls.crt',
          tls_key_file: '/vault/tls/tls.key',
          tls_min_version: 'tls12',
          tls_max_version: 'tls13',
          tls_cipher_suites: 'TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384,TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384',
          redact_addresses: true,
          redact_cluster_name: true,
          redact_version: true,
          custom_response_headers: {
            default: { 'Strict-Transport-Security': ['max-age=31536000', 'includeSubDomains'] },
            '4xx': { 'X-Why': ['no'] },
          },
          telemetry: [{ unauthenticated_metrics_access: true }],
        },
      ],
    });
    expect(storage).toEqual({
      dynamodb: [
        {
          table: 'vault.data',
          region: 'eu-west-1',
          endpoint: 'https://vpce-1.dynamodb.eu-west-1.vpce.amazonaws.com',
          ha_enabled: 'true',
          max_parallel: '64',
          read_capacity: '10',
          write_capacity: '20',
          billing_mode: 'PAY_PER_REQUEST',
          dynamodb_allow_updates: 'true',
          dynamodb_max_retries: '5',
        },
      ],
    });
    expect(seal).toEqual({
      awskms: [
        {
          region: 'eu-central-1',
          kms_key_id: 'arn:aws:kms:eu-central-1:210987654321:key/1234abcd-12ab-34cd-56ef-1234567890ab',
          endpoint: 'https://vpce-2.kms.eu-central-1.vpce.amazonaws.com:8443',
          role_arn: 'arn:aws:iam::210987654321:role/unseal',
          role_session_name: 'vault',
        },
        {
          region: 'eu-central-1',
          kms_key_id: 'alias/old',
          endpoint: 'https://vpce-3.kms.eu-central-1.vpce.amazonaws.com',
          role_arn: 'arn:aws:iam::210987654321:role/unseal-old',
          role_session_name: 'vault-migration',
          disabled: 'true',
        },
      ],
    });
    expect(telemetry).toEqual([
      {
        prometheus_retention_time: '12h',
        disable_hostname: false,
        enable_hostname_label: true,
        metrics_prefix: 'keeper',
        usage_gauge_period: '5m',
        maximum_gauge_cardinality: 100,
        lease_metrics_epsilon: '30m',
        num_lease_metrics_buckets: 10,
        add_lease_metrics_namespace_labels: true,
        filter_default: false,
        prefix_filter: ['+vault.token', '-vault.expire'],
        statsd_address: 'statsd.monitoring:8125',
        statsite_address: 'statsite.monitoring:8125',
        dogstatsd_addr: 'datadog.monitoring:8125',
        dogstatsd_tags: ['env:prod'],
      },
    ]);
    expect(user_lockout).toEqual({
      all: [{ lockout_threshold: '10', lockout_duration: '10m', lockout_counter_reset: '10m' }],
      userpass: [{ disable_lockout: true }],
    });
    expect(service_registration).toEqual({ kubernetes: [{}] });
  });
});

function name(container: { name: string }): string {
  return container.name;
}
