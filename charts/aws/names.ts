import { logicalId, sameInDocuments } from '../app/aws/labels';
import type { Problems } from '../app/validation/problems';
import type { EnvironmentRequirements } from './environment-requirements';

/** AWS CloudFormation User Guide, "Understand CloudFormation quotas": characters of a logical id, in the longest that a name goes into. */
const hasLogicalId = (name: string): boolean => logicalId('ScalableTarget', `${name}-write`).length <= 255;

/** Refuses names of required resources that no document could tell apart, or hold. */
export function checkNames(problems: Problems, environment: EnvironmentRequirements): void {
  for (const type of ['table', 'key', 'secret'] as const) {
    const names = environment.ofType(type).map(resource => resource.name);
    for (const name of sameInDocuments(names))
      problems.refuse(type, name, `names that differ in letters and digits from every other ${type}'s`, 'rename it');
    for (const name of names.filter(long => !hasLogicalId(long)))
      problems.refuse(
        type,
        name,
        'names of about 235 letters and digits, which go into the ids of CloudFormation',
        type === 'table'
          ? 'choose a shorter name'
          : `choose a shorter name, or make it yourself: ${type === 'key' ? 'key' : 'secrets'}: "existing"`,
      );
  }
}
