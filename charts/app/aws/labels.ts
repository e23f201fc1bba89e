const words = (name: string): string[] => name.split(/[^A-Za-z0-9]+/).filter(word => word !== '');

/** A logical id of CloudFormation, which are letters and digits. */
export const logicalId = (kind: string, name: string): string =>
  `${kind}${words(name)
    .map(word => word.charAt(0).toUpperCase() + word.slice(1))
    .join('')}`;

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
