import { type Elsewhere, Pod } from '../../app/jobs/runtime/pod.mts';
import { Servers } from '../../app/jobs/runtime/servers.mts';
import type { Stop } from '../../app/jobs/runtime/stop.mts';
import { type Say, Waiter } from '../../app/jobs/runtime/wait.mts';
import type { LockWatchPlan } from '../plan.ts';
import { Events } from './events.mts';
import { readLock } from './lock.mts';
import { LockWatch } from './watch.mts';

/** Puts the program together from its pod, and runs it. */
export async function startLockWatch(env: NodeJS.ProcessEnv, stop: Stop, say: Say, elsewhere: Elsewhere = {}): Promise<void> {
  const pod = new Pod(env, stop, say, elsewhere);
  const plan = pod.json<LockWatchPlan>('plan.json');
  await new LockWatch({
    servers: new Servers(pod.kubernetes, plan.servers, () => pod.vaultCa),
    table: plan.table,
    readLock: () => readLock(pod.aws, plan.table),
    lease: pod.lease(plan.lease),
    events: new Events(pod.kubernetes, pod.name),
    waiter: new Waiter(say, stop, { giveUpAfter: 0, shortest: 250, longest: 250 }),
    stop,
    say,
    patience: plan.patience * 1000,
    interval: 5_000,
    grace: 20_000,
  }).run();
}
