import { lookup } from 'node:dns/promises';
import { readFileSync } from 'node:fs';
import { connect } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Stop } from '../../../app/jobs/runtime/stop.mts';
import type { Say } from '../../../app/jobs/runtime/wait.mts';
import type { GuardPlan } from '../plan.ts';

/** How one try to reach a target ends. A refusal came from the target: the packets got there. */
type Outcome = 'reached' | 'blocked' | 'unknown name';

/** Milliseconds: a policy may be in force a moment after the pod has started; a target counts as out of reach after three tries in a row. */
export interface GuardPace {
  readonly connect: number;
  readonly pause: number;
  readonly giveUpAfter: number;
}

/** What tests set instead of the pod's. */
export interface GuardElsewhere {
  readonly plan?: GuardPlan;
  readonly pace?: GuardPace;
  readonly reach?: typeof tryToReach;
}

const defaultPace: GuardPace = { connect: 3_000, pause: 1_000, giveUpAfter: 90_000 };

/** Ends well only where none of the targets can be reached from this pod: NetworkPolicies are enforced, and this pod is cut off. */
export async function startGuard(
  _env: NodeJS.ProcessEnv,
  stop: Stop,
  say: Say,
  { plan, pace = defaultPace, reach = tryToReach }: GuardElsewhere = {},
): Promise<void> {
  const { targets } = plan ?? (JSON.parse(readFileSync('/program/plan.json', 'utf8')) as GuardPlan);
  const start = performance.now();
  const outOfReach = async ({ what, host, port }: GuardPlan['targets'][number]): Promise<void> => {
    for (let blocked = 0; blocked < 3; ) {
      const outcome = await reach(host, port, pace.connect);
      blocked = outcome === 'blocked' ? blocked + 1 : 0;
      if (outcome !== 'blocked' && performance.now() - start > pace.giveUpAfter)
        throw new Error(
          outcome === 'reached'
            ? `this pod reaches ${what} at ${host}:${port}: NetworkPolicies are not enforced here. Vault is not started`
            : `${host} has no address: correct the name of ${what}. Vault is not started`,
        );
      stop.signal.throwIfAborted();
      await sleep(pace.pause);
    }
    say(`${what} at ${host}:${port} is out of reach`);
  };
  await Promise.all(targets.map(outOfReach));
}

async function tryToReach(host: string, port: number, timeout: number): Promise<Outcome> {
  // first, and without a limit: a name server that does not answer is no policy that is in the way
  const address = await lookup(host).catch(() => undefined);
  if (address === undefined) return 'unknown name';
  return new Promise(resolve => {
    const socket = connect({ host: address.address, port, timeout });
    const end = (outcome: Outcome): void => {
      socket.destroy();
      resolve(outcome);
    };
    socket.on('connect', () => end('reached'));
    socket.on('timeout', () => end('blocked'));
    socket.on('error', ({ code }: NodeJS.ErrnoException) => end(code === 'ECONNREFUSED' || code === 'ECONNRESET' ? 'reached' : 'blocked'));
  });
}
