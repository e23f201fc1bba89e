import { type Elsewhere, Pod } from '../../app/jobs/runtime/pod.mts';
import type { Stop } from '../../app/jobs/runtime/stop.mts';
import type { Say } from '../../app/jobs/runtime/wait.mts';
import type { InitPlan } from '../plan.ts';
import { DisruptionBudget } from './budget.mts';
import { custodyOf } from './custody.mts';
import { InitRun } from './init.mts';
import { KeptAnswer } from './kept.mts';

/** Puts the program together from its pod, and runs it. */
export async function startInit(env: NodeJS.ProcessEnv, stop: Stop, say: Say, elsewhere: Elsewhere = {}): Promise<void> {
  const pod = new Pod(env, stop, say, elsewhere);
  const plan = pod.json<InitPlan>('plan.json');
  const { aws, kubernetes, waiter } = pod;
  await new InitRun({
    plan,
    pod,
    vault: pod.vault(),
    custody: custodyOf(plan, env, { aws, kubernetes, say }),
    lease: pod.lease(plan.lease),
    budget: new DisruptionBudget(kubernetes, plan.budget, { name: pod.variable('JOB_NAME'), uid: pod.variable('JOB_UID') }),
    kept: new KeptAnswer(pod.path('keys')),
    waiter,
    stop,
    say,
  }).run();
}
