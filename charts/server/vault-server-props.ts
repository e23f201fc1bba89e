import type { k8s } from '../../imports';
import type { AwsEnvironment } from '../app/aws/environment';
import type { ImagesProps } from '../app/kubernetes/images';
import type { PlacementProps } from '../app/kubernetes/placement';
import type { ResourcesProps } from '../app/kubernetes/resources';
import type { PodUser } from '../app/kubernetes/security';
import type { TlsProps } from './certificate';
import type { DisruptionBudgetProps } from './disruption-budget';
import type { NetworkProps } from './network';
import type { AuditVolumeProps } from './pod/audit-storage';
import type { InitContainer } from './pod/init-container';
import type { MemoryLock } from './pod/memory-lock';
import type { ProbesProps } from './pod/probes';
import type { AntiAffinity, ZoneSpread } from './pod/scheduling';
import type { ServiceAccountProps } from './service-account';
import type { ServicesProps } from './services';
import type { VaultConfigProps } from './vault-hcl/config';
import type { ListenerProps } from './vault-hcl/listener';
import type { MetricsProps } from './vault-hcl/metrics';
import type { AwsKmsSealProps } from './vault-hcl/seal';
import type { DynamoDbStorageProps } from './vault-hcl/storage';
import type { TelemetryProps } from './vault-hcl/telemetry';
import type { UserLockoutProps } from './vault-hcl/user-lockout';

/** A Vault on EKS. Only what no default can know is required. */
export interface VaultServerProps {
  /** The namespace that the servers run in. Stands in the certificate's names and in the role's trust policy. */
  readonly namespace: string;
  /** The AWS account and region. */
  readonly aws: AwsEnvironment;
  /** The DynamoDB table that holds Vault's data. */
  readonly storage: DynamoDbStorageProps;
  /** The KMS key that unseals Vault. */
  readonly seal: AwsKmsSealProps;
  /** Where the servers' certificate comes from: cert-manager, or a Secret of yours. */
  readonly tls: TlsProps;
  /**
   * The name of the StatefulSet, and what the names of all other objects begin with. Changing it makes a second Vault.
   * @default "vault"
   */
  readonly name?: string;
  /**
   * Whether dist gets a Namespace, with the Pod Security labels that `memoryLock` allows.
   * @default false
   */
  readonly createNamespace?: boolean;
  /**
   * How many servers run: one leads, the others stand by.
   * @default 3
   */
  readonly replicas?: number;
  /**
   * Which images servers and Jobs run, and where nodes get them: a mirror, pull secrets, digests.
   * @default hashicorp/vault:1.21.7, and two of Docker Hub that set up servers and run Jobs
   */
  readonly images?: ImagesProps;
  /**
   * Requests and limits of the server's container. Locked memory is resident from the start.
   * @default cpu 250m, memory 1Gi to 2Gi (with memoryLock "off" 256Mi to 1Gi), ephemeral storage 128Mi to 1Gi
   */
  readonly resources?: ResourcesProps;
  /**
   * User and group ids of the pod; not 0.
   * @default 10001 for each
   */
  readonly user?: PodUser;
  /**
   * How memory is kept from swap: "file-capability", "image-capability", "node-limit" or "off".
   * @default "file-capability"
   */
  readonly memoryLock?: MemoryLock;
  /**
   * How servers keep off each other's nodes: "required", "preferred", "none", or the rules themselves.
   * @default "required"
   */
  readonly antiAffinity?: AntiAffinity;
  /**
   * How servers spread over zones: "required", "preferred", "none", or the constraints themselves.
   * @default "required"
   */
  readonly zoneSpread?: ZoneSpread;
  /**
   * Which nodes servers and Jobs may run on, and their priority class.
   * @default any node without taints
   */
  readonly placement?: PlacementProps;
  /**
   * Timings of the startup, liveness and readiness probes.
   * @default patient ones: a restart never helps a sealed Vault
   */
  readonly probes?: ProbesProps;
  /**
   * Seconds that a server has to hand over and stop. A server that is killed keeps the lock for up to 15 s.
   * @default 60
   */
  readonly terminationGracePeriodSeconds?: number;
  /**
   * Seconds between leaving the Services and being told to stop; part of the grace period.
   * @default 5
   */
  readonly preStopSleepSeconds?: number;
  /**
   * Labels of the pods, besides the chart's.
   * @default none
   */
  readonly podLabels?: Readonly<Record<string, string>>;
  /**
   * Annotations of the pods, besides the chart's.
   * @default none
   */
  readonly podAnnotations?: Readonly<Record<string, string>>;
  /**
   * Environment variables of the server's container. Those that override Vault's configuration are refused.
   * @default none
   */
  readonly env?: readonly k8s.EnvVar[];
  /**
   * Volumes of the pod.
   * @default none
   */
  readonly volumes?: readonly k8s.Volume[];
  /**
   * Where the server's container sees those volumes.
   * @default none
   */
  readonly volumeMounts?: readonly k8s.VolumeMount[];
  /**
   * Init containers that run after the chart's; with `restartPolicy: 'Always'` native sidecars, which start before the server and stop after it.
   * @default none
   */
  readonly initContainers?: readonly InitContainer[];
  /**
   * Further containers, which start and stop with the server. They see its processes, and get no AWS role.
   * @default none
   */
  readonly sidecars?: readonly k8s.Container[];
  /**
   * The ServiceAccount: made by the chart, or an existing one.
   * @default one with the name of the servers
   */
  readonly serviceAccount?: ServiceAccountProps;
  /**
   * The servers' IAM role: its name, or its ARN in the same account.
   * @default "<name>-server"
   */
  readonly role?: string;
  /**
   * The four Services: all, active, standby and internal.
   * @default ClusterIP, the internal one headless
   */
  readonly services?: ServicesProps;
  /**
   * How many servers an eviction may take at once, or "off".
   * @default one, from two replicas up
   */
  readonly disruptionBudget?: DisruptionBudgetProps | 'off';
  /**
   * Who may call the servers and what they may call, or "off" for no NetworkPolicies.
   * @default pods labelled `<name>-client: "true"` may call; AWS, DNS and the API server may be called
   */
  readonly network?: NetworkProps | 'off';
  /**
   * The listener for clients.
   * @default port 8200, TLS 1.2 and up
   */
  readonly listener?: ListenerProps;
  /**
   * The listener for metrics, or "off".
   * @default port 8210, admitted to nobody
   */
  readonly metrics?: MetricsProps | 'off';
  /**
   * What is measured, and where it goes.
   * @default Prometheus, kept for 24h, without host names
   */
  readonly telemetry?: TelemetryProps;
  /**
   * When users are locked out, for each type of auth method.
   * @default Vault's
   */
  readonly userLockout?: readonly UserLockoutProps[];
  /**
   * Top-level keys of Vault's configuration.
   * @default Vault's
   */
  readonly config?: VaultConfigProps;
  /**
   * Where audit devices write: a volume for each server, or "stdout" alone.
   * @default "stdout"
   */
  readonly auditStorage?: AuditVolumeProps | 'stdout';
}
