// The drill Job: what it does stands in drill.mts.
import { run } from '../../../app/jobs/runtime/run.mts';

await run('drill', async () => (await import('./start.mts')).startDrill);
