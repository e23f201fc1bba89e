import { ApiObject } from 'cdk8s';
import type { Construct } from 'constructs';
import { k8s } from '../../imports';
import { objectLabels, type SelectorLabels } from '../app/kubernetes/labels';
import type { KnownProps, Problems } from '../app/validation/problems';

/** How many servers an eviction may take away at once. */
export interface DisruptionBudgetProps {
  /**
   * Servers that may be away: 1 up to one less than the replicas.
   * @default 1
   */
  readonly maxUnavailable?: number;
}

export function checkDisruptionBudget(problems: Problems, props: DisruptionBudgetProps, replicas: number): void {
  const { maxUnavailable } = props;
  problems.checkNames('disruptionBudget', props, { maxUnavailable: true } satisfies KnownProps<DisruptionBudgetProps>);
  if (
    maxUnavailable !== undefined &&
    !(Number.isInteger(maxUnavailable) && maxUnavailable >= 1 && maxUnavailable < Math.max(replicas, 2))
  ) {
    problems.refuse(
      'disruptionBudget.maxUnavailable',
      maxUnavailable,
      `whole numbers from 1 to ${Math.max(replicas - 1, 1)} with ${replicas} replicas`,
      '0 would block every drain: leave it out for 1, or write "off" for no budget',
    );
  }
}

export function disruptionBudget(
  scope: Construct,
  name: string,
  namespace: string,
  selector: SelectorLabels,
  props: DisruptionBudgetProps,
): void {
  new ApiObject(
    scope,
    'disruption-budget',
    k8s.KubePodDisruptionBudget.manifest({
      metadata: { name, namespace, labels: objectLabels(selector) },
      spec: {
        maxUnavailable: k8s.IntOrString.fromNumber(props.maxUnavailable ?? 1),
        selector: { matchLabels: selector },
        // a sealed server is not ready and serves nobody: it must not block a drain
        unhealthyPodEvictionPolicy: 'AlwaysAllow',
      },
    }),
  );
}
