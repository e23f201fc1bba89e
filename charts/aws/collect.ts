import type { Construct } from 'constructs';
import { IamRole } from '../app/aws/iam-role';
import { AwsRequirement, type RequiredResource } from '../app/aws/requirement';
import { baseFolder, KustomizeFolder } from '../app/kustomize/kustomize-folder';

/** Everything of a kind that stands in the same base as a construct, by its path: the order of main.ts changes nothing. */
function inSameBase<T extends Construct>(construct: Construct, kind: abstract new (...args: never[]) => T): readonly T[] {
  const base = baseFolder(KustomizeFolder.of(construct));
  const found = construct.node.root.node.findAll().filter(other => other instanceof kind) as T[];
  return found.filter(other => baseFolder(KustomizeFolder.of(other)) === base).sort((a, b) => (a.node.path < b.node.path ? -1 : 1));
}

export const rolesBeside = (construct: Construct): readonly IamRole[] => inSameBase(construct, IamRole);

export const requirementsBeside = (construct: Construct): readonly AwsRequirement[] => inSameBase(construct, AwsRequirement);

/** The resources of one type that are needed, each name once. */
export function required<Type extends RequiredResource['type']>(
  needs: readonly AwsRequirement[],
  type: Type,
): readonly Extract<RequiredResource, { type: Type }>[] {
  const resources = needs
    .map(({ resource }) => resource)
    .filter((resource): resource is Extract<RequiredResource, { type: Type }> => resource.type === type);
  // one without a name is refused by its own chart
  const named = resources.filter(resource => resource.name !== undefined);
  return [...new Map(named.map(resource => [resource.name, resource])).values()];
}
