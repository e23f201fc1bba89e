// The watcher of the lock: what it does stands in watch.mts. Signals are heard before anything else is loaded.
import { Stopped, stopOnSignals } from '../../app/jobs/runtime/stop.mts';

const say = (line: string): void => console.log(`lock-watch: ${line}`);
const stop = stopOnSignals(say);
const { startLockWatch } = await import('./start.mts');

try {
  await startLockWatch(process.env, stop, say);
} catch (error) {
  say((error as Error).message);
  // 143: as a process that SIGTERM ended
  process.exitCode = error instanceof Stopped ? 143 : 1;
}
