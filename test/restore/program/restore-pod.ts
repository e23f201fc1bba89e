import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { KustomizeApp, VaultRestore, VaultServer } from '../../../charts';
import { Stop } from '../../../charts/app/jobs/runtime/stop.mts';
import { startRestore } from '../../../charts/restore/program/start.mts';
import { serviceAccountToken } from '../../init/program/init-pod';
import { FakeTables } from '../../support/fakes/fake-tables';
import { type Manifest, minimal, objectsOf } from '../../support/render';

/** The restore Job's pod: its rendered plan and environment, the real program in this process, and a fake of AWS. */
export class RestorePod {
  readonly aws = new FakeTables();
  readonly env: Record<string, string | undefined> = {};
  private readonly root = mkdtempSync(join(tmpdir(), 'cdk8s-vault-restore-'));

  static async create(): Promise<RestorePod> {
    const pod = new RestorePod();
    await pod.aws.listen();
    pod.render();
    return pod;
  }

  private render(): void {
    const app = new KustomizeApp();
    const vault = new VaultServer(app, 'vault', minimal);
    new VaultRestore(app, 'restore', { vault });
    const objects = objectsOf(app.render());
    const { containers } = objects['CronJob/vault-restore'].spec.jobTemplate.spec.template.spec;
    for (const { name, value } of containers[0].env as Manifest[]) this.env[name] = value;
    Object.assign(this.env, {
      NAMESPACE: 'vault',
      POD_NAME: 'vault-restore-pod',
      AWS_ROLE_ARN: 'arn:aws:iam::123456789012:role/vault-restore',
      AWS_WEB_IDENTITY_TOKEN_FILE: '/var/run/secrets/eks.amazonaws.com/serviceaccount/token',
    });
    this.mount('program/plan.json', objects['ConfigMap/vault-restore-program'].data['plan.json']);
    this.mount('var/run/secrets/kubernetes.io/serviceaccount/ca.crt', '');
    for (const folder of ['kubernetes.io/serviceaccount', 'eks.amazonaws.com/serviceaccount'])
      this.mount(`var/run/secrets/${folder}/token`, serviceAccountToken(3600));
  }

  private mount(path: string, text: string): void {
    const full = join(this.root, path);
    mkdirSync(dirname(full), { recursive: true });
    writeFileSync(full, text);
  }

  async run(env: Readonly<Record<string, string>> = {}): Promise<{ readonly status: number; readonly lines: readonly string[] }> {
    const lines: string[] = [];
    const say = (line: string): void => void lines.push(line);
    try {
      await startRestore({ ...this.env, ...env }, new Stop(say), say, {
        root: this.root,
        pace: { giveUpAfter: 200, shortest: 2, longest: 10 },
        endpoint: () => this.aws.address,
      });
      return { status: 0, lines };
    } catch (error) {
      say((error as Error).message);
      return { status: 1, lines };
    }
  }

  remove(): void {
    this.aws.close();
    rmSync(this.root, { recursive: true });
  }
}
