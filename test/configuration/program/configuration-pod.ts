import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { KustomizeApp, VaultConfiguration, type VaultConfigurationProps, VaultServer } from '../../../charts';
import { Stop, Stopped } from '../../../charts/app/jobs/runtime/stop.mts';
import { startConfiguration } from '../../../charts/configuration/program/start.mts';
import { serviceAccountToken } from '../../init/program/init-pod';
import { FakeAws } from '../../support/fakes/fake-aws';
import { FakeConfiguredVault } from '../../support/fakes/fake-configured-vault';
import { FakeKubernetes } from '../../support/fakes/fake-kubernetes';
import { type Manifest, minimal, objectsOf } from '../../support/render';

type Props = Omit<VaultConfigurationProps, 'vault'>;

export interface Ended {
  readonly status: number;
  readonly lines: readonly string[];
}

/** The configuration Job's pod: its rendered plan and environment, the real program in this process, and fakes around it. */
export class ConfigurationPod {
  readonly vault = new FakeConfiguredVault();
  readonly kubernetes = new FakeKubernetes();
  readonly aws = new FakeAws();
  readonly env: Record<string, string | undefined> = {};
  private readonly root = mkdtempSync(join(tmpdir(), 'cdk8s-vault-configuration-'));
  private stop = new Stop(() => undefined);

  static async create(props: Props): Promise<ConfigurationPod> {
    const pod = new ConfigurationPod();
    await Promise.all([pod.vault, pod.kubernetes, pod.aws].map(fake => fake.listen()));
    pod.mount('tls/ca.crt', pod.vault.certificate);
    pod.mount('var/run/secrets/kubernetes.io/serviceaccount/ca.crt', pod.kubernetes.certificate);
    for (const folder of ['vault', 'kubernetes.io/serviceaccount', 'eks.amazonaws.com/serviceaccount'])
      pod.mount(`var/run/secrets/${folder}/token`, serviceAccountToken(3600));
    pod.mount('databases/database-ca/ca.crt', 'the authority of the databases');
    pod.vault.jwt = readFileSync(join(pod.root, 'var/run/secrets/vault/token'), 'utf8');
    pod.render(props);
    return pod;
  }

  /** What main.ts says from now on. */
  render(props: Props): void {
    const app = new KustomizeApp();
    const network = { egress: [{ cidr: '10.0.0.0/8', ports: [5432] }] };
    const vault = new VaultServer(app, 'vault', { ...minimal, network });
    new VaultConfiguration(app, 'configuration', { ...props, vault });
    const objects = objectsOf(app.render());
    const { containers, volumes } = objects['Job/vault-configuration'].spec.template.spec;
    for (const { name, value } of containers[0].env as Manifest[]) this.env[name] = value;
    Object.assign(this.env, {
      NAMESPACE: 'vault',
      POD_NAME: 'vault-configuration-pod',
      AWS_ROLE_ARN: 'arn:aws:iam::123456789012:role/vault-configuration',
      AWS_WEB_IDENTITY_TOKEN_FILE: '/var/run/secrets/eks.amazonaws.com/serviceaccount/token',
      KUBERNETES_SERVER: this.kubernetes.address,
      VAULT_ADDR: this.vault.address,
    });
    for (const { configMap } of volumes.find(({ name }: Manifest) => name === 'program').projected.sources as Manifest[]) {
      const { data } = Object.values(objects).find(
        ({ kind, metadata }) => kind === 'ConfigMap' && metadata.name === configMap.name,
      ) as Manifest;
      for (const { key, path } of configMap.items) if (path.endsWith('.json')) this.mount(`program/${path}`, data[key]);
    }
  }

  /** A file of one of the pod's volumes. */
  mount(path: string, text: string): void {
    const full = join(this.root, path);
    mkdirSync(dirname(full), { recursive: true });
    writeFileSync(full, text);
  }

  /** A new container runs the program to its end. */
  async run(): Promise<Ended> {
    const lines: string[] = [];
    const say = (line: string): void => void lines.push(line);
    this.stop = new Stop(say);
    try {
      await startConfiguration(this.env, this.stop, say, {
        root: this.root,
        pace: { giveUpAfter: 100, shortest: 2, longest: 10 },
        endpoint: () => this.aws.address,
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
    for (const fake of [this.vault, this.kubernetes, this.aws]) fake.close();
    rmSync(this.root, { recursive: true });
  }
}
