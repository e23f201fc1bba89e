import type { Problems } from '../app/validation/problems';
import type { EnvironmentRequirements } from './environment-requirements';

const words = (name: string): string[] => name.split(/[^A-Za-z0-9]+/).filter(word => word !== '');

/** A logical id of CloudFormation, which are letters and digits. */
export const logicalId = (kind: string, name: string): string =>
  `${kind}${words(name)
    .map(word => word.charAt(0).toUpperCase() + word.slice(1))
    .join('')}`;

/** AWS CloudFormation User Guide, "Understand CloudFormation quotas": characters of a logical id, the longest kind included. */
const hasLogicalId = (name: string): boolean => logicalId('ScalableTarget', name).length <= 255;

/** A label of Terraform, which starts with a letter or "_". */
export const label = (name: string): string =>
  words(name)
    .join('_')
    .replace(/^(?=\d)/, '_');

/** Names that would be one in a document with an earlier one, though AWS may tell them apart. */
export function sameInDocuments(names: readonly string[]): readonly string[] {
  const ids = names.map(name => words(name).join('').toLowerCase());
  return names.filter((_, index) => ids.indexOf(ids[index] ?? '') !== index);
}

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
        'names of about 240 letters and digits, which go into the ids of CloudFormation',
        type === 'table'
          ? 'choose a shorter name'
          : `choose a shorter name, or make it yourself: ${type === 'key' ? 'key' : 'secrets'}: "existing"`,
      );
  }
}
