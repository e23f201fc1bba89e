import type { ServersPlan } from '../app/jobs/vault-servers.ts';

/** How the table is backed up before anything is replaced. */
export type BackupPlan =
  | { readonly kind: 'dynamodb'; readonly table: string; readonly region: string }
  | { readonly kind: 'aws-backup'; readonly tableArn: string; readonly region: string; readonly backupVault: string; readonly role: string }
  | { readonly kind: 'none' };

/** What the rollout Job is told at synth: `plan.json` beside its program. */
export interface RolloutPlan {
  /** The Lease that whatever changes this Vault holds. */
  readonly lease: string;
  readonly servers: ServersPlan;
  readonly backup: BackupPlan;
}
