import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { Stop, Stopped } from '../../charts/app/jobs/runtime/stop.mts';
import type { Say } from '../../charts/app/jobs/runtime/wait.mts';
import { serviceAccountToken } from '../init/program/init-pod';
import type { Manifest } from './render';

export interface Ran {
  readonly status: number;
  readonly lines: readonly string[];
}

/** What a pod of a rendered CronJob has: its environment and its files, below a folder that stands for the root; the program runs in this process. */
export class JobPod {
  readonly env: Record<string, string | undefined> = {};
  readonly root = mkdtempSync(join(tmpdir(), 'cdk8s-vault-pod-'));

  constructor(objects: Readonly<Record<string, Manifest>>, name: string) {
    const { containers } = objects[`CronJob/${name}`].spec.jobTemplate.spec.template.spec;
    for (const { name: variable, value } of containers[0].env as Manifest[]) this.env[variable] = value;
    Object.assign(this.env, {
      NAMESPACE: 'vault',
      POD_NAME: `${name}-pod`,
      AWS_ROLE_ARN: `arn:aws:iam::123456789012:role/${name}`,
      AWS_WEB_IDENTITY_TOKEN_FILE: '/var/run/secrets/eks.amazonaws.com/serviceaccount/token',
    });
    this.mount('program/plan.json', objects[`ConfigMap/${name}-program`].data['plan.json']);
    this.mount('var/run/secrets/kubernetes.io/serviceaccount/ca.crt', '');
    for (const folder of ['kubernetes.io/serviceaccount', 'eks.amazonaws.com/serviceaccount', 'vault'])
      this.mount(`var/run/secrets/${folder}/token`, serviceAccountToken(3600));
  }

  mount(path: string, text: string): void {
    const full = join(this.root, path);
    mkdirSync(dirname(full), { recursive: true });
    writeFileSync(full, text);
  }

  /** Runs a program to its end. */
  async run(
    start: (env: NodeJS.ProcessEnv, stop: Stop, say: Say) => Promise<void>,
    env: Readonly<Record<string, string | undefined>> = {},
  ): Promise<Ran> {
    const lines: string[] = [];
    const say = (line: string): void => void lines.push(line);
    try {
      await start({ ...this.env, ...env }, new Stop(say), say);
      return { status: 0, lines };
    } catch (error) {
      say((error as Error).message);
      return { status: error instanceof Stopped ? 143 : 1, lines };
    }
  }

  remove(): void {
    rmSync(this.root, { recursive: true });
  }
}
