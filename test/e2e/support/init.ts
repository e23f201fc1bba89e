import { Custody, VaultInit, type VaultInitProps, type VaultServerProps } from '../../../charts';
import type { Manifest } from '../../support/render';
import type { TestCa } from './certificates';
import { type Installation, kubectlCommand } from './cluster';
import { background, eventually, sleep } from './shell';

/** How the command line of the Job's program begins. */
export const program = 'node --use-system-ca /program/';

type InitProps = Omit<VaultInitProps, 'vault'>;

/** The dist of an app with a server and its init Job. */
export function synthInit(installation: Installation, props: InitProps, server: Partial<VaultServerProps> = { replicas: 1 }) {
  let init: VaultInit | undefined;
  const made = installation.synth(server, (app, vault) => {
    init = new VaultInit(app, 'init', { ...(props as VaultInitProps), vault });
  });
  if (init === undefined) throw new Error('no init chart');
  return { ...made, init };
}

/** The same with custody in secrets of AWS, and the role that the Job has for them. */
export function synthInitWithRole(
  installation: Installation,
  secrets: string | readonly string[],
  server?: Partial<VaultServerProps>,
  more: Pick<InitProps, 'outbound'> = {},
) {
  const custody = Custody.secretsManager(secrets);
  const made = synthInit(installation, { custody, role: `${installation.namespace}-init`, ...more }, server);
  if (made.init.role === undefined) throw new Error('no role');
  return { ...made, role: made.init.role };
}

/** Makes everything that the app needs but its secrets. */
export async function prepareInit(installation: Installation, ca: TestCa, { vault, init }: ReturnType<typeof synthInit>): Promise<void> {
  await installation.makeAws(vault);
  if (init.role !== undefined) await installation.makeRole(init.role);
  await installation.makePrerequisites(vault, ca);
}

export const initPods = async (installation: Installation): Promise<Manifest[]> =>
  (await installation.get('pods', '-l', 'app.kubernetes.io/component=init')).items;

export const runningInitPod = (installation: Installation): Promise<Manifest> =>
  eventually('the container of the Job to run', 120, async () => {
    const [pod] = await initPods(installation);
    if (pod?.status.containerStatuses?.[0]?.state.running === undefined) throw new Error(pod?.status.phase ?? 'no pod');
    return pod;
  });

/** Follows a pod's log until it says so, with as little delay as can be. */
export async function says(installation: Installation, pod: string, text: string): Promise<void> {
  const log = background([...kubectlCommand, '-n', installation.namespace, 'logs', '-f', pod]);
  try {
    for (let tries = 0; !log.lines.some(line => line.includes(text)); tries++) {
      if (tries > 6000) throw new Error(`${pod} never said "${text}":\n${log.lines.join('\n')}`);
      await sleep(20);
    }
  } finally {
    await log.stop();
  }
}
