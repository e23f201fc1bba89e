import { spawn } from 'node:child_process';
import { get, isReady, kubectl, kubectlCommand } from './cluster';
import { eventually } from './shell';

/** A privileged pod on every node that sends signals to processes of other pods, as an out-of-memory killer would: a container cannot kill its own first process. */
export class Killer {
  readonly #namespace: string;

  constructor(installation: string) {
    this.#namespace = `${installation}-killer`;
  }

  async create(): Promise<void> {
    await this.remove();
    await kubectl(['create', 'namespace', this.#namespace]);
    for (const { metadata } of (await get('nodes')).items) {
      const container = {
        name: 'killer',
        image: 'amazon/aws-cli:2.35.9',
        imagePullPolicy: 'IfNotPresent',
        command: ['sleep', 'infinity'],
        securityContext: { privileged: true },
      };
      const spec = { nodeName: metadata.name, hostPID: true, containers: [container], terminationGracePeriodSeconds: 0 };
      const manifest = { apiVersion: 'v1', kind: 'Pod', metadata: { name: `on-${metadata.name}`, namespace: this.#namespace }, spec };
      await kubectl(['apply', '-f', '-'], { input: JSON.stringify(manifest) });
    }
    await eventually('the killers to run', 60, async () => {
      const pods = (await get('pods', '-n', this.#namespace)).items;
      if (!pods.every(isReady)) throw new Error('not yet');
    });
  }

  async remove(): Promise<void> {
    await kubectl(['delete', 'namespace', this.#namespace, '--ignore-not-found', '--timeout=60s']);
  }

  /** Takes aim at the processes of a pod whose command line begins so; what it returns sends them a signal, without delay. */
  aim(node: string, pod: string, commandLine: string): (signal: string) => Promise<void> {
    const script = `read -r signal
for environment in $(grep -lzsx "HOSTNAME=$1" /proc/[0-9]*/environ); do
  process=\${environment%/environ}
  case $(tr '\\0' ' ' <"$process/cmdline") in "$2"*) hit+=("\${process#/proc/}");; esac
done
kill -s "$signal" "\${hit[@]}"`;
    const [program = '', ...args] = kubectlCommand;
    const child = spawn(program, [
      ...args,
      'exec',
      '-i',
      '-n',
      this.#namespace,
      `on-${node}`,
      '--',
      'bash',
      '-c',
      script,
      'bash',
      pod,
      commandLine,
    ]);
    let said = '';
    child.stderr.on('data', chunk => {
      said += chunk;
    });
    const ended = new Promise<number | null>(resolve => child.on('close', resolve));
    return async signal => {
      child.stdin.end(`${signal}\n`);
      if ((await ended) !== 0) throw new Error(`sending ${signal} to ${pod}: ${said}`);
    };
  }
}
