import { label } from '../app/aws/labels';

/** Blocks of one type, or of one type and label, in Terraform's JSON syntax (Terraform documentation, "JSON Configuration Syntax"). */
export type Blocks = Readonly<Record<string, object>>;

export const terraformTags = `\${local.tags}`;

/** Terraform refuses to destroy or replace the resource as long as the module names it. */
export const preventDestroy = { prevent_destroy: true };

/** A document of `dist/aws/iam`: what reviewers read there is what is applied. */
export const iamFile = (name: string): string => `\${file("\${path.module}/../iam/${name}")}`;

/** The policy on a resource, which Terraform renders. */
export const policyJson = (name: string): string => `\${data.aws_iam_policy_document.${label(name)}.json}`;

export const byName = <T extends { readonly name: string }>(items: readonly T[], block: (item: T) => object): Blocks =>
  Object.fromEntries(items.map(item => [label(item.name), block(item)]));

/** The ARNs of resources of one type, by their names. */
export const arnOutput = (type: string, items: readonly { readonly name: string }[]): object => ({
  value: Object.fromEntries(items.map(({ name }) => [name, `\${${type}.${label(name)}.arn}`])),
});
