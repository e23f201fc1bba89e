import { ApiObject } from 'cdk8s';
import type { Construct } from 'constructs';
import { k8s } from '../../imports';
import { type IamRole, roleAnnotation } from '../app/aws/iam-role';
import { objectLabels, type SelectorLabels } from '../app/kubernetes/labels';
import { annotationsCheck, dnsSubdomainCheck, labelsCheck } from '../app/validation/names';
import type { KnownProps, Problems } from '../app/validation/problems';

/** The chart makes the ServiceAccount. */
export interface CreatedServiceAccountProps {
  /**
   * Its name.
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

export type ServiceAccountProps = CreatedServiceAccountProps | ExistingServiceAccountProps;

const known: KnownProps<ServiceAccountProps> = { existing: true, name: true, annotations: true, labels: true };

export const serviceAccountName = (props: ServiceAccountProps, name: string): string => props.existing ?? props.name ?? name;

export function checkServiceAccount(problems: Problems, props: ServiceAccountProps, selector: SelectorLabels): void {
  if ((props.existing ?? (props as CreatedServiceAccountProps).name) === 'default') {
    problems.refuse(
      'serviceAccount',
      'default',
      'a ServiceAccount of the servers alone',
      'choose another name: every pod without one of its own would get the role',
    );
  }
  problems.checkNames('serviceAccount', props, known);
  if ('existing' in props) {
    problems.require('serviceAccount.existing', props.existing, dnsSubdomainCheck);
    return;
  }
  problems.check('serviceAccount.name', props.name, dnsSubdomainCheck);
  problems.check('serviceAccount.annotations', props.annotations, annotationsCheck);
  problems.check('serviceAccount.labels', props.labels, labelsCheck);
  for (const key of Object.keys(props.labels ?? {}).filter(label => Object.hasOwn(objectLabels(selector), label)))
    problems.refuse('serviceAccount.labels', key, 'labels that the chart does not set', 'choose another key');
  for (const key of Object.keys(props.annotations ?? {}).filter(name => name.startsWith('eks.amazonaws.com/'))) {
    problems.refuse(
      'serviceAccount.annotations',
      key,
      'annotations that the chart does not set',
      key === roleAnnotation ? 'set role' : 'leave it out',
    );
  }
}

export function serviceAccount(
  scope: Construct,
  name: string,
  namespace: string,
  selector: SelectorLabels,
  role: IamRole,
  props: CreatedServiceAccountProps,
): void {
  new ApiObject(
    scope,
    'service-account',
    k8s.KubeServiceAccount.manifest({
      metadata: {
        name,
        namespace,
        labels: { ...props.labels, ...objectLabels(selector) },
        annotations: { ...props.annotations, ...role.serviceAccountAnnotations },
      },
      // the pod mounts a token where it needs one
      automountServiceAccountToken: false,
    }),
  );
}
