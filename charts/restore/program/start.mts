import { type Elsewhere, Pod } from '../../app/jobs/runtime/pod.mts';
import type { Stop } from '../../app/jobs/runtime/stop.mts';
import { type Say, Waiter } from '../../app/jobs/runtime/wait.mts';
import { waitMilliseconds } from '../../app/jobs/runtime/wait-seconds.mts';
import type { RestorePlan } from '../plan.ts';
import { Backups } from './backups.mts';
import { Restore } from './restore.mts';
import { TableSettings } from './settings.mts';

/** Puts the program together from its pod, and runs it. */
export async function startRestore(env: NodeJS.ProcessEnv, stop: Stop, say: Say, elsewhere: Elsewhere = {}): Promise<void> {
  const pod = new Pod(env, stop, say, elsewhere);
  const plan = pod.json<RestorePlan>('plan.json');
  const giveUpAfter = waitMilliseconds(pod);
  await new Restore({
    plan,
    backups: new Backups(pod.aws, plan.source, say),
    settings: new TableSettings(pod.aws, say),
    waiter: pod.waiter,
    patient: new Waiter(say, stop, elsewhere.pace ?? { giveUpAfter, shortest: 2_000, longest: 30_000 }),
    say,
    from: pod.variable('FROM'),
    newTable: pod.variable('NEW_TABLE'),
    bringsSettings: pod.variable('SETTINGS') === 'true',
  }).run();
}
