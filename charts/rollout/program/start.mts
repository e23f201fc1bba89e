import { type Elsewhere, Pod } from '../../app/jobs/runtime/pod.mts';
import { Servers } from '../../app/jobs/runtime/servers.mts';
import type { Stop } from '../../app/jobs/runtime/stop.mts';
import { type Say, Waiter } from '../../app/jobs/runtime/wait.mts';
import { waitMilliseconds } from '../../app/jobs/runtime/wait-seconds.mts';
import type { RolloutPlan } from '../plan.ts';
import { Backup } from './backup.mts';
import { Rollout } from './rollout.mts';

export interface RolloutElsewhere extends Elsewhere {
  /** The address of a server's pod. */
  readonly server?: (pod: string) => string;
  /** Milliseconds, as in Surroundings. */
  readonly brokenAfter?: number;
}

/** Puts the program together from its pod, and runs it. */
export async function startRollout(env: NodeJS.ProcessEnv, stop: Stop, say: Say, elsewhere: RolloutElsewhere = {}): Promise<void> {
  const pod = new Pod(env, stop, say, elsewhere);
  const plan = pod.json<RolloutPlan>('plan.json');
  const lease = pod.lease(plan.lease);
  const giveUpAfter = waitMilliseconds(pod);
  const windowMinutes = env['WINDOW_MINUTES'] === undefined ? undefined : Number(env['WINDOW_MINUTES']);
  await new Rollout({
    servers: new Servers(pod.kubernetes, plan.servers, () => pod.vaultCa, elsewhere.server),
    backup: new Backup(pod.aws, pod.variable('BACKUP') === 'true' ? plan.backup : { kind: 'none' }, lease, say),
    lease,
    waiter: new Waiter(say, stop, elsewhere.pace ?? { giveUpAfter, shortest: 250, longest: 2_000 }),
    say,
    ...(windowMinutes === undefined ? {} : { until: windowBegan(pod.variable('JOB_NAME')) + windowMinutes * 60_000 }),
    allowOlder: pod.variable('ALLOW_OLDER') === 'true',
    brokenAfter: elsewhere.brokenAfter ?? 20_000,
  }).run();
}

/**
 * When the clock was to start this Job, however late its pod is: a CronJob names its Jobs by that minute (kubernetes, pkg/controller/cronjob/utils.go). One
 * that a person makes begins now, also where its name ends in a date.
 */
function windowBegan(job: string): number {
  const minutes = Number(/-(\d{8})$/.exec(job)?.[1] ?? 0);
  return minutes > 28_000_000 ? minutes * 60_000 : Date.now();
}
