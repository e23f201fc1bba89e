import type { VaultWrite } from '../app/jobs/vault-write.ts';

/** What the init Job is told at synth: `plan.json` beside its program. What an overlay may change is in the Job's environment instead. */
export interface InitPlan {
  /** The Lease that whatever changes this Vault holds. */
  readonly lease: string;
  /** The PodDisruptionBudget that keeps the Job's pod in its place while it holds the only copy of the keys: its labels, and those of the pods. */
  readonly budget: {
    readonly name: string;
    readonly labels: Readonly<Record<string, string>>;
    readonly pods: Readonly<Record<string, string>>;
  };
  /** Where the recovery keys go. */
  readonly custody: 'secretsManager' | 'kubernetesSecret' | 'log';
  /** Bytes of the largest answer that an initialisation may give, as custody will hold it. */
  readonly largestAnswer: number;
  /** The body of `PUT sys/init`. */
  readonly request: object;
  /** What the Job's annotation says too: the same for Jobs that ask for the same keys and bring them to the same place. */
  readonly keys: string;
  /** `encrypted`: the Job cannot use the root token, so it makes no admin path. */
  readonly rootToken: 'revoke' | 'custody' | 'encrypted';
  /** Whether a Vault that is initialised while custody holds nothing is taken as it is. */
  readonly adopt: boolean;
  /** How the Job logs in once the root token is gone; absent where the root token is encrypted. */
  readonly login?: { readonly mount: string; readonly role: string };
  /** What is written with the root token. `$NAMESPACE` stands for the namespace that the Job runs in. */
  readonly writes: readonly VaultWrite[];
  /** Seconds that the pod has after it is told to stop. */
  readonly gracePeriodSeconds: number;
}
