import { join } from 'node:path';
import { Aws, type AwsOptions } from '../../app/jobs/runtime/aws.mts';
import { readMounted } from '../../app/jobs/runtime/https.mts';
import { Kubernetes } from '../../app/jobs/runtime/kubernetes.mts';
import { Lease } from '../../app/jobs/runtime/lease.mts';
import type { Stop } from '../../app/jobs/runtime/stop.mts';
import { login, Vault } from '../../app/jobs/runtime/vault.mts';
import { type Pace, type Say, Waiter } from '../../app/jobs/runtime/wait.mts';
import type { ConfigurationPlan, Operation } from '../plan.ts';
import { ConfigurationRun } from './configuration.mts';
import { Secrets } from './secrets.mts';
import { Session } from './session.mts';

/** What tests set instead of the pod's. */
export interface Elsewhere {
  /** The folder that stands for the root of the pod's file system. */
  readonly root?: string;
  readonly pace?: Pace;
  readonly endpoint?: AwsOptions['endpoint'];
}

/** Puts the program together from the pod's environment and volumes, and runs it. */
export async function startConfiguration(env: NodeJS.ProcessEnv, stop: Stop, say: Say, elsewhere: Elsewhere = {}): Promise<void> {
  const variable = (name: string): string => {
    const value = env[name];
    if (value === undefined || value === '')
      throw new Error(`the environment variable ${name} is missing: it stands in the Job that was rendered`);
    return value;
  };
  const path = (absolute: string): string => join(elsewhere.root ?? '/', absolute);
  const readProgram = (name: string): string => readMounted(path(`program/${name}`), 'the pod lacks the volume program');
  const plan = JSON.parse(readProgram('plan.json')) as ConfigurationPlan;
  const operations = new Map(plan.operations.map(name => [name, JSON.parse(readProgram(name)) as readonly Operation[]]));
  const namespace = variable('NAMESPACE');
  const pod = variable('POD_NAME');
  const kubernetes = new Kubernetes(
    env['KUBERNETES_SERVER'] ?? 'https://kubernetes.default.svc',
    path('var/run/secrets/kubernetes.io/serviceaccount'),
    namespace,
  );
  const vault = new Vault(
    variable('VAULT_ADDR'),
    readMounted(
      path('tls/ca.crt'),
      'the Secret with the servers’ certificate has no ca.crt. Its issuer gave none: take one that does, or add ca.crt to the Secret',
    ),
    stop,
  );
  const tokenFile = env['AWS_WEB_IDENTITY_TOKEN_FILE'];
  const aws = new Aws({
    region: variable('AWS_REGION'),
    roleArn: env['AWS_ROLE_ARN'],
    tokenFile: tokenFile === undefined ? undefined : path(tokenFile),
    sessionName: pod,
    stop,
    ...(elsewhere.endpoint === undefined ? {} : { endpoint: elsewhere.endpoint }),
  });
  const waiter = new Waiter(say, stop, elsewhere.pace);
  const ownToken = (): string => readMounted(path('var/run/secrets/vault/token'), 'the pod lacks the volume vault-token').trim();
  const session = new Session(vault, waiter, () => login(vault, plan.login.mount, plan.login.role, ownToken()));
  await new ConfigurationRun({
    plan,
    operations,
    session,
    secrets: new Secrets(aws, kubernetes, waiter),
    readFile: file => readMounted(path(file), 'the ConfigMap that main.ts names is mounted there'),
    lease: new Lease(kubernetes, plan.lease, pod, say),
    waiter,
    write: variable('MODE') === 'apply',
    say,
  }).run();
}
