import { KustomizeApp, VaultConfiguration, type VaultConfigurationProps, VaultServer } from '../../../charts';
import { startConfiguration } from '../../../charts/configuration/program/start.mts';
import { FakeAws } from '../../support/fakes/fake-aws';
import { FakeConfiguredVault } from '../../support/fakes/fake-configured-vault';
import { FakeKubernetes } from '../../support/fakes/fake-kubernetes';
import { JobPod, type Ran, renderedOnce } from '../../support/job-pod';
import { minimal, objectsOf } from '../../support/render';

type Props = Omit<VaultConfigurationProps, 'vault'>;

/** The configuration Job's pod: its rendered plan and environment, the real program in this process, and fakes around it. */
export class ConfigurationPod extends JobPod {
  readonly vault = new FakeConfiguredVault();
  readonly kubernetes = new FakeKubernetes();
  readonly aws = new FakeAws();

  static async create(props: Props): Promise<ConfigurationPod> {
    const pod = new ConfigurationPod('vault-configuration');
    await Promise.all([pod.vault, pod.kubernetes, pod.aws].map(fake => fake.listen()));
    pod.mount('tls/ca.crt', pod.vault.certificate);
    pod.mount('var/run/secrets/kubernetes.io/serviceaccount/ca.crt', pod.kubernetes.certificate);
    pod.mount('databases/database-ca/ca.crt', 'the authority of the databases');
    pod.vault.jwt = pod.read('var/run/secrets/vault/token');
    pod.render(props);
    return pod;
  }

  /** What main.ts says from now on. */
  render(props: Props): void {
    this.take(
      renderedOnce(props, () => {
        const app = new KustomizeApp();
        const network = { egress: [{ cidr: '10.0.0.0/8', ports: [5432] }] };
        new VaultConfiguration(app, 'configuration', { ...props, vault: new VaultServer(app, 'vault', { ...minimal, network }) });
        return objectsOf(app.render());
      }),
    );
    Object.assign(this.env, { KUBERNETES_SERVER: this.kubernetes.address, VAULT_ADDR: this.vault.address });
  }

  /** A new container runs the program to its end. */
  run(): Promise<Ran> {
    const start: Parameters<typeof this.runProgram>[0] = (env, stop, say, elsewhere) =>
      startConfiguration(env, stop, say, { ...elsewhere, endpoint: () => this.aws.address });
    return this.runProgram(start, {}, 100);
  }

  override remove(): void {
    for (const fake of [this.vault, this.kubernetes, this.aws]) fake.close();
    super.remove();
  }
}
