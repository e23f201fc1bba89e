import type { Part } from '../app/validation/part';
import type { ResourcePolicyStatement } from './resource-policy';
import type { Blocks } from './terraform-syntax';

/** Resources or outputs of a template, by their logical ids. */
export type Templates = Readonly<Record<string, object>>;

/** The tags of everything, in the two forms that CloudFormation has. */
export interface TemplateTags {
  readonly list: object;
  readonly map: Readonly<Record<string, string>> | undefined;
}

/** A policy that Terraform renders, since who may break glass is a variable. */
export type NamedPolicies = readonly (readonly [name: string, policy: readonly ResourcePolicyStatement[]])[];

/**
 * All AWS resources of one kind, in one file: the props on how to make them, their checks, and both forms side by side. AwsResources holds them in a list, and
 * asks each.
 */
export interface AwsResource extends Part {
  /** The policies on these resources. */
  readonly policies: NamedPolicies;
  /** Blocks by their types, as in Terraform's JSON syntax. */
  terraform(): Readonly<Record<string, Blocks>>;
  /** Outputs of the module. */
  terraformOutputs(): Blocks;
  cloudFormation(tags: TemplateTags): Templates;
  cloudFormationOutputs(): Templates;
}
