import type { Aws } from '../../app/jobs/runtime/aws.mts';
import type { Kubernetes } from '../../app/jobs/runtime/kubernetes.mts';
import type { Say } from '../../app/jobs/runtime/wait.mts';
import type { InitPlan } from '../plan.ts';
import { KubernetesSecretCustody } from './custody-kubernetes-secret.mts';
import { LogCustody } from './custody-log.mts';
import { SecretsManagerCustody } from './custody-secrets-manager.mts';

/** Whether custody holds the recovery keys: all, some of several, none; or nobody can ask it. */
export type Holding = 'all' | 'some' | 'none' | 'unknown';

/** A place that takes the recovery keys, and never gives them back to this Job. */
export interface Custody {
  /** What it is, for messages. */
  readonly name: string;
  /** Where the root token of the initialisation is, once custody holds the keys. */
  readonly rootTokenPlace: string;
  holds(): Promise<Holding>;
  /** Shows that it takes something as large as the keys, before there are any. */
  prove(largest: number): Promise<void>;
  /** Stores the answer; storing it again does no harm. Returns what shows that it is there. */
  store(answer: string): Promise<string>;
  /** Until when this pod certainly can store; undefined where it needs no identity for it. */
  readonly identityEnds: Date | undefined;
}

export function custodyOf(plan: InitPlan, env: NodeJS.ProcessEnv, clients: { aws: Aws; kubernetes: Kubernetes; say: Say }): Custody {
  switch (plan.custody) {
    case 'secretsManager':
      return new SecretsManagerCustody(clients.aws, (env['CUSTODY_SECRETS'] ?? '').split(' '));
    case 'kubernetesSecret':
      return new KubernetesSecretCustody(clients.kubernetes, env['CUSTODY_SECRET'] ?? '');
    case 'log':
      return new LogCustody(plan, clients.say);
  }
}
