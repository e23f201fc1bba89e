// The rollout Job: what it does stands in rollout.mts.
import { run } from '../../app/jobs/runtime/run.mts';

await run('rollout', async () => (await import('./start.mts')).startRollout);
