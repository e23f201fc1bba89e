// The configuration Job: what it does stands in configuration.mts.
import { run } from '../../app/jobs/runtime/run.mts';

await run('configuration', async () => (await import('./start.mts')).startConfiguration);
