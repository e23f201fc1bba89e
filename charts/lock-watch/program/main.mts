// The watcher of the lock: what it does stands in watch.mts.
import { run } from '../../app/jobs/runtime/run.mts';

await run('lock-watch', async () => (await import('./start.mts')).startLockWatch);
