import type { Construct } from 'constructs';
import type { AwsEnvironment } from '../app/aws/environment';
import { IamRole } from '../app/aws/iam-role';
import { AwsRequirement, type RequiredResource } from '../app/aws/requirement';
import { environmentFolder, KustomizeFolder } from '../app/kustomize/kustomize-folder';

/** What the charts of one environment need of AWS. Asked at synth, when all of them are made. */
export class EnvironmentRequirements {
  constructor(private readonly construct: Construct) {}

  get roles(): readonly IamRole[] {
    return this.inSameBase(IamRole);
  }

  get all(): readonly AwsRequirement[] {
    return this.inSameBase(AwsRequirement);
  }

  /** The account and region of what stands in the environment, undefined where nothing does; validation holds that it is one. */
  get aws(): AwsEnvironment | undefined {
    return [...this.all, ...this.roles][0]?.aws;
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

  /** By their paths: the order of main.ts changes nothing. */
  private inSameBase<T extends Construct>(kind: abstract new (...args: never[]) => T): readonly T[] {
    const { construct } = this;
    const folder = environmentFolder(KustomizeFolder.of(construct));
    const found = construct.node.root.node.findAll().filter(other => other instanceof kind) as T[];
    return found
      .filter(other => environmentFolder(KustomizeFolder.of(other)) === folder)
      .sort((a, b) => (a.node.path < b.node.path ? -1 : 1));
  }
}
