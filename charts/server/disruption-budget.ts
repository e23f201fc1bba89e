import { ApiObject } from 'cdk8s';
import type { Construct } from 'constructs';
import { k8s } from '../../imports';
import type { Part } from '../app/validation/part';
import type { KnownProps, Problems } from '../app/validation/problems';
import type { ServerIdentity } from './server-identity';

/** How many servers an eviction may take away at once. */
export interface DisruptionBudgetProps {
  /**
   * Servers that may be away: 1 up to one less than the replicas.
   * @default 1
   */
  readonly maxUnavailable?: number;
}

/** The PodDisruptionBudget; none with one replica, where it would only block drains. */
export class DisruptionBudget implements Part {
  constructor(
    scope: Construct,
    private readonly server: ServerIdentity,
    private readonly props: DisruptionBudgetProps | 'off' = {},
  ) {
    if (props === 'off' || server.replicas < 2) return;
    new ApiObject(
      scope,
      'disruption-budget',
      k8s.KubePodDisruptionBudget.manifest({
        metadata: server.metadata(),
        spec: {
          maxUnavailable: k8s.IntOrString.fromNumber(props.maxUnavailable ?? 1),
          selector: { matchLabels: server.selector },
          // a sealed server is not ready and serves nobody: it must not block a drain
          unhealthyPodEvictionPolicy: 'AlwaysAllow',
        },
      }),
    );
  }

  validate(problems: Problems): void {
    const { props } = this;
    const { replicas } = this.server;
    if (!problems.isGroup('disruptionBudget', props, 'off')) return;
    problems.checkNames('disruptionBudget', props, { maxUnavailable: true } satisfies KnownProps<DisruptionBudgetProps>);
    const { maxUnavailable } = props;
    if (
      maxUnavailable !== undefined &&
      !(Number.isInteger(maxUnavailable) && maxUnavailable >= 1 && maxUnavailable < Math.max(replicas, 2))
    )
      problems.refuse(
        'disruptionBudget.maxUnavailable',
        maxUnavailable,
        `whole numbers from 1 to ${Math.max(replicas - 1, 1)} with ${replicas} replicas`,
        '0 would block every drain: leave it out for 1, or write "off" for no budget',
      );
  }
}
