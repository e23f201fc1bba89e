import type { k8s } from '../../../imports';
import type { AwsEnvironment } from '../../app/aws/environment';
import type { IamStatement } from '../../app/aws/iam-role';
import type { RequiredSecret } from '../../app/aws/requirement';
import type { Problems } from '../../app/validation/problems';

/** What a place of custody may be told of the Vault whose keys it takes. */
export interface CustodyContext {
  readonly aws: AwsEnvironment;
  readonly unsealKey: string | undefined;
  /** The Secret with the servers' certificate. */
  readonly tlsSecret: string;
  /** Bytes of the largest answer that it may have to take. */
  readonly largestAnswer: number;
}

/** Where the recovery keys go, and what the init Job needs to bring them there. */
export interface CustodyPlace {
  /** Which kind of place it is. */
  readonly kind: 'secretsManager' | 'kubernetesSecret' | 'log';
  /** What the Job's program is told of it, as environment variables. */
  readonly env: Readonly<Record<string, string>>;
  /** How many recovery keys it takes apart from each other; undefined where all come to lie in one place. */
  readonly separateShares?: number;
  /** What the Job's IAM role may do; none where custody is not AWS. */
  statements(aws: AwsEnvironment): readonly IamStatement[];
  /**
   * The secrets of Secrets Manager that must exist, by their names.
   *
   * @internal
   */
  readonly secrets: readonly RequiredSecret[];
  /** What belongs to one Vault alone, such as "the secret vault/recovery": keys of two in one overwrite each other. */
  readonly uniqueResources: readonly string[];
  /** What the Job's ServiceAccount may do in its namespace. */
  readonly rules: readonly k8s.PolicyRule[];
  /** Reports what is wrong with it beside the Vault whose keys it takes. */
  validate(problems: Problems, context: CustodyContext): void;
}

/** A place that may hold keys in clear. */
export type ClosedCustodyPlace = CustodyPlace & { readonly kind: 'secretsManager' | 'kubernetesSecret' };
