import { describe, expect, test } from '@jest/globals';
import { hcl, podSpec, serverContainer, serverObjects } from '../support/render';

describe('the smallest server', () => {
  const objects = serverObjects();
  const statefulSet = objects['StatefulSet/vault'];
  const pod = podSpec();
  const vault = serverContainer();

  test('is these objects', () => {
    expect(Object.keys(objects).sort()).toEqual([
      'Certificate/vault-tls',
      'ConfigMap/vault-config',
      'NetworkPolicy/vault',
      'NetworkPolicy/vault-clients',
      'PodDisruptionBudget/vault',
      'Role/vault',
      'RoleBinding/vault',
      'Service/vault',
      'Service/vault-active',
      'Service/vault-internal',
      'Service/vault-standby',
      'ServiceAccount/vault',
      'StatefulSet/vault',
    ]);
  });

  test('runs three pods that start together and are replaced by nobody but their operator', () => {
    expect(statefulSet.spec).toMatchObject({
      replicas: 3,
      podManagementPolicy: 'Parallel',
      updateStrategy: { type: 'OnDelete' },
      revisionHistoryLimit: 10,
      serviceName: 'vault-internal',
    });
    expect(vault.image).toBe('hashicorp/vault:1.21.7');
  });

  test('keeps servers on different nodes and spreads them over zones', () => {
    const labelSelector = { matchLabels: statefulSet.spec.selector.matchLabels };
    expect(pod.affinity.podAntiAffinity.requiredDuringSchedulingIgnoredDuringExecution).toEqual([
      { labelSelector, topologyKey: 'kubernetes.io/hostname' },
    ]);
    expect(pod.topologySpreadConstraints).toEqual([
      {
        labelSelector,
        maxSkew: 1,
        nodeTaintsPolicy: 'Honor',
        topologyKey: 'topology.kubernetes.io/zone',
        whenUnsatisfiable: 'DoNotSchedule',
      },
    ]);
  });

  test('selects by name, instance and component alone, and has no version in the pod template', () => {
    const labels = { 'app.kubernetes.io/name': 'vault', 'app.kubernetes.io/instance': 'vault', 'app.kubernetes.io/component': 'server' };
    expect(statefulSet.spec.selector.matchLabels).toEqual(labels);
    expect(statefulSet.spec.template.metadata.labels).toEqual(labels);
  });

  test('execs Vault without a shell, with one config file', () => {
    expect(vault.command).toEqual(['/vault/bin/vault', 'server', '-config=/vault/config/vault.hcl']);
    expect(vault.args).toBeUndefined();
  });

  test('lets `kubectl exec ... vault status` work as it is', () => {
    const env = Object.fromEntries(vault.env.map(({ name, value }: { name: string; value: string }) => [name, value]));
    expect(env).toMatchObject({ VAULT_ADDR: 'https://127.0.0.1:8200', VAULT_CACERT: '/vault/tls/ca.crt', HOME: '/home/vault' });
  });

  test('announces addresses of the pod under the headless Service', () => {
    const env = Object.fromEntries(vault.env.map(({ name, value }: { name: string; value: string }) => [name, value]));
    expect(env).toMatchObject({
      VAULT_API_ADDR: 'https://$(VAULT_K8S_POD_NAME).vault-internal.$(VAULT_K8S_NAMESPACE).svc:8200',
      VAULT_CLUSTER_ADDR: 'https://$(VAULT_K8S_POD_NAME).vault-internal.$(VAULT_K8S_NAMESPACE).svc:8201',
    });
    // Kubernetes expands $(NAME) only from variables that stand before
    expect(vault.env.slice(0, 2).map(({ name }: { name: string }) => name)).toEqual(['VAULT_K8S_NAMESPACE', 'VAULT_K8S_POD_NAME']);
  });

  test('says its region explicitly, since the environment that EKS injects would override the configuration', () => {
    expect(vault.env).toContainEqual({ name: 'AWS_REGION', value: 'eu-west-1' });
    expect(vault.env).toContainEqual({ name: 'AWS_STS_REGIONAL_ENDPOINTS', value: 'regional' });
  });

  test('gives the role to the server alone, and shows a changed role on the pods', () => {
    expect(objects['ServiceAccount/vault'].metadata.annotations['eks.amazonaws.com/role-arn']).toBe(
      'arn:aws:iam::123456789012:role/vault-server',
    );
    expect(statefulSet.spec.template.metadata.annotations).toMatchObject({
      'eks.amazonaws.com/role-arn': 'arn:aws:iam::123456789012:role/vault-server',
      'eks.amazonaws.com/skip-containers': 'copy-vault,lock-memory,reload',
    });
  });

  test('mounts the token of the API in the server alone', () => {
    expect([objects['ServiceAccount/vault'].automountServiceAccountToken, pod.automountServiceAccountToken]).toEqual([false, false]);
    const holders = [...pod.containers, ...pod.initContainers].filter(({ volumeMounts }) =>
      volumeMounts.some(({ name }: { name: string }) => name === 'api-token'),
    );
    expect(holders.map(({ name }) => name)).toEqual(['vault']);
  });

  test('runs every container without privilege; uid 0 and SETFCAP only where the capability is set on the file', () => {
    expect(pod.securityContext).toEqual({
      fsGroup: 10001,
      fsGroupChangePolicy: 'OnRootMismatch',
      runAsGroup: 10001,
      runAsNonRoot: true,
      runAsUser: 10001,
      seccompProfile: { type: 'RuntimeDefault' },
    });
    for (const container of [...pod.containers, ...pod.initContainers]) {
      const added = { vault: ['IPC_LOCK'], 'lock-memory': ['SETFCAP'] }[container.name as string];
      expect(container.securityContext).toEqual({
        allowPrivilegeEscalation: false,
        capabilities: { drop: ['ALL'], ...(added && { add: added }) },
        privileged: false,
        readOnlyRootFilesystem: true,
        runAsNonRoot: container.name !== 'lock-memory',
        ...(container.name === 'lock-memory' && { runAsUser: 0 }),
        seccompProfile: { type: 'RuntimeDefault' },
      });
    }
    expect([pod.enableServiceLinks, pod.shareProcessNamespace]).toEqual([false, true]);
  });

  test('sets requests and limits for cpu, memory and ephemeral storage on every container', () => {
    for (const { resources } of [...pod.containers, ...pod.initContainers]) {
      for (const amounts of [resources.requests, resources.limits])
        expect(Object.keys(amounts).sort()).toEqual(['cpu', 'ephemeral-storage', 'memory']);
    }
  });

  test('is probed over HTTPS: sealed and uninitialised servers live on, but are not ready', () => {
    const query = (probe: { httpGet: { path: string } }) => Object.fromEntries(new URLSearchParams(probe.httpGet.path.split('?')[1]));
    expect(query(vault.startupProbe)).toMatchObject({ standbyok: 'true', sealedcode: '200', uninitcode: '200' });
    expect(query(vault.livenessProbe)).toMatchObject({
      standbyok: 'true',
      sealedcode: '200',
      uninitcode: '200',
      haunhealthycode: '200',
      removedcode: '200',
    });
    expect(query(vault.readinessProbe)).toEqual({ standbyok: 'true', perfstandbyok: 'true' });
    expect(vault.livenessProbe).toMatchObject({
      periodSeconds: 10,
      timeoutSeconds: 10,
      failureThreshold: 12,
      httpGet: { scheme: 'HTTPS', port: 8200 },
    });
  });

  test('leaves the Services before it is told to stop, and has a minute to hand over', () => {
    expect(vault.lifecycle.preStop.exec.command).toEqual(['sleep', '5']);
    expect(pod.terminationGracePeriodSeconds).toBe(60);
  });

  test('may label its own pods, with room for ten', () => {
    const names = Array.from({ length: 10 }, (_, ordinal) => `vault-${ordinal}`);
    expect(objects['Role/vault'].rules).toEqual([{ apiGroups: [''], resources: ['pods'], resourceNames: names, verbs: ['get', 'patch'] }]);
  });

  test('is described by this configuration', () => {
    expect(hcl()).toBe(`disable_mlock = false

listener "tcp" {
  address = "[::]:8200"
  cluster_address = "[::]:8201"
  tls_cert_file = "/vault/tls/tls.crt"
  tls_key_file = "/vault/tls/tls.key"
  tls_min_version = "tls12"
}

listener "tcp" {
  address = "[::]:8210"
  cluster_address = "[::]:8211"
  tls_cert_file = "/vault/tls/tls.crt"
  tls_key_file = "/vault/tls/tls.key"
  tls_min_version = "tls12"

  telemetry {
    unauthenticated_metrics_access = true
  }
}

storage "dynamodb" {
  table = "vault-data"
  region = "eu-west-1"
  ha_enabled = "true"
}

seal "awskms" {
  region = "eu-west-1"
  kms_key_id = "alias/vault-unseal"
}

service_registration "kubernetes" {}

telemetry {
  prometheus_retention_time = "24h"
  disable_hostname = true
}
`);
  });

  test('keeps its configuration in a ConfigMap that cannot change and that nobody prunes', () => {
    const configMap = objects['ConfigMap/vault-config'];
    expect(configMap.immutable).toBe(true);
    expect(configMap.metadata.annotations).toEqual({
      'argocd.argoproj.io/compare-options': 'IgnoreExtraneous',
      'argocd.argoproj.io/sync-options': 'Prune=false',
      'kustomize.toolkit.fluxcd.io/prune': 'disabled',
    });
    expect(pod.volumes[0].configMap.name).toBe(configMap.metadata.name);
  });
});
