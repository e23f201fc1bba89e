import { ApiObject } from 'cdk8s';
import { Construct } from 'constructs';
import { k8s } from '../../../imports';
import { tableArn } from '../../app/aws/environment';
import { allow, IamRole } from '../../app/aws/iam-role';
import { tableActions, unsealStatement } from '../../app/aws/vault-actions';
import { renderHcl } from '../../app/hcl';
import { mayReviewTokens } from '../../app/jobs/auth-delegator';
import { ProgramFiles } from '../../app/jobs/program-files';
import { objectLabels, type SelectorLabels, selectorLabels } from '../../app/kubernetes/labels';
import { dnsEgress, metadataServices, networkPolicy, ports } from '../../app/kubernetes/network-policy';
import { omitUndefined } from '../../app/kubernetes/omit-undefined';
import { type ContainerResources, smallResources } from '../../app/kubernetes/resources';
import { apiTokenMount, apiTokenVolume, podSecurity, unprivileged } from '../../app/kubernetes/security';
import { unpruned } from '../../app/kubernetes/unpruned';
import { HashedObject } from '../../app/kustomize/hashed-object';
import type { IVault } from '../../app/vault';
import type { GuardPlan } from './plan';

export interface DrillVaultProps {
  readonly vault: IVault;
  readonly name: string;
  /** The table that it reads and writes, and no other. */
  readonly table: string;
  /** The pods of the drill's Job, which alone reach it. */
  readonly job: SelectorLabels;
  readonly guard: GuardPlan;
  readonly role: string;
  readonly reviewsTokens: boolean;
  readonly auditPaths: readonly string[];
  readonly resources: ContainerResources;
}

/** The port of its API. */
const port = 8200;

/**
 * One Vault on a copy of the data, without replicas until a drill asks for it. It can hurt nobody: its role reaches the copy and the unseal key, its pod AWS, DNS
 * and the API server, no Service leads to it, and it does not start where NetworkPolicies are not enforced.
 */
export class DrillVault extends Construct {
  readonly role: IamRole;
  readonly selector: SelectorLabels;
  readonly port = port;

  constructor(
    scope: Construct,
    id: string,
    private readonly props: DrillVaultProps,
  ) {
    super(scope, id);
    const { vault, name, table } = props;
    const { aws, namespace } = vault;
    this.selector = selectorLabels(vault.name, 'drill-server');
    const metadata = { name, namespace, labels: objectLabels(this.selector) };

    const region = vault.table?.region ?? aws.region;
    this.role = new IamRole(this, 'iam-role', {
      aws,
      role: props.role,
      serviceAccount: { namespace, name },
      statements: () => [
        allow('Scratch', 'dynamodb', tableActions, tableArn(table, aws, region)),
        ...(vault.unsealKey === undefined ? [] : [unsealStatement('Unseal', vault.unsealKey, aws)]),
      ],
    });
    new ApiObject(
      this,
      'service-account',
      k8s.KubeServiceAccount.manifest({
        metadata: { ...metadata, annotations: this.role.serviceAccountAnnotations },
        automountServiceAccountToken: false,
      }),
    );
    if (props.reviewsTokens) mayReviewTokens(this, vault, { name, serviceAccount: name });
    this.isolate(metadata);

    const config = new HashedObject(this, 'config', {
      ...k8s.KubeConfigMap.manifest({
        metadata: { namespace, labels: metadata.labels, annotations: unpruned },
        immutable: true,
        data: { 'vault.hcl': this.hcl(region) },
      }),
      baseName: `${name}-config`,
    });
    const guard = new ProgramFiles(
      this,
      `${name}-guard`,
      { namespace, labels: metadata.labels },
      {
        entry: 'restore/drill/program/guard-main.mts',
        plan: props.guard,
      },
    );
    new ApiObject(
      this,
      'deployment',
      k8s.KubeDeployment.manifest({
        metadata,
        spec: {
          replicas: 0,
          revisionHistoryLimit: 1,
          selector: { matchLabels: this.selector },
          strategy: { type: 'Recreate' },
          template: {
            metadata: { labels: this.selector, annotations: { 'eks.amazonaws.com/skip-containers': 'guard' } },
            spec: this.pod(name, config.hashedName, guard.volume),
          },
        },
      }),
    );
  }

  /** Out to AWS, DNS and the API server; in from the drill's Job. */
  private isolate({
    name,
    namespace,
    labels,
  }: {
    readonly name: string;
    readonly namespace: string;
    readonly labels: Record<string, string>;
  }): void {
    networkPolicy(this, 'network', {
      name,
      namespace,
      labels,
      pods: this.selector,
      spec: {
        policyTypes: ['Ingress', 'Egress'],
        ingress: [{ from: [{ podSelector: { matchLabels: this.props.job } }], ports: ports([port]) }],
        egress: [dnsEgress, { to: metadataServices.everywhereElse, ports: ports([443]) }],
      },
    });
    networkPolicy(this, 'network-job', {
      name: `${name}-job`,
      namespace,
      labels,
      pods: this.props.job,
      spec: { policyTypes: ['Egress'], egress: [{ to: [{ podSelector: { matchLabels: this.selector } }], ports: ports([port]) }] },
    });
  }

  /** Alone, so without a lock; no service registration, so that no label of a pod says that it leads. */
  private hcl(region: string): string {
    const { vault, table } = this.props;
    const { kmsKeyId = '', region: keyRegion = '', endpoint } = vault.unsealKey ?? {};
    return renderHcl({
      attributes: { disable_mlock: true },
      blocks: [
        {
          type: 'storage',
          labels: ['dynamodb'],
          body: { attributes: { table, region, ...omitUndefined({ endpoint: vault.table?.endpoint }), ha_enabled: 'false' } },
        },
        {
          type: 'seal',
          labels: ['awskms'],
          body: { attributes: { kms_key_id: kmsKeyId, region: keyRegion, ...omitUndefined({ endpoint }) } },
        },
        {
          type: 'listener',
          labels: ['tcp'],
          body: { attributes: { address: `[::]:${port}`, tls_cert_file: '/vault/tls/tls.crt', tls_key_file: '/vault/tls/tls.key' } },
        },
      ],
    });
  }

  private pod(name: string, config: string, guardProgram: k8s.Volume): k8s.PodSpec {
    const { vault, resources, auditPaths } = this.props;
    const [sealRegion, tableRegion] = [vault.unsealKey?.region, vault.table?.region];
    const audit = auditPaths.map((mountPath, index) => ({ name: `audit-${index}`, mountPath }));
    return {
      automountServiceAccountToken: false,
      initContainers: [
        {
          name: 'guard',
          ...vault.images.node,
          command: ['node', '/program/restore/drill/program/guard-main.mts'],
          resources: smallResources({ memory: '128Mi' }),
          securityContext: unprivileged(),
          // the drill says what it said
          terminationMessagePolicy: 'FallbackToLogsOnError',
          volumeMounts: [{ name: 'program', mountPath: '/program', readOnly: true }],
        },
      ],
      containers: [
        {
          name: 'vault',
          ...vault.images.vault,
          command: ['vault', 'server', '-config=/vault/config/vault.hcl'],
          env: [
            // explicit, since EKS would set the cluster's and Vault's environment overrides its configuration
            { name: 'AWS_REGION', value: sealRegion ?? '' },
            ...(tableRegion === sealRegion ? [] : [{ name: 'AWS_DYNAMODB_REGION', value: tableRegion ?? '' }]),
            { name: 'AWS_STS_REGIONAL_ENDPOINTS', value: 'regional' },
            { name: 'HOME', value: '/tmp' },
          ],
          ports: [{ name: 'https', containerPort: port, protocol: 'TCP' }],
          resources: resources.ofContainer(),
          securityContext: unprivileged(),
          volumeMounts: [
            { name: 'config', mountPath: '/vault/config', readOnly: true },
            { name: 'tls', mountPath: '/vault/tls', readOnly: true },
            { name: 'tmp', mountPath: '/tmp' },
            apiTokenMount,
            ...audit,
          ],
        },
      ],
      enableServiceLinks: false,
      ...vault.placement.ofPod(),
      ...vault.images.ofPod(),
      securityContext: podSecurity(),
      serviceAccountName: name,
      volumes: [
        { name: 'config', configMap: { name: config, defaultMode: 0o444 } },
        { name: 'tls', secret: { secretName: vault.tlsSecretName, defaultMode: 0o440 } },
        { name: 'tmp', emptyDir: { sizeLimit: k8s.Quantity.fromString('64Mi') } },
        apiTokenVolume(),
        guardProgram,
        ...audit.map(({ name: volume }) => ({ name: volume, emptyDir: { sizeLimit: k8s.Quantity.fromString('256Mi') } })),
      ],
    };
  }
}
