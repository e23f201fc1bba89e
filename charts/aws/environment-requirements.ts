import type { Construct, IConstruct } from 'constructs';
import type { AwsEnvironment } from '../app/aws/environment';
import { IamRole } from '../app/aws/iam-role';
import { AwsRequirement, type RequiredResource } from '../app/aws/requirement';
import { environmentFolder, KustomizeFolder } from '../app/kustomize/kustomize-folder';

/** What the charts of one environment need of AWS, as they stand when this is made: at synth, when all of them are there. */
export class EnvironmentRequirements {
  readonly roles: readonly IamRole[];
  readonly all: readonly AwsRequirement[];
  /** The account and region of what stands in the environment, undefined where nothing does; validation holds that it is one. */
  readonly aws: AwsEnvironment | undefined;

  constructor(construct: Construct) {
    const neighbours = inSameEnvironment(construct);
    this.roles = neighbours.filter(other => other instanceof IamRole);
    this.all = neighbours.filter(other => other instanceof AwsRequirement);
    this.aws = [...this.all, ...this.roles][0]?.aws;
  }

  /** The resources of one type that are required, each name once. */
  ofType<Type extends RequiredResource['type']>(type: Type): readonly Extract<RequiredResource, { type: Type }>[] {
    const resources = this.all
      .map(({ resource }) => resource)
      .filter((resource): resource is Extract<RequiredResource, { type: Type }> => resource.type === type);
    // one without a name is refused by its own chart
    const named = resources.filter(resource => resource.name !== undefined);
    return [...new Map(named.map(resource => [resource.name, resource])).values()];
  }
}

/** By their paths: the order of main.ts changes nothing. */
function inSameEnvironment(construct: Construct): readonly IConstruct[] {
  const folder = environmentFolder(KustomizeFolder.of(construct));
  return construct.node.root.node
    .findAll()
    .filter(
      other => (other instanceof IamRole || other instanceof AwsRequirement) && environmentFolder(KustomizeFolder.of(other)) === folder,
    )
    .sort((a, b) => (a.node.path < b.node.path ? -1 : 1));
}
