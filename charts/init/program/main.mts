// The init Job: what it does stands in init.mts.
import { run } from '../../app/jobs/runtime/run.mts';

await run('init', async () => (await import('./start.mts')).startInit);
