import { KustomizeApp, VaultRestoreDrill, VaultServer } from '../../../charts';
import { startDrill } from '../../../charts/restore/drill/program/start.mts';
import { FakeKubernetes } from '../../support/fakes/fake-kubernetes';
import { type Asked, FakeServer, type Reply } from '../../support/fakes/fake-server';
import { FakeTables } from '../../support/fakes/fake-tables';
import { JobPod, type Ran, renderedOnce } from '../../support/job-pod';
import { type Manifest, minimal, objectsOf } from '../../support/render';

/** A Vault that lets the drill log in and read its canary. */
class CanaryVault extends FakeServer {
  sealed = false;
  clusterId = 'cluster-1';
  /** What the canary holds; undefined where there is none. */
  canary: object | undefined = { data: { word: '5ecre7' } };
  readonly tokens = new Set<string>();

  protected answer({ method, path, headers, body }: Asked): Reply {
    if (path === 'sys/health')
      return {
        status: this.sealed ? 503 : 200,
        body: { initialized: true, sealed: this.sealed, standby: false, cluster_id: this.clusterId },
      };
    if (path === 'auth/kubernetes/login') {
      if (body.role !== 'vault-drill') return { status: 400, body: { errors: [`invalid role name "${body.role}"`] } };
      this.tokens.add('hvs.5ecre7');
      return { status: 200, body: { auth: { client_token: 'hvs.5ecre7' } } };
    }
    const token = headers['x-vault-token'] ?? '';
    if (!this.tokens.has(token)) return { status: 403, body: { errors: ['permission denied'] } };
    if (path === 'auth/token/revoke-self') {
      this.tokens.delete(token);
      return { status: 204 };
    }
    if (method !== 'GET' || path !== 'kv/data/canary') return { status: 403, body: { errors: ['permission denied'] } };
    return this.canary === undefined ? { status: 404, body: { errors: [] } } : { status: 200, body: { data: this.canary } };
  }
}

/** The Deployment of the drill's Vault, and its pod while it is asked for. */
class DrillCluster extends FakeKubernetes {
  /** How often it was scaled, and to how many. */
  readonly scaled: number[] = [];
  /** What its guard says instead of letting it start. */
  refuses: string | undefined;

  protected override answer(asked: Asked): Reply {
    if (asked.path.includes('/pods?')) return { status: 200, body: { items: (this.scaled.at(-1) ?? 0) > 0 ? [this.pod()] : [] } };
    if (!asked.path.endsWith('/deployments/vault-drill-server/scale')) return super.answer(asked);
    if (asked.method === 'PUT') this.scaled.push(asked.body.spec.replicas);
    return { status: 200, body: { metadata: { name: 'vault-drill-server' }, spec: { replicas: this.scaled.at(-1) ?? 0 } } };
  }

  private pod(): Manifest {
    const { refuses } = this;
    const guard = refuses === undefined ? { exitCode: 0 } : { exitCode: 1, message: `guard: ${refuses}\n` };
    return {
      metadata: { name: 'vault-drill-server-x' },
      status: {
        podIP: '127.0.0.1',
        phase: refuses === undefined ? 'Running' : 'Pending',
        initContainerStatuses: [{ name: 'guard', state: { terminated: guard } }],
      },
    };
  }
}

/** The drill Job's pod, and fakes of AWS, the cluster and both Vaults around it. */
export class DrillPod extends JobPod {
  readonly aws = new FakeTables();
  readonly cluster = new DrillCluster();
  readonly production = new CanaryVault();
  readonly copy = new CanaryVault();

  static async create(): Promise<DrillPod> {
    const pod = new DrillPod('vault-drill');
    const { aws, cluster, production, copy } = pod;
    // a name, since TLS knows no servers by address
    await Promise.all([aws.listen(), cluster.listen(), ...[production, copy].map(server => server.listen(['localhost', '127.0.0.1']))]);
    pod.take(
      renderedOnce(DrillPod, () => {
        const app = new KustomizeApp();
        const vault = new VaultServer(app, 'vault', minimal);
        new VaultRestoreDrill(app, 'drill', { vault, databases: [{ host: 'db.example.com', port: 5432 }], canary: 'kv/data/canary' });
        return objectsOf(app.render());
      }),
    );
    pod.mount('tls/ca.crt', `${production.certificate}\n${copy.certificate}`);
    pod.mount('var/run/secrets/kubernetes.io/serviceaccount/ca.crt', cluster.certificate);
    pod.env['KUBERNETES_SERVER'] = cluster.address;
    pod.env['VAULT_ADDR'] = production.address.replace('127.0.0.1', 'localhost');
    return pod;
  }

  run(): Promise<Ran> {
    const around = { endpoint: () => this.aws.address, server: this.copy.address };
    return this.runProgram((env, stop, say, elsewhere) => startDrill(env, stop, say, { ...elsewhere, ...around }));
  }

  override remove(): void {
    for (const server of [this.aws, this.cluster, this.production, this.copy]) server.close();
    super.remove();
  }
}
