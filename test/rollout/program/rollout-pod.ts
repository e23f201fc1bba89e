import { KustomizeApp, VaultRollout, type VaultRolloutProps, VaultServer } from '../../../charts';
import { startRollout } from '../../../charts/rollout/program/start.mts';
import { FakeAws } from '../../support/fakes/fake-aws';
import { FakeCluster } from '../../support/fakes/fake-cluster';
import { JobPod, type Ran, renderedOnce } from '../../support/job-pod';
import { minimal, objectsOf } from '../../support/render';

const nothing: Omit<VaultRolloutProps, 'vault'> = {};

/** The rollout Job's pod: its rendered plan and environment, the real program in this process, and fakes around it. */
export class RolloutPod extends JobPod {
  readonly cluster = new FakeCluster();
  readonly aws = new FakeAws();
  /** Milliseconds for which a server must not serve before it counts as broken. */
  brokenAfter = 20;

  static async create(props: Omit<VaultRolloutProps, 'vault'> = nothing, replicas = 3): Promise<RolloutPod> {
    const pod = new RolloutPod('vault-rollout');
    const { cluster, aws } = pod;
    await Promise.all([cluster.listenWith(Array.from({ length: replicas }, (_, ordinal) => `vault-${ordinal}`)), aws.listen()]);
    pod.take(
      renderedOnce(props, () => {
        const app = new KustomizeApp();
        new VaultRollout(app, 'rollout', { ...props, vault: new VaultServer(app, 'vault', minimal) });
        return objectsOf(app.render());
      }),
    );
    pod.env['KUBERNETES_SERVER'] = cluster.address;
    for (const service of ['STS', 'DYNAMODB', 'BACKUP']) pod.env[`AWS_ENDPOINT_URL_${service}`] = aws.address;
    pod.mount('tls/ca.crt', [...cluster.servers.values()].map(({ certificate }) => certificate).join('\n'));
    pod.mount('var/run/secrets/kubernetes.io/serviceaccount/ca.crt', cluster.certificate);
    return pod;
  }

  /** Another pod of the same Job runs the program to its end. */
  run(name = 'vault-rollout-pod', job = 'roll-1'): Promise<Ran> {
    const around = {
      server: (pod: string) => this.cluster.servers.get(pod)?.address ?? 'https://127.0.0.1:1',
      brokenAfter: this.brokenAfter,
    };
    return this.runProgram((env, stop, say, elsewhere) => startRollout(env, stop, say, { ...elsewhere, ...around }), {
      JOB_NAME: job,
      POD_NAME: name,
    });
  }

  override remove(): void {
    this.cluster.closeAll();
    this.aws.close();
    super.remove();
  }
}
