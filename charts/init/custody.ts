import type { k8s } from '../../imports';
import type { AwsEnvironment } from '../app/aws/environment';
import type { IamStatement } from '../app/aws/iam-role';
import type { RequiredSecret } from '../app/aws/requirement';
import type { Problems } from '../app/validation/problems';
import { KubernetesSecretCustody } from './custody-kubernetes-secret';
import { LogCustody } from './custody-log';
import { SecretsManagerCustody, type SecretsManagerCustodyProps } from './custody-secrets-manager';
import type { InitPlan } from './plan';

/** What a place of custody may be told of the Vault whose keys it takes. */
export interface CustodyContext {
  readonly aws: AwsEnvironment;
  readonly unsealKey: string;
  /** The Secret with the servers' certificate. */
  readonly tlsSecret: string;
  /** Bytes of the largest answer that it may have to take. */
  readonly largestAnswer: number;
}

/** Where the recovery keys go, and what the init Job needs to bring them there. */
export interface Custody {
  readonly kind: InitPlan['custody'];
  readonly env: Readonly<Record<string, string>>;
  /** How many recovery keys it takes apart from each other; undefined where all come to lie in one place. */
  readonly separateShares?: number;
  /** What the Job's IAM role may do; none where custody is not AWS. */
  statements(aws: AwsEnvironment): readonly IamStatement[];
  /** The secrets that it takes to exist, by their names. */
  readonly secrets: readonly RequiredSecret[];
  /** The places that belong to one Vault alone, such as "the secret vault/recovery": keys of two in one overwrite each other. */
  readonly places: readonly string[];
  /** What the Job's ServiceAccount may do in its namespace. */
  readonly rules: readonly k8s.PolicyRule[];
  check(problems: Problems, context: CustodyContext): void;
}

/** A place that may hold keys in clear. */
export type ClosedCustody = Custody & { readonly kind: 'secretsManager' | 'kubernetesSecret' };

/** Places of custody for recovery keys. */
export const Custody = {
  /**
   * A secret in AWS Secrets Manager that exists, by name or ARN; or one for each recovery key, so that no place holds them all. The Job
   * may write it, not read it.
   */
  secretsManager: (secrets: string | readonly string[], props: SecretsManagerCustodyProps = {}): ClosedCustody =>
    new SecretsManagerCustody(typeof secrets === 'string' ? [secrets] : (secrets ?? []), props),
  /**
   * A Kubernetes Secret of this name in the namespace of the servers, which the Job makes. For trials: whoever may read Secrets there, or
   * make pods, or read etcd, has the recovery keys.
   */
  kubernetesSecret: (name: string): ClosedCustody => new KubernetesSecretCustody(name),
  /** The log of the Job. Only where every key and the root token are encrypted to PGP keys. */
  log: (): LogCustody => new LogCustody(),
};
