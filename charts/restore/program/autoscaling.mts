import type { Aws } from '../../app/jobs/runtime/aws.mts';
import { anything, list, number, object, string } from '../../app/jobs/runtime/shape.mts';

/** A capacity that Application Auto Scaling keeps, and its policies. */
export interface Scaling {
  readonly dimension: string;
  readonly min: number;
  readonly max: number;
  readonly policies: readonly { readonly name: string; readonly configuration: unknown }[];
}

/** Does something until it succeeds, and says so. */
export type Step = (what: string, action: () => Promise<unknown>) => Promise<void>;

const targetsShape = object({
  ScalableTargets: list(object({ ScalableDimension: string, MinCapacity: number, MaxCapacity: number })),
});
const policiesShape = object({
  ScalingPolicies: list(object({ PolicyName: string, ScalableDimension: string, TargetTrackingScalingPolicyConfiguration: anything })),
});

/** Application Auto Scaling of tables. */
export class Autoscaling {
  readonly #aws: Aws;

  constructor(aws: Aws) {
    this.#aws = aws;
  }

  async read(table: string): Promise<readonly Scaling[]> {
    const of = { ServiceNamespace: 'dynamodb', ResourceId: `table/${table}` };
    const { ScalableTargets: targets } = await this.#aws.call(
      'application-autoscaling',
      'DescribeScalableTargets',
      { ServiceNamespace: of.ServiceNamespace, ResourceIds: [of.ResourceId] },
      targetsShape,
    );
    const { ScalingPolicies: policies } = await this.#aws.call('application-autoscaling', 'DescribeScalingPolicies', of, policiesShape);
    return targets.map(({ ScalableDimension: dimension, MinCapacity: min, MaxCapacity: max }) => ({
      dimension,
      min,
      max,
      policies: policies
        .filter(policy => policy.ScalableDimension === dimension)
        .map(({ PolicyName: name, TargetTrackingScalingPolicyConfiguration: configuration }) => ({ name, configuration })),
    }));
  }

  async bring(scaling: readonly Scaling[], from: string, to: string, step: Step): Promise<void> {
    for (const target of scaling) await this.#bringOne(target, from, to, step);
  }

  async #bringOne({ dimension, min, max, policies }: Scaling, from: string, to: string, step: Step): Promise<void> {
    const target = { ServiceNamespace: 'dynamodb', ResourceId: `table/${to}`, ScalableDimension: dimension };
    await step(`autoscaling of ${dimension}`, () =>
      this.#aws.call('application-autoscaling', 'RegisterScalableTarget', { ...target, MinCapacity: min, MaxCapacity: max }, anything),
    );
    for (const { name, configuration } of policies) {
      const policy = { ...target, PolicyName: name.replace(from, to), PolicyType: 'TargetTrackingScaling' };
      await step(`scaling policy ${policy.PolicyName}`, () =>
        this.#aws.call(
          'application-autoscaling',
          'PutScalingPolicy',
          { ...policy, TargetTrackingScalingPolicyConfiguration: configuration },
          anything,
        ),
      );
    }
  }
}
