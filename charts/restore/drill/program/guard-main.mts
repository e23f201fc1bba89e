// An init container of the drill's Vault: what it does stands in guard.mts.
import { run } from '../../../app/jobs/runtime/run.mts';

await run('guard', async () => (await import('./guard.mts')).startGuard);
