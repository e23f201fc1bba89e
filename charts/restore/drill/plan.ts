import type { SourcePlan } from '../plan.ts';

/** What the drill Job is told at synth: `plan.json` beside its program. */
export interface DrillPlan {
  /** The Lease that keeps two drills apart. */
  readonly lease: string;
  readonly source: SourcePlan;
  /** The table that the backup is restored into, and that is deleted again. */
  readonly scratch: string;
  readonly server: { readonly deployment: string; readonly selector: Readonly<Record<string, string>>; readonly port: number };
  readonly login: { readonly mount: string; readonly role: string };
  /** The path that is read in production and in the drill. */
  readonly canary: string;
}

/** What the drill's pod must not reach: `plan.json` beside the guard. */
export interface GuardPlan {
  readonly targets: readonly { readonly what: string; readonly host: string; readonly port: number }[];
}
