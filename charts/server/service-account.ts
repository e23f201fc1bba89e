import { ApiObject } from 'cdk8s';
import type { Construct } from 'constructs';
import { k8s } from '../../imports';
import { type ActionList, IamRole, type IamStatement, roleAnnotation } from '../app/aws/iam-role';
import { annotationsCheck, dnsSubdomainCheck, labelsCheck } from '../app/validation/names';
import type { Part } from '../app/validation/part';
import type { KnownProps, Problems } from '../app/validation/problems';
import type { ServerIdentity } from './server-identity';

/** The chart makes the ServiceAccount. */
export interface CreatedServiceAccountProps {
  /**
   * The name of the ServiceAccount. It stands in the trust policy of the role.
   * @default the name of the servers
   */
  readonly name?: string;
  /**
   * Annotations besides those that bind the IAM role.
   * @default none
   */
  readonly annotations?: Readonly<Record<string, string>>;
  /**
   * Labels besides the chart's.
   * @default none
   */
  readonly labels?: Readonly<Record<string, string>>;
  readonly existing?: never;
}

/** You make the ServiceAccount, with `eks.amazonaws.com/role-arn` on it. */
export interface ExistingServiceAccountProps {
  /** Its name, in the namespace of the servers. */
  readonly existing: string;
}

/** The ServiceAccount of the servers: made by the chart, or by you. */
export type ServiceAccountProps = CreatedServiceAccountProps | ExistingServiceAccountProps;

const known: KnownProps<ServiceAccountProps> = { existing: true, name: true, annotations: true, labels: true };

/** Who the servers are: to Kubernetes by their ServiceAccount, to AWS by the IAM role that is bound to it. */
export class ServerServiceAccount implements Part {
  readonly name: string;
  readonly role: IamRole;

  constructor(
    scope: Construct,
    private readonly server: ServerIdentity,
    private readonly props: ServiceAccountProps = {},
    role: { readonly name: string | undefined; readonly statements: (actions: ActionList) => readonly IamStatement[] },
  ) {
    this.name = props.existing ?? props.name ?? server.name;
    this.role = new IamRole(scope, 'iam-role', {
      aws: server.aws,
      role: role.name ?? `${server.name}-server`,
      serviceAccount: { namespace: server.namespace, name: this.name },
      statements: role.statements,
    });
    if (props.existing === undefined) this.create(scope, props);
  }

  validate(problems: Problems): void {
    const { props } = this;
    if ((props.existing ?? (props as CreatedServiceAccountProps).name) === 'default')
      problems.refuse(
        'serviceAccount',
        'default',
        'a ServiceAccount of the servers alone',
        'choose another name: every pod without one of its own would get the role',
      );
    problems.checkNames('serviceAccount', props, known);
    if ('existing' in props) {
      problems.require('serviceAccount.existing', props.existing, dnsSubdomainCheck);
      return;
    }
    problems.check('serviceAccount.name', props.name, dnsSubdomainCheck);
    problems.check('serviceAccount.annotations', props.annotations, annotationsCheck);
    problems.check('serviceAccount.labels', props.labels, labelsCheck);
    for (const key of Object.keys(props.labels ?? {}).filter(label => Object.hasOwn(this.server.labels, label)))
      problems.refuse('serviceAccount.labels', key, 'labels that the chart does not set', 'choose another key');
    for (const key of Object.keys(props.annotations ?? {}).filter(name => name.startsWith('eks.amazonaws.com/')))
      problems.refuse(
        'serviceAccount.annotations',
        key,
        'annotations that the chart does not set',
        key === roleAnnotation ? 'set role' : 'leave it out',
      );
  }

  private create(scope: Construct, props: CreatedServiceAccountProps): void {
    const { labels, ...metadata } = this.server.metadata(this.name);
    new ApiObject(
      scope,
      'service-account',
      k8s.KubeServiceAccount.manifest({
        metadata: {
          ...metadata,
          labels: { ...props.labels, ...labels },
          annotations: { ...props.annotations, ...this.role.serviceAccountAnnotations },
        },
        // the pod mounts a token where it needs one
        automountServiceAccountToken: false,
      }),
    );
  }
}
