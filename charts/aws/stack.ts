import type { AwsEnvironment } from '../app/aws/environment';
import type { AwsResource, NamedPolicies } from './aws-resource';

/** What one account and region gets: the same for Terraform and for CloudFormation. */
export interface Stack {
  readonly aws: AwsEnvironment;
  readonly tags: Readonly<Record<string, string>>;
  readonly resources: readonly AwsResource[];
  /** The policies on all resources. */
  readonly policies: NamedPolicies;
  /** Whether the VPC and its route tables are asked for. */
  readonly hasEndpoint: boolean;
}
