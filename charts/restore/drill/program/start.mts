import { type Elsewhere, Pod } from '../../../app/jobs/runtime/pod.mts';
import type { Stop } from '../../../app/jobs/runtime/stop.mts';
import { Vault } from '../../../app/jobs/runtime/vault.mts';
import { type Say, Waiter } from '../../../app/jobs/runtime/wait.mts';
import { waitMilliseconds } from '../../../app/jobs/runtime/wait-seconds.mts';
import { Backups } from '../../program/backups.mts';
import type { DrillPlan } from '../plan.ts';
import { Drill } from './drill.mts';
import { DrillServer } from './drill-server.mts';
import { ScratchTable } from './scratch-table.mts';

export interface DrillElsewhere extends Elsewhere {
  /** Where the drill's Vault answers, whatever address its pod has. */
  readonly server?: string;
}

/** Puts the program together from its pod, and runs it. */
export async function startDrill(env: NodeJS.ProcessEnv, stop: Stop, say: Say, elsewhere: DrillElsewhere = {}): Promise<void> {
  const pod = new Pod(env, stop, say, elsewhere);
  const plan = pod.json<DrillPlan>('plan.json');
  const giveUpAfter = waitMilliseconds(pod);
  const backups = new Backups(pod.aws, plan.source, say);
  // its certificate is that of production, and so are the names in it
  const servername = new URL(pod.variable('VAULT_ADDR')).hostname;
  await new Drill({
    plan,
    backups,
    scratch: new ScratchTable(pod.aws, plan.scratch, backups, say),
    server: new DrillServer(pod.kubernetes, plan.server),
    production: pod.vault(),
    at: address => new Vault(elsewhere.server ?? address, pod.vaultCa, stop, { servername }),
    token: () => pod.vaultToken,
    lease: pod.lease(plan.lease),
    waiter: pod.waiter,
    patient: new Waiter(say, stop, elsewhere.pace ?? { giveUpAfter, shortest: 2_000, longest: 30_000 }),
    say,
  }).run();
}
