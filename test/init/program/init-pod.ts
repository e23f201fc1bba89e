import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { Custody, KustomizeApp, VaultInit, type VaultInitProps, VaultServer } from '../../../charts';
import { Stop, Stopped } from '../../../charts/app/jobs/runtime/stop.mts';
import { startInit } from '../../../charts/init/program/start.mts';
import { FakeAws } from '../../support/fakes/fake-aws';
import { FakeKubernetes } from '../../support/fakes/fake-kubernetes';
import { FakeVault } from '../../support/fakes/fake-vault';
import { type Manifest, minimal, objectsOf } from '../../support/render';

export interface Ended {
  readonly status: number;
  readonly output: string;
}

/** A ServiceAccount token that is good for so many seconds. */
export const serviceAccountToken = (seconds: number): string =>
  ['e30', Buffer.from(JSON.stringify({ exp: Math.floor(Date.now() / 1000) + seconds })).toString('base64url'), '5ecre7-signature'].join(
    '.',
  );

/** The init Job's pod: its rendered plan and environment, the real program in this process, and fakes around it. */
export class InitPod {
  readonly vault = new FakeVault();
  readonly kubernetes = new FakeKubernetes();
  readonly aws = new FakeAws();
  readonly env: Record<string, string | undefined> = {};
  readonly plan: Manifest;
  output = '';
  private readonly root = mkdtempSync(join(tmpdir(), 'cdk8s-vault-init-'));
  private stop = new Stop(() => undefined);

  static async create(props: Partial<Omit<VaultInitProps, 'vault'>> = {}): Promise<InitPod> {
    const pod = new InitPod({ custody: Custody.secretsManager('recovery'), ...props } as Omit<VaultInitProps, 'vault'>);
    await Promise.all([pod.vault, pod.kubernetes, pod.aws].map(fake => fake.listen()));
    pod.mount('tls/ca.crt', pod.vault.certificate);
    pod.mount('var/run/secrets/kubernetes.io/serviceaccount/ca.crt', pod.kubernetes.certificate);
    pod.env['KUBERNETES_SERVER'] = pod.kubernetes.address;
    pod.env['VAULT_ADDR'] = pod.vault.address;
    return pod;
  }

  private constructor(props: Omit<VaultInitProps, 'vault'>) {
    const app = new KustomizeApp();
    const vault = new VaultServer(app, 'vault', minimal);
    new VaultInit(app, 'init', { ...(props as VaultInitProps), vault });
    const objects = objectsOf(app.render());
    const plan = objects['ConfigMap/vault-init-program'].data['plan.json'];
    this.plan = JSON.parse(plan);
    for (const { name, value } of objects['Job/vault-init'].spec.template.spec.containers[0].env as Manifest[]) this.env[name] = value;
    Object.assign(this.env, { NAMESPACE: 'vault', POD_NAME: 'vault-init-pod', JOB_NAME: 'vault-init-0', JOB_UID: 'uid-of-the-job' });
    this.env['AWS_ROLE_ARN'] = 'arn:aws:iam::123456789012:role/vault-init';
    this.env['AWS_WEB_IDENTITY_TOKEN_FILE'] = '/var/run/secrets/eks.amazonaws.com/serviceaccount/token';
    this.mount('program/plan.json', plan);
    this.mount('var/run/secrets/vault/token', serviceAccountToken(3600));
    this.mount('var/run/secrets/kubernetes.io/serviceaccount/token', serviceAccountToken(3600));
    this.mount('var/run/secrets/eks.amazonaws.com/serviceaccount/token', serviceAccountToken(3600));
    mkdirSync(join(this.root, 'keys'));
    this.vault.jwt = readFileSync(join(this.root, 'var/run/secrets/vault/token'), 'utf8');
    for (const name of ['recovery', 'a', 'b']) this.aws.makeSecret(name);
  }

  /** A file of one of the pod's volumes; undefined takes it away. */
  mount(path: string, text: string | undefined): void {
    const full = join(this.root, path);
    mkdirSync(dirname(full), { recursive: true });
    if (text === undefined) rmSync(full);
    else writeFileSync(full, text);
  }

  /** What lies in the memory volume that outlives the container. */
  get kept(): Record<string, string> {
    const folder = join(this.root, 'keys');
    return existsSync(folder) ? Object.fromEntries(readdirSync(folder).map(name => [name, readFileSync(join(folder, name), 'utf8')])) : {};
  }

  /** A new container of the same pod runs the program to its end. */
  async run(): Promise<Ended> {
    this.output = '';
    const say = (line: string): void => {
      this.output += `init: ${line}\n`;
    };
    this.stop = new Stop(say);
    try {
      await startInit(this.env, this.stop, say, {
        root: this.root,
        pace: { giveUpAfter: 250, shortest: 4, longest: 20 },
        endpoint: () => this.aws.address,
      });
      return { status: 0, output: this.output };
    } catch (error) {
      say((error as Error).message);
      return { status: error instanceof Stopped ? 143 : 1, output: this.output };
    }
  }

  /** SIGTERM. */
  terminate(): void {
    this.stop.tell();
  }

  /** Waits until the program has said something. */
  async says(text: string): Promise<void> {
    for (let tries = 0; !this.output.includes(text); tries++) {
      if (tries > 500) throw new Error(`the program never said "${text}":\n${this.output}`);
      await new Promise(resolve => setTimeout(resolve, 10));
    }
  }

  /** What custody holds, parsed. */
  held(secret = 'recovery'): Manifest {
    const text = this.aws.held(secret);
    return text === undefined ? undefined : JSON.parse(text);
  }

  /** The record on the Lease of how far an initialisation came. */
  get record(): Manifest {
    const text = this.kubernetes.get('leases/vault-changes')?.metadata.annotations?.['cdk8s-vault/initialisation'];
    return text === undefined ? undefined : JSON.parse(text);
  }

  set record(record: { readonly progress: string }) {
    const annotations = {
      'cdk8s-vault/initialisation': JSON.stringify({ pod: 'an-earlier-pod', since: '2026-01-01T00:00:00.000Z', ...record }),
    };
    this.kubernetes.put('leases/vault-changes', { metadata: { name: 'vault-changes', annotations }, spec: { holderIdentity: '' } });
  }

  remove(): void {
    for (const fake of [this.vault, this.kubernetes, this.aws]) fake.close();
    rmSync(this.root, { recursive: true });
  }
}
