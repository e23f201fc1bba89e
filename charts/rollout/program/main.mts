// The rollout Job: what it does stands in rollout.mts. Signals are heard before anything else is loaded.
import { Stopped, stopOnSignals } from '../../app/jobs/runtime/stop.mts';

const say = (line: string): void => console.log(`rollout: ${line}`);
const stop = stopOnSignals(say);
const { startRollout } = await import('./start.mts');

try {
  await startRollout(process.env, stop, say);
} catch (error) {
  say((error as Error).message);
  // 143: as a process that SIGTERM ended
  process.exitCode = error instanceof Stopped ? 143 : 1;
}
