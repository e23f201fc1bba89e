import { KubernetesSecretCustody } from './kubernetes-secret';
import { LogCustody } from './log';
import type { ClosedCustodyPlace, CustodyPlace } from './place';
import { SecretsManagerCustody, type SecretsManagerCustodyProps } from './secrets-manager';

/** The places that recovery keys may go to. */
export const Custody = {
  /**
   * A secret in AWS Secrets Manager that exists, by name or ARN; or one for each recovery key, so that no place holds them all. The Job
   * may write it, not read it.
   */
  secretsManager: (secrets: string | readonly string[], props: SecretsManagerCustodyProps = {}): ClosedCustodyPlace =>
    new SecretsManagerCustody(typeof secrets === 'string' ? [secrets] : (secrets ?? []), props),
  /**
   * A Kubernetes Secret of this name in the namespace of the servers, which the Job makes. For trials: whoever may read Secrets there, or
   * make pods, or read etcd, has the recovery keys.
   */
  kubernetesSecret: (name: string): ClosedCustodyPlace => new KubernetesSecretCustody(name),
  /** The log of the Job. Only where every key and the root token are encrypted to PGP keys. */
  log: (): CustodyPlace => new LogCustody(),
};
