import { type Elsewhere, Pod } from '../../app/jobs/runtime/pod.mts';
import type { Stop } from '../../app/jobs/runtime/stop.mts';
import { login } from '../../app/jobs/runtime/vault.mts';
import type { Say } from '../../app/jobs/runtime/wait.mts';
import type { ConfigurationPlan, Operation } from '../plan.ts';
import { ConfigurationRun } from './configuration.mts';
import { Secrets } from './secrets.mts';
import { Session } from './session.mts';

/** Milliseconds that Vault may answer 500, which is its storage that is away for a moment, or a database's no. */
const patience = 15_000;

/** Puts the program together from its pod, and runs it. */
export async function startConfiguration(env: NodeJS.ProcessEnv, stop: Stop, say: Say, elsewhere: Elsewhere = {}): Promise<void> {
  const pod = new Pod(env, stop, say, elsewhere);
  const plan = pod.json<ConfigurationPlan>('plan.json');
  const { waiter } = pod;
  const vault = pod.vault({ keepAlive: true });
  await new ConfigurationRun({
    plan,
    operations: new Map(plan.operations.map(name => [name, pod.json<readonly Operation[]>(name)])),
    session: new Session(vault, waiter, () => login(vault, plan.login.mount, plan.login.role, pod.vaultToken), {
      patience: Math.min(patience, elsewhere.pace?.giveUpAfter ?? patience),
    }),
    secrets: new Secrets(pod.aws, pod.kubernetes, waiter),
    readFile: file => pod.read(file, 'the ConfigMap that main.ts names is mounted there'),
    lease: pod.lease(plan.lease),
    waiter,
    write: pod.variable('MODE') === 'apply',
    say,
  }).run();
}
