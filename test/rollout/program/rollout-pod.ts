import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { KustomizeApp, VaultRollout, type VaultRolloutProps, VaultServer } from '../../../charts';
import { Stop, Stopped } from '../../../charts/app/jobs/runtime/stop.mts';
import { startRollout } from '../../../charts/rollout/program/start.mts';
import { serviceAccountToken } from '../../init/program/init-pod';
import { FakeAws } from '../../support/fakes/fake-aws';
import { FakeCluster } from '../../support/fakes/fake-cluster';
import { type Manifest, minimal, objectsOf } from '../../support/render';

/** The rollout Job's pod: its rendered plan and environment, the real program in this process, and fakes around it. */
export class RolloutPod {
  readonly cluster = new FakeCluster();
  readonly aws = new FakeAws();
  readonly env: Record<string, string | undefined> = {};
  lines: string[] = [];
  private readonly root = mkdtempSync(join(tmpdir(), 'cdk8s-vault-rollout-'));
  private stop = new Stop(() => undefined);

  static async create(props: Omit<VaultRolloutProps, 'vault'> = {}, replicas = 3): Promise<RolloutPod> {
    const pod = new RolloutPod();
    await Promise.all([pod.cluster.listenWith(Array.from({ length: replicas }, (_, ordinal) => `vault-${ordinal}`)), pod.aws.listen()]);
    pod.render(props);
    return pod;
  }

  private render(props: Omit<VaultRolloutProps, 'vault'>): void {
    const app = new KustomizeApp();
    const vault = new VaultServer(app, 'vault', minimal);
    new VaultRollout(app, 'rollout', { ...props, vault });
    const objects = objectsOf(app.render());
    const { containers } = objects['CronJob/vault-rollout'].spec.jobTemplate.spec.template.spec;
    for (const { name, value } of containers[0].env as Manifest[]) this.env[name] = value;
    Object.assign(this.env, {
      NAMESPACE: 'vault',
      POD_NAME: 'vault-rollout-pod',
      AWS_ROLE_ARN: 'arn:aws:iam::123456789012:role/vault-rollout',
      AWS_WEB_IDENTITY_TOKEN_FILE: '/var/run/secrets/eks.amazonaws.com/serviceaccount/token',
      KUBERNETES_SERVER: this.cluster.address,
    });
    this.mount('program/plan.json', objects['ConfigMap/vault-rollout-program'].data['plan.json']);
    this.mount('tls/ca.crt', [...this.cluster.servers.values()].map(({ certificate }) => certificate).join('\n'));
    this.mount('var/run/secrets/kubernetes.io/serviceaccount/ca.crt', this.cluster.certificate);
    for (const folder of ['kubernetes.io/serviceaccount', 'eks.amazonaws.com/serviceaccount'])
      this.mount(`var/run/secrets/${folder}/token`, serviceAccountToken(3600));
  }

  private mount(path: string, text: string): void {
    const full = join(this.root, path);
    mkdirSync(dirname(full), { recursive: true });
    writeFileSync(full, text);
  }

  /** Another pod of the same Job runs the program to its end. */
  async run(name = 'vault-rollout-pod'): Promise<{ readonly status: number; readonly lines: readonly string[] }> {
    const lines: string[] = [];
    this.lines = lines;
    const say = (line: string): void => void lines.push(line);
    this.stop = new Stop(say);
    try {
      await startRollout({ ...this.env, POD_NAME: name }, this.stop, say, {
        root: this.root,
        pace: { giveUpAfter: 200, shortest: 2, longest: 10 },
        endpoint: () => this.aws.address,
        server: pod => this.cluster.servers.get(pod)?.address ?? 'https://127.0.0.1:1',
      });
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
    this.cluster.closeAll();
    this.aws.close();
    rmSync(this.root, { recursive: true });
  }
}
