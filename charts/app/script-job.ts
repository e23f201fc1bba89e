import { ApiObject } from 'cdk8s';
import { Construct } from 'constructs';
import { k8s } from '../../imports';
import { apiTokenMount, apiTokenVolume } from './api-token';
import { defined } from './defined';
import { HashedObject } from './hashed-object';
import type { IamRole } from './iam-role';
import { toolsImage } from './images';
import { objectLabels, selectorLabels } from './labels';
import { namespacedRole } from './rbac';
import { containerResources, type ResourcesProps, smallResources } from './resources';
import { scriptFile } from './script-file';
import { podSecurity, unprivileged } from './security';

export interface ScriptJobProps {
  /** Names the Job, its ConfigMap and its Role, such as "vault-init". */
  readonly name: string;
  readonly namespace: string;
  /** The Vault that the Job serves: the value of the label `app.kubernetes.io/instance`. */
  readonly instance: string;
  /** What the Job is for: the value of the label `app.kubernetes.io/component`. */
  readonly component: string;
  /** Files in /scripts: a bash script `run.sh` and what it reads. It finds bash, aws, curl and jq, a writable /tmp, and stops at the first error by its own `set -e`. */
  readonly files: Readonly<Record<string, string>> & { readonly 'run.sh': string };
  /** The ServiceAccount of this Job alone. */
  readonly serviceAccount: string;
  /** The Lease that the script takes by `take_lease`, so that no two Jobs change one Vault at once. */
  readonly lease: string;
  /**
   * What else that ServiceAccount may do in its namespace.
   * @default nothing
   */
  readonly rules?: readonly k8s.PolicyRule[];
  /**
   * The role of that ServiceAccount.
   * @default the script calls no AWS
   */
  readonly role?: IamRole;
  /**
   * Environment variables of the script, besides HOME, NAMESPACE and LEASE_NAME.
   * @default none
   */
  readonly env?: readonly k8s.EnvVar[];
  /**
   * Volumes of the pod.
   * @default none
   */
  readonly volumes?: readonly k8s.Volume[];
  /**
   * Where the script sees those volumes.
   * @default none
   */
  readonly volumeMounts?: readonly k8s.VolumeMount[];
  /**
   * The image that the script runs in.
   * @default amazon/aws-cli, at the version that the tests run
   */
  readonly image?: string;
  /**
   * Requests and limits.
   * @default small: a script, curl and the AWS CLI
   */
  readonly resources?: ResourcesProps;
  /**
   * How often a failed script is run again.
   * @default 6
   */
  readonly backoffLimit?: number;
  /**
   * Seconds that a script has to end after it is told to.
   * @default 30 (Kubernetes')
   */
  readonly terminationGracePeriodSeconds?: number;
  /**
   * Annotations of the Job.
   * @default none
   */
  readonly annotations?: Readonly<Record<string, string>>;
  /**
   * Annotations of the pod.
   * @default none
   */
  readonly podAnnotations?: Readonly<Record<string, string>>;
}

/**
 * A Job that runs one script. Job and script carry content hashes in their names: a changed one is a new Job, which can be applied
 * where the old one has run.
 */
export class ScriptJob extends Construct {
  readonly job: HashedObject;

  constructor(scope: Construct, id: string, props: ScriptJobProps) {
    super(scope, id);
    const { name, namespace } = props;
    const selector = selectorLabels(props.instance, props.component);
    const metadata = { namespace, labels: objectLabels(selector) };
    // what every script may source
    const libraries = { 'kubernetes-api.sh': scriptFile('app/kubernetes-api.sh'), 'lease.sh': scriptFile('app/lease.sh') };
    const script = new HashedObject(this, 'script', {
      ...k8s.KubeConfigMap.manifest({ metadata, data: { ...libraries, ...props.files }, immutable: true }),
      baseName: `${name}-script`,
    });
    new ApiObject(
      this,
      'service-account',
      k8s.KubeServiceAccount.manifest({
        metadata: {
          ...metadata,
          name: props.serviceAccount,
          ...(props.role === undefined ? {} : { annotations: props.role.serviceAccountAnnotations }),
        },
        automountServiceAccountToken: false,
      }),
    );
    namespacedRole(this, {
      ...metadata,
      name,
      serviceAccount: props.serviceAccount,
      rules: [...leaseRules(props.lease), ...(props.rules ?? [])],
    });
    this.job = new HashedObject(this, 'job', {
      ...k8s.KubeJob.manifest({
        metadata: { ...metadata, ...defined({ annotations: props.annotations }) },
        spec: {
          backoffLimit: props.backoffLimit ?? 6,
          template: {
            metadata: { labels: selector, ...defined({ annotations: props.podAnnotations }) },
            spec: scriptPod(props, script.hashedName),
          },
        },
      }),
      baseName: name,
    });
  }
}

/** Kubernetes documentation, "Using RBAC Authorization": what is yet to be created cannot be named. */
const leaseRules = (name: string): k8s.PolicyRule[] => [
  { apiGroups: ['coordination.k8s.io'], resources: ['leases'], verbs: ['create'] },
  { apiGroups: ['coordination.k8s.io'], resources: ['leases'], verbs: ['get', 'update'], resourceNames: [name] },
];

/** The pod of every script: one container, no privilege, nothing writable but /tmp. */
function scriptPod(props: ScriptJobProps, script: string): k8s.PodSpec {
  return {
    automountServiceAccountToken: false,
    containers: [
      {
        name: props.component,
        image: props.image ?? toolsImage,
        imagePullPolicy: 'IfNotPresent',
        command: ['bash', '/scripts/run.sh'],
        env: [
          { name: 'HOME', value: '/tmp' },
          { name: 'NAMESPACE', valueFrom: { fieldRef: { fieldPath: 'metadata.namespace' } } },
          { name: 'LEASE_NAME', value: props.lease },
          ...(props.env ?? []),
        ],
        resources: props.resources === undefined ? smallResources({ memory: '256Mi' }) : containerResources(props.resources),
        securityContext: unprivileged(),
        // `kubectl describe pod` then shows why a script failed
        terminationMessagePolicy: 'FallbackToLogsOnError',
        volumeMounts: [
          { name: 'script', mountPath: '/scripts', readOnly: true },
          { name: 'tmp', mountPath: '/tmp' },
          apiTokenMount,
          ...(props.volumeMounts ?? []),
        ],
      },
    ],
    enableServiceLinks: false,
    ...defined({ terminationGracePeriodSeconds: props.terminationGracePeriodSeconds }),
    restartPolicy: 'OnFailure',
    securityContext: podSecurity(),
    serviceAccountName: props.serviceAccount,
    volumes: [
      { name: 'script', configMap: { name: script, defaultMode: 0o444 } },
      { name: 'tmp', emptyDir: { medium: 'Memory', sizeLimit: k8s.Quantity.fromString('16Mi') } },
      apiTokenVolume,
      ...(props.volumes ?? []),
    ],
  };
}
