import type { k8s } from '../../../imports';
import { oneOf } from '../validation/check';
import { dnsSubdomainCheck, labelsCheck } from '../validation/names';
import type { Part } from '../validation/part';
import type { KnownProps, Problems } from '../validation/problems';
import { omitUndefined } from './omit-undefined';

/** Where the pods of servers and Jobs may run, and before whom. */
export interface PlacementProps {
  /**
   * Taints that the pods tolerate.
   * @default none
   */
  readonly tolerations?: readonly k8s.Toleration[];
  /**
   * Labels of the nodes that the pods may run on.
   * @default any node
   */
  readonly nodeSelector?: Readonly<Record<string, string>>;
  /**
   * The priority class of the pods. A node under pressure evicts pods of a lower class first.
   * @default none
   */
  readonly priorityClassName?: string;
}

const known: KnownProps<PlacementProps> = { tolerations: true, nodeSelector: true, priorityClassName: true };

/** Where the pods of servers and Jobs may run. */
export class Placement implements Part {
  constructor(private readonly props: PlacementProps = {}) {}

  /** What a pod's spec says. */
  ofPod(): Pick<k8s.PodSpec, 'tolerations' | 'nodeSelector' | 'priorityClassName'> {
    const { tolerations, nodeSelector, priorityClassName } = this.props;
    return omitUndefined({ tolerations: tolerations?.slice(), nodeSelector, priorityClassName });
  }

  validate(problems: Problems): void {
    const { props } = this;
    problems.checkNames('placement', props, known);
    for (const { operator, effect } of props.tolerations ?? []) {
      problems.check('placement.tolerations: operator', operator, oneOf<string>('Equal', 'Exists'));
      problems.check('placement.tolerations: effect', effect, oneOf<string>('NoSchedule', 'PreferNoSchedule', 'NoExecute'));
    }
    problems.check('placement.nodeSelector', props.nodeSelector, labelsCheck);
    problems.check('placement.priorityClassName', props.priorityClassName, dnsSubdomainCheck);
  }
}
