import type { ServersPlan } from '../app/jobs/vault-servers.ts';

/** What the watcher is told at synth: `plan.json` beside its program. */
export interface LockWatchPlan {
  /** The Lease that whatever changes this Vault holds: while another has it, the watcher touches nobody. */
  readonly lease: string;
  readonly servers: ServersPlan;
  /** The table that holds the lock. */
  readonly table: string;
  /** Seconds that the lock must be held without a leader. */
  readonly patience: number;
}
