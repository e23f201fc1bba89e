// The restore Job: what it does stands in restore.mts.
import { run } from '../../app/jobs/runtime/run.mts';

await run('restore', async () => (await import('./start.mts')).startRestore);
