import { ApiObject } from 'cdk8s';
import { Construct } from 'constructs';
import { k8s } from '../../../imports';
import type { IamRole } from '../aws/iam-role';
import { objectLabels, type SelectorLabels, selectorLabels } from '../kubernetes/labels';
import { namespacedRole } from '../kubernetes/namespaced-role';
import { omitUndefined } from '../kubernetes/omit-undefined';
import type { ContainerResources } from '../kubernetes/resources';
import { apiTokenMount, apiTokenVolume, podSecurity, unprivileged } from '../kubernetes/security';
import { HashedObject } from '../kustomize/hashed-object';
import type { IVault } from '../vault';
import { changesLease, type JobComponent, jobName } from './job-name';
import { Outbound } from './outbound';
import { ProgramFiles } from './program-files';

export interface ScriptJobProps {
  /** The Vault that the Job serves, in whose namespace it runs: with its images, and where it may run. */
  readonly vault: IVault;
  /** What the Job is for: with the Vault it names all that belongs to it. */
  readonly component: JobComponent;
  /** The program: a file of charts/ that Node.js runs as it is, with the modules that it imports. It lies in /program, below its own path. */
  readonly entry: string;
  /** What synth tells the program: /program/plan.json. */
  readonly plan: object;
  /**
   * Further files in /program, by their paths: what would make the plan too large for one ConfigMap.
   * @default none
   */
  readonly data?: Readonly<Record<string, string>>;
  /** The ServiceAccount of this Job alone. */
  readonly serviceAccount: string;
  /**
   * What else that ServiceAccount may do in its namespace.
   * @default nothing
   */
  readonly rules?: readonly k8s.PolicyRule[];
  /**
   * The role of that ServiceAccount.
   * @default the program calls no AWS
   */
  readonly role?: IamRole;
  /**
   * Seconds that the pod's tokens for AWS and for the API server are good for. kubelet renews them, but not for a pod that is being deleted.
   * @default 86400 for AWS (EKS's), 3607 for the API server
   */
  readonly tokenSeconds?: number;
  /**
   * How it reaches AWS.
   * @default directly
   */
  readonly outbound?: Outbound;
  /**
   * Environment variables of the program, besides NAMESPACE, POD_NAME, JOB_NAME and JOB_UID.
   * @default none
   */
  readonly env?: readonly k8s.EnvVar[];
  /**
   * Volumes of the pod.
   * @default none
   */
  readonly volumes?: readonly k8s.Volume[];
  /**
   * Where the program sees those volumes.
   * @default none
   */
  readonly volumeMounts?: readonly k8s.VolumeMount[];
  /** Requests and limits. */
  readonly resources: ContainerResources;
  /**
   * How often a failed program is run again.
   * @default 6
   */
  readonly backoffLimit?: number;
  /**
   * Seconds that a program has to end after it is told to.
   * @default 30 (Kubernetes')
   */
  readonly terminationGracePeriodSeconds?: number;
  /**
   * Annotations of the Job.
   * @default none
   */
  readonly annotations?: Readonly<Record<string, string>>;
}

/** What becomes of a program that fails. */
interface OnFailure {
  readonly backoffLimit?: number;
  readonly restartPolicy?: 'Never' | 'OnFailure' | 'Always';
}

/** The times that a user gave, or none. */
export const timesOf = (given: { readonly cron: string; readonly timeZone?: string } | undefined): JobSchedule['times'] =>
  given === undefined ? 'by hand' : { cron: given.cron, ...omitUndefined({ timeZone: given.timeZone }) };

/** When a CronJob runs. */
export interface JobSchedule {
  /** The name of the CronJob. */
  readonly name: string;
  /** When, or never by itself: people make Jobs from it. */
  readonly times: { readonly cron: string; readonly timeZone?: string } | 'by hand';
  /** Seconds after which a start that was missed is left out, as while the CronJob was suspended. Without it Kubernetes makes up for one, whenever that is. */
  readonly startingDeadlineSeconds?: number;
  /** Environment variables that it has besides the Job's, or in their place. */
  readonly env?: readonly k8s.EnvVar[];
  /** How often a failed run is repeated before the next time comes. */
  readonly backoffLimit: number;
}

/**
 * One program, and what runs it. The ConfigMaps with the program carry a content hash in their names, and a Job does too: a changed one is a new Job, which
 * can be applied where the old one has run.
 */
export class ScriptJob extends Construct {
  private readonly name: string;
  private readonly selector: SelectorLabels;
  private readonly metadata: { readonly namespace: string; readonly labels: Record<string, string> };
  private readonly spec: (env: readonly k8s.EnvVar[], failure?: OnFailure) => k8s.JobSpec;

  constructor(
    scope: Construct,
    id: string,
    private readonly props: ScriptJobProps,
  ) {
    super(scope, id);
    const { vault, component } = props;
    this.name = jobName(vault, component);
    this.selector = selectorLabels(vault.name, component);
    this.metadata = { namespace: vault.namespace, labels: objectLabels(this.selector) };
    const program = new ProgramFiles(this, this.name, this.metadata, props);
    new ApiObject(
      this,
      'service-account',
      k8s.KubeServiceAccount.manifest({
        metadata: {
          ...this.metadata,
          name: props.serviceAccount,
          ...(props.role === undefined ? {} : { annotations: accountAnnotations(props.role, props) }),
        },
        automountServiceAccountToken: false,
      }),
    );
    namespacedRole(this, {
      ...this.metadata,
      name: this.name,
      serviceAccount: props.serviceAccount,
      rules: [...leaseRules(changesLease(vault)), ...(props.rules ?? [])],
    });
    this.spec = (env, { backoffLimit = props.backoffLimit ?? 6, restartPolicy = 'OnFailure' } = {}) => ({
      backoffLimit,
      template: { metadata: { labels: this.selector }, spec: { ...programPod({ ...props, env }, program), restartPolicy } },
    });
  }

  /** As a Job, at once: when it is applied, and again when it has changed. */
  runAtOnce(): void {
    const metadata = { ...this.metadata, ...omitUndefined({ annotations: this.props.annotations }) };
    new HashedObject(this, 'job', {
      ...k8s.KubeJob.manifest({ metadata, spec: this.spec(this.props.env ?? []) }),
      baseName: this.name,
    });
  }

  /** As a Deployment of one pod: a program that only ends when it is told to. Two of it never run at once. */
  runForever(): void {
    const { template } = this.spec(this.props.env ?? [], { restartPolicy: 'Always' });
    new ApiObject(
      this,
      'deployment',
      k8s.KubeDeployment.manifest({
        metadata: { ...this.metadata, name: this.name },
        spec: {
          replicas: 1,
          revisionHistoryLimit: 3,
          selector: { matchLabels: this.selector },
          strategy: { type: 'Recreate' },
          template,
        },
      }),
    );
  }

  /** The same pod as a CronJob, which never runs beside itself. */
  addSchedule({ name, times, startingDeadlineSeconds, env = [], backoffLimit }: JobSchedule): void {
    // a Job that fails takes a pod with it that was to be restarted, and what it said
    const restartPolicy = backoffLimit === 0 ? 'Never' : 'OnFailure';
    const own = (this.props.env ?? []).filter(variable => !env.some(other => other.name === variable.name));
    new ApiObject(
      this,
      'cron-job',
      k8s.KubeCronJob.manifest({
        metadata: { ...this.metadata, name },
        spec: {
          ...(times === 'by hand'
            ? { schedule: '@yearly', suspend: true }
            : { schedule: times.cron, ...omitUndefined({ timeZone: times.timeZone }) }),
          concurrencyPolicy: 'Forbid',
          ...omitUndefined({ startingDeadlineSeconds }),
          jobTemplate: { metadata: { labels: this.metadata.labels }, spec: this.spec([...own, ...env], { backoffLimit, restartPolicy }) },
        },
      }),
    );
  }
}

const accountAnnotations = (role: IamRole, { tokenSeconds }: ScriptJobProps): Record<string, string> => ({
  ...role.serviceAccountAnnotations,
  ...(tokenSeconds === undefined ? {} : { 'eks.amazonaws.com/token-expiration': String(tokenSeconds) }),
});

/** Kubernetes documentation, "Using RBAC Authorization": what is yet to be created cannot be named. */
const leaseRules = (name: string): k8s.PolicyRule[] => [
  { apiGroups: ['coordination.k8s.io'], resources: ['leases'], verbs: ['create'] },
  { apiGroups: ['coordination.k8s.io'], resources: ['leases'], verbs: ['get', 'update'], resourceNames: [name] },
];

/** The pod of every program: one container, no privilege, nothing writable. */
function programPod(props: ScriptJobProps, program: ProgramFiles): k8s.PodSpec {
  const outbound = props.outbound ?? new Outbound();
  const field = (name: string, fieldPath: string): k8s.EnvVar => ({ name, valueFrom: { fieldRef: { apiVersion: 'v1', fieldPath } } });
  return {
    automountServiceAccountToken: false,
    containers: [
      {
        name: props.component,
        ...props.vault.images.node,
        // for AWS: the image may bring authorities beside those of Node.js
        command: ['node', '--use-system-ca', `/program/${props.entry}`],
        env: [
          field('NAMESPACE', 'metadata.namespace'),
          field('POD_NAME', 'metadata.name'),
          field('JOB_NAME', "metadata.labels['batch.kubernetes.io/job-name']"),
          field('JOB_UID', "metadata.labels['batch.kubernetes.io/controller-uid']"),
          ...outbound.env,
          ...(props.env ?? []),
        ],
        resources: props.resources.ofContainer(),
        securityContext: unprivileged(),
        // `kubectl describe pod` then shows why a program failed
        terminationMessagePolicy: 'FallbackToLogsOnError',
        volumeMounts: [
          { name: 'program', mountPath: '/program', readOnly: true },
          apiTokenMount,
          ...outbound.volumeMounts,
          ...(props.volumeMounts ?? []),
        ],
      },
    ],
    enableServiceLinks: false,
    ...props.vault.placement.ofPod(),
    ...props.vault.images.ofPod(),
    ...omitUndefined({ terminationGracePeriodSeconds: props.terminationGracePeriodSeconds }),
    securityContext: podSecurity(),
    serviceAccountName: props.serviceAccount,
    volumes: [program.volume, apiTokenVolume(props.tokenSeconds), ...outbound.volumes, ...(props.volumes ?? [])],
  };
}
