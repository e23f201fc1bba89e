import { existsSync, mkdirSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Custody, KustomizeApp, VaultInit, type VaultInitProps, VaultServer } from '../../../charts';
import { startInit } from '../../../charts/init/program/start.mts';
import { FakeAws } from '../../support/fakes/fake-aws';
import { FakeKubernetes } from '../../support/fakes/fake-kubernetes';
import { FakeVault } from '../../support/fakes/fake-vault';
import { JobPod, renderedOnce } from '../../support/job-pod';
import { type Manifest, minimal, objectsOf } from '../../support/render';

export interface Ended {
  readonly status: number;
  readonly output: string;
}

type Props = Partial<Omit<VaultInitProps, 'vault'>>;
const nothing: Props = {};

/** The init Job's pod: its rendered plan and environment, the real program in this process, and fakes around it. */
export class InitPod extends JobPod {
  readonly vault = new FakeVault();
  readonly kubernetes = new FakeKubernetes();
  readonly aws = new FakeAws();

  static async create(props: Props = nothing): Promise<InitPod> {
    const pod = new InitPod('vault-init');
    await Promise.all([pod.vault, pod.kubernetes, pod.aws].map(fake => fake.listen()));
    pod.take(
      renderedOnce(props, () => {
        const app = new KustomizeApp();
        const vault = new VaultServer(app, 'vault', minimal);
        const all = { custody: Custody.secretsManager('recovery'), ...props } as Omit<VaultInitProps, 'vault'>;
        new VaultInit(app, 'init', { ...(all as VaultInitProps), vault });
        return objectsOf(app.render());
      }),
    );
    Object.assign(pod.env, { JOB_NAME: 'vault-init-0', JOB_UID: 'uid-of-the-job' });
    pod.mount('tls/ca.crt', pod.vault.certificate);
    pod.mount('var/run/secrets/kubernetes.io/serviceaccount/ca.crt', pod.kubernetes.certificate);
    pod.env['KUBERNETES_SERVER'] = pod.kubernetes.address;
    pod.env['VAULT_ADDR'] = pod.vault.address;
    mkdirSync(join(pod.root, 'keys'));
    pod.vault.jwt = pod.read('var/run/secrets/vault/token');
    for (const name of ['recovery', 'a', 'b']) pod.aws.makeSecret(name);
    return pod;
  }

  get plan(): Manifest {
    return JSON.parse(this.read('program/plan.json'));
  }

  /** What the program said in its last run. */
  get output(): string {
    return this.lines.map(line => `init: ${line}\n`).join('');
  }

  /** What lies in the memory volume that outlives the container. */
  get kept(): Record<string, string> {
    const folder = join(this.root, 'keys');
    return existsSync(folder) ? Object.fromEntries(readdirSync(folder).map(name => [name, readFileSync(join(folder, name), 'utf8')])) : {};
  }

  /** A new container of the same pod runs the program to its end. */
  async run(): Promise<Ended> {
    const start: Parameters<typeof this.runProgram>[0] = (env, stop, say, elsewhere) =>
      startInit(env, stop, say, { ...elsewhere, endpoint: () => this.aws.address });
    const { status } = await this.runProgram(start, {}, 250);
    return { status, output: this.output };
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

  override remove(): void {
    for (const fake of [this.vault, this.kubernetes, this.aws]) fake.close();
    super.remove();
  }
}
