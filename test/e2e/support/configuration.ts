import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Custody, type KustomizeApp, VaultConfiguration, type VaultConfigurationProps, VaultInit, type VaultServer } from '../../../charts';
import { type Manifest, yaml } from '../../support/render';
import { TestCa } from './certificates';
import { aws, enforceIam, Installation, kubectl } from './cluster';
import { DatabaseServer, ownerPassword } from './databases';
import { eventually } from './shell';

type Props = Omit<VaultConfigurationProps, 'vault' | 'admin'>;
type Plugin = DatabaseServer['plugin'];

export interface ConfiguredApp {
  readonly dist: string;
  readonly vault: VaultServer;
  readonly init: VaultInit;
  readonly configuration: VaultConfiguration;
}

/** An installation with one server, its init and configuration Jobs, and database servers in a namespace of their own. */
export class ConfiguredInstallation extends Installation {
  readonly databases: string;
  readonly servers: Readonly<Record<Plugin, DatabaseServer>>;
  /** The secret with the credentials of the owner of PostgreSQL. */
  readonly secret: string;
  readonly ca = new TestCa();
  private dist = '';
  private init: VaultInit | undefined;

  constructor(
    namespace: string,
    private readonly plugins: readonly Plugin[],
    /** What stands in main.ts besides. */
    private readonly more: (app: KustomizeApp, vault: VaultServer) => void = () => undefined,
  ) {
    super(namespace);
    this.databases = `${namespace}-databases`;
    this.secret = `${namespace}/owner`;
    this.servers = { postgresql: new DatabaseServer(this.databases, 'postgresql'), mysql: new DatabaseServer(this.databases, 'mysql') };
  }

  synthConfigured(props: Props): ConfiguredApp {
    let charts: Pick<ConfiguredApp, 'init' | 'configuration'> | undefined;
    const namespaceLabels = { 'kubernetes.io/metadata.name': this.databases };
    const network = { egress: [{ podLabels: { app: 'database' }, namespaceLabels, ports: [5432, 3306] }] };
    const made = this.synth({ replicas: 1, network }, (app, vault) => {
      const custody = Custody.secretsManager(`${this.namespace}/recovery`);
      const init = new VaultInit(app, 'init', { vault, custody, role: `${this.namespace}-init` });
      const role = `${this.namespace}-configuration`;
      charts = { init, configuration: new VaultConfiguration(app, 'configuration', { vault, admin: init.admin, role, ...props }) };
      this.more(app, vault);
    });
    if (charts === undefined) throw new Error('no charts');
    this.dist = made.dist;
    this.init = charts.init;
    return { ...made, ...charts };
  }

  /** Makes everything that the dist of these props needs. `before`: what else, while AWS still lets everybody. */
  async prepare(props: Props, before: (app: ConfiguredApp) => Promise<void> = async () => undefined): Promise<ConfiguredApp> {
    await this.remove();
    const app = this.synthConfigured(props);
    await aws(['secretsmanager', 'create-secret', '--name', `${this.namespace}/recovery`]);
    const owner = JSON.stringify({ username: 'postgres', password: ownerPassword });
    await aws(['secretsmanager', 'create-secret', '--name', this.secret, '--secret-string', owner]);
    await this.makeAws(app.vault);
    for (const { role } of [app.init, app.configuration]) if (role !== undefined) await this.makeRole(role);
    await before(app);
    await enforceIam();
    await this.ca.create();
    await this.makePrerequisites(app.vault, this.ca);
    await kubectl(['create', 'namespace', this.databases]);
    await this.kubectl(['create', 'configmap', 'database-ca', `--from-literal=ca.crt=${this.ca.certificate}`]);
    for (const plugin of this.plugins) await this.servers[plugin].create(this.ca);
    return app;
  }

  override async remove(): Promise<void> {
    await super.remove();
    await kubectl(['delete', 'namespace', this.databases, '--ignore-not-found', '--timeout=60s']);
  }

  /** Applies the dist that was synthesised last, and returns what its configuration Job said. */
  async apply(): Promise<string> {
    await kubectl(['apply', '-k', this.dist]);
    return this.jobSaid(this.job);
  }

  /** The name of the configuration Job of that dist. */
  get job(): string {
    return yaml(readFileSync(join(this.dist, 'manifests', 'Job.vault-configuration.yaml'), 'utf8')).metadata.name;
  }

  /** Runs its configuration Job once more, under another name. */
  async applyAgain(name: string): Promise<string> {
    await this.applyJobAs(this.dist, name, 'configuration');
    return this.jobSaid(name);
  }

  async newestJob(): Promise<string> {
    const jobs: Manifest[] = (await this.get('jobs', '-l', 'app.kubernetes.io/component=configuration')).items;
    const [newest] = jobs.sort((a, b) => b.metadata.creationTimestamp.localeCompare(a.metadata.creationTimestamp));
    if (newest === undefined) throw new Error('no Job');
    return newest.metadata.name;
  }

  /** Waits for a Job to complete, and returns what it said. */
  jobSaid(name: string): Promise<string> {
    return eventually(`${name} to complete`, 300, async () => {
      const said = (await this.kubectl(['logs', `job/${name}`, '--tail=-1'], { accept: [0, 1] })).stdout;
      if ((await this.get('job', name)).status.succeeded !== 1) throw new Error(said);
      return said;
    });
  }

  /** Runs the Job of the drift schedule once, and returns what it said and how it ended. */
  async report(name: string): Promise<{ readonly said: string; readonly failed: boolean }> {
    await this.kubectl(['create', 'job', '--from=cronjob/vault-configuration-drift', name]);
    return eventually('the report to end', 120, async () => {
      const { status } = await this.get('job', name);
      if (!(status.succeeded > 0 || status.failed > 0)) throw new Error('it runs');
      return { said: (await this.kubectl(['logs', `job/${name}`])).stdout, failed: status.failed > 0 };
    });
  }

  /** A token of an administrator: what the admin path gives the configuration Job. */
  async adminToken(): Promise<string> {
    const admin = this.init?.admin;
    if (admin === undefined) throw new Error('no admin path');
    const jwt = (await this.kubectl(['create', 'token', admin.serviceAccount, `--audience=${admin.audience}`])).stdout;
    const login = ['sh', '-c', `exec vault write -field=token auth/${admin.mount}/login role=${admin.role} jwt=-`];
    return (await this.exec('vault-0', login, { input: jwt })).stdout.trim();
  }

  /** How large the ConfigMaps of the Job are, as JSON. */
  configMapSizes(): readonly number[] {
    const folder = join(this.dist, 'manifests');
    const files = readdirSync(folder).filter(name => name.startsWith('ConfigMap.vault-configuration-'));
    return files.map(name => JSON.stringify(yaml(readFileSync(join(folder, name), 'utf8'))).length);
  }
}
