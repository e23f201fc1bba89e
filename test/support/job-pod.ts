import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { Stop, Stopped } from '../../charts/app/jobs/runtime/stop.mts';
import type { Pace, Say } from '../../charts/app/jobs/runtime/wait.mts';
import type { Manifest } from './render';

export interface Ran {
  readonly status: number;
  readonly lines: readonly string[];
}

type Objects = Readonly<Record<string, Manifest>>;

/** A ServiceAccount token that is good for so many seconds. */
export const serviceAccountToken = (seconds: number): string =>
  ['e30', Buffer.from(JSON.stringify({ exp: Math.floor(Date.now() / 1000) + seconds })).toString('base64url'), '5ecre7-signature'].join(
    '.',
  );

const rendered = new WeakMap<object, Objects>();
/** What an app with these props renders: once, since most pods of a test are made of the same ones. */
export function renderedOnce(props: object, render: () => Objects): Objects {
  const objects = rendered.get(props) ?? render();
  rendered.set(props, objects);
  return objects;
}

/** The pod of a Job: the environment and the files that were rendered, below a folder that stands for the root; its program runs in this process. */
export abstract class JobPod {
  readonly env: Record<string, string | undefined> = {};
  /** What the program said in its last run. */
  lines: string[] = [];
  protected readonly root = mkdtempSync(join(tmpdir(), 'cdk8s-vault-pod-'));
  private stop = new Stop(() => undefined);

  protected constructor(private readonly name: string) {
    for (const folder of ['kubernetes.io/serviceaccount', 'eks.amazonaws.com/serviceaccount', 'vault'])
      this.mount(`var/run/secrets/${folder}/token`, serviceAccountToken(3600));
    this.mount('var/run/secrets/kubernetes.io/serviceaccount/ca.crt', '');
  }

  /** Has the pod of the rendered Job, or of its CronJob: its environment, and the files of its program that are not code. */
  protected take(objects: Objects): void {
    const { name } = this;
    const job = objects[`Job/${name}`] ?? objects[`CronJob/${name}`].spec.jobTemplate;
    const { containers, volumes } = job.spec.template.spec;
    for (const { name: variable, value } of containers[0].env as Manifest[]) this.env[variable] = value;
    Object.assign(this.env, {
      NAMESPACE: 'vault',
      POD_NAME: `${name}-pod`,
      AWS_ROLE_ARN: `arn:aws:iam::123456789012:role/${name}`,
      AWS_WEB_IDENTITY_TOKEN_FILE: '/var/run/secrets/eks.amazonaws.com/serviceaccount/token',
    });
    const { configMap, projected } = volumes.find((volume: Manifest) => volume.name === 'program');
    const sources: Manifest[] = projected?.sources.map((source: Manifest) => source.configMap) ?? [configMap];
    for (const { name: source, items } of sources) {
      const found = Object.values(objects).find(({ kind, metadata }) => kind === 'ConfigMap' && metadata.name === source) as Manifest;
      for (const { key, path } of items) if (path.endsWith('.json')) this.mount(`program/${path}`, found.data[key]);
    }
  }

  /** A file of one of the pod's volumes; undefined takes it away. */
  mount(path: string, text: string | undefined): void {
    const full = join(this.root, path);
    mkdirSync(dirname(full), { recursive: true });
    if (text === undefined) rmSync(full);
    else writeFileSync(full, text);
  }

  read(path: string): string {
    return readFileSync(join(this.root, path), 'utf8');
  }

  /** A new container runs the program to its end. */
  protected async runProgram(
    start: (env: NodeJS.ProcessEnv, stop: Stop, say: Say, elsewhere: { readonly root: string; readonly pace: Pace }) => Promise<void>,
    env: Readonly<Record<string, string | undefined>> = {},
    giveUpAfter = 200,
  ): Promise<Ran> {
    const lines: string[] = [];
    this.lines = lines;
    const say = (line: string): void => void lines.push(line);
    this.stop = new Stop(say);
    try {
      await start({ ...this.env, ...env }, this.stop, say, { root: this.root, pace: { giveUpAfter, shortest: 2, longest: 10 } });
      return { status: 0, lines };
    } catch (error) {
      say((error as Error).message);
      return { status: error instanceof Stopped ? 143 : 1, lines };
    }
  }

  /** SIGTERM. */
  terminate(): void {
    this.stop.tell();
  }

  remove(): void {
    rmSync(this.root, { recursive: true });
  }
}
