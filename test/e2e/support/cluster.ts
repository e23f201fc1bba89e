import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type IamRole, KustomizeApp, VaultServer, type VaultServerProps } from '../../../charts';
import { rolePolicy, serviceAccountTrust } from '../../../charts/aws/iam';
import { type Manifest, yaml } from '../../support/render';
import type { TestCa } from './certificates';
import { eventually, type Result, type RunOptions, run } from './shell';

/** The commands come from the environment, so that any cluster serves. None has a default: these tests delete, and must not meet the cluster that is current by chance. */
function command(variable: string): string[] {
  const named = process.env[variable];
  if (named === undefined || named === '')
    throw new Error(
      `${variable} is not set: name the command that these tests may use, such as "kubectl --context test" or "aws --profile test"`,
    );
  return named.split(' ');
}

export const kubectlCommand = command('KUBECTL');
const awsCommand = command('AWS');
export const kubectl = (args: readonly string[], options?: RunOptions): Promise<Result> => run([...kubectlCommand, ...args], options);
export const aws = async (args: readonly string[], at = region): Promise<string> =>
  (await run([...awsCommand, ...args, '--region', at])).stdout.trim();
/** The same, also where AWS says no. */
export const awsResult = (args: readonly string[], at = region): Promise<Result> =>
  run([...awsCommand, ...args, '--region', at], { accept: [0, 254, 255] });
/** Deletes what may be gone already. */
export async function awsDelete(args: readonly string[], at = region): Promise<void> {
  const { status, stderr } = await awsResult(args, at);
  if (status !== 0 && !/NotFoundException|NoSuchEntity|ParameterNotFound/.test(stderr)) throw new Error(`aws ${args.join(' ')}: ${stderr}`);
}
export const get = async (...args: string[]): Promise<Manifest> => JSON.parse((await kubectl(['get', ...args, '-o', 'json'])).stdout);

/** Where a stand-in for AWS lets IAM decide only when it is told to, this is the command that tells it. */
export async function enforceIam(): Promise<void> {
  if (process.env['ENFORCE_IAM'] !== undefined) await run(command('ENFORCE_IAM'));
}

export const region = process.env['E2E_REGION'] ?? 'us-east-1';
export const accountId = process.env['E2E_ACCOUNT'] ?? '123456789012';
export const issuer = process.env['E2E_OIDC_ISSUER'] ?? 'oidc.eks.us-east-1.amazonaws.com/id/RIG';

/** What a Job that has ended said. */
export interface Ended {
  readonly said: string;
  readonly failed: boolean;
}

/** An installation to test: one namespace, with a table, a key and a role of the same name. */
export class Installation {
  readonly folder = mkdtempSync(join(tmpdir(), 'cdk8s-vault-e2e-'));
  /** The label of the servers' pods. */
  serverLabel = 'app.kubernetes.io/component=server';

  constructor(readonly namespace: string) {}

  get props(): VaultServerProps {
    return {
      namespace: this.namespace,
      createNamespace: true,
      aws: { accountId, region },
      storage: { table: this.namespace },
      seal: { kmsKeyId: `alias/${this.namespace}` },
      role: this.namespace,
      tls: { secretName: 'vault-tls' },
    };
  }

  /** Writes the dist of an app with one server, and of the charts that `more` adds, and returns its folder. */
  synth(
    props: Partial<VaultServerProps> = {},
    more: (app: KustomizeApp, vault: VaultServer) => void = () => undefined,
  ): { readonly dist: string; readonly vault: VaultServer } {
    const dist = join(this.folder, 'dist');
    process.env['CDK8S_OUTDIR'] = dist;
    const app = new KustomizeApp();
    const vault = new VaultServer(app, 'vault', { ...this.props, ...props });
    more(app, vault);
    app.synth();
    return { dist, vault };
  }

  kubectl(args: readonly string[], options?: RunOptions): Promise<Result> {
    return kubectl(['-n', this.namespace, ...args], options);
  }

  get(...args: string[]): Promise<Manifest> {
    return get('-n', this.namespace, ...args);
  }

  /** Runs a command in the server's container of a pod. */
  exec(pod: string, args: readonly string[], options?: RunOptions): Promise<Result> {
    return this.kubectl(['exec', '-i', pod, '-c', 'vault', '--', ...args], options);
  }

  /** Makes what Vault needs of AWS. */
  async makeAws(vault: VaultServer): Promise<void> {
    await aws([
      ...['dynamodb', 'create-table', '--table-name', this.namespace, '--billing-mode', 'PAY_PER_REQUEST'],
      ...['--attribute-definitions', 'AttributeName=Path,AttributeType=S', 'AttributeName=Key,AttributeType=S'],
      ...['--key-schema', 'AttributeName=Path,KeyType=HASH', 'AttributeName=Key,KeyType=RANGE'],
    ]);
    const key = await aws(['kms', 'create-key', '--query', 'KeyMetadata.KeyId', '--output', 'text']);
    await aws(['kms', 'create-alias', '--alias-name', `alias/${this.namespace}`, '--target-key-id', key]);
    await this.makeRole(vault.role);
    await aws(['dynamodb', 'wait', 'table-exists', '--table-name', this.namespace]);
  }

  /** A role that may do exactly what its chart declares. */
  async makeRole(role: IamRole): Promise<void> {
    const trust = JSON.stringify(serviceAccountTrust(role, issuer));
    const session = ['--max-session-duration', String(role.maxSessionSeconds ?? 3600)];
    await aws(['iam', 'create-role', '--role-name', role.name, '--assume-role-policy-document', trust, ...session]);
    await this.allow(role);
  }

  /** Lets a role do what its chart declares, perhaps without one action. */
  async allow(role: IamRole, without?: string): Promise<void> {
    const statements = role
      .statements()
      .map(statement => ({ ...statement, actions: statement.actions.filter(action => action !== without) }));
    const document = JSON.stringify(rolePolicy(statements.filter(({ actions }) => actions.length > 0)));
    await this.putPolicy(role, document);
  }

  /** The role of the restore Job. A stand-in for AWS knows no resources of CloudWatch and autoscaling, and calls the first by the name that requests are signed with. */
  async makeRestoreRole(role: IamRole): Promise<void> {
    await this.makeRole(role);
    if (process.env['ENFORCE_IAM'] === undefined) return;
    const statements = role
      .statements()
      .map(statement =>
        statement.actions.some(action => /^(cloudwatch|application-autoscaling):/.test(action))
          ? { sid: statement.sid, actions: statement.actions.map(action => action.replace('cloudwatch:', 'monitoring:')), resources: ['*'] }
          : statement,
      );
    await this.putPolicy(role, JSON.stringify(rolePolicy(statements)));
  }

  private putPolicy(role: IamRole, document: string): Promise<string> {
    return aws(['iam', 'put-role-policy', '--role-name', role.name, '--policy-name', role.name, '--policy-document', document]);
  }

  /** Lets the servers' role use another table instead of their own. */
  async useTable(table: string, { role }: VaultServer): Promise<void> {
    await this.putPolicy(role, JSON.stringify(rolePolicy(role.statements())).replaceAll(`table/${this.namespace}"`, `table/${table}"`));
  }

  /** Takes away what a role may do; allow gives it back. */
  async deny(role: IamRole): Promise<void> {
    await awsDelete(['iam', 'delete-role-policy', '--role-name', role.name, '--policy-name', role.name]);
  }

  /** Makes what the dist expects in the cluster: its namespace, and the Secret with the certificate. */
  async makePrerequisites(vault: VaultServer, ca: TestCa): Promise<void> {
    await kubectl(['create', 'namespace', this.namespace]);
    await kubectl(['apply', '-f', '-'], { input: await ca.secret('vault-tls', this.namespace, vault.certificate.dnsNames) });
  }

  /** Takes everything away; nothing needs to be there. */
  async remove(): Promise<void> {
    const name = this.namespace;
    // a pod that holds keys which custody did not take would stay for a day
    const keepers = ['-l', 'app.kubernetes.io/component=init', '--grace-period=0', '--force', '--ignore-not-found'];
    await kubectl(['-n', name, 'delete', 'jobs', '--all', '--wait=false', '--ignore-not-found']);
    await kubectl(['-n', name, 'delete', 'pods', ...keepers]);
    await kubectl(['delete', 'namespace', name, '--ignore-not-found', '--timeout=120s']);
    const bindings = ['vault', 'vault-drill-server'].map(account => `${name}-${account}-auth-delegator`);
    await kubectl(['delete', 'clusterrolebinding', ...bindings, '--ignore-not-found']);
    await awsDelete(['cloudformation', 'delete-stack', '--stack-name', name]);
    const tables: string[] = JSON.parse(await aws(['dynamodb', 'list-tables', '--output', 'json'])).TableNames;
    // those that were restored too
    for (const table of tables.filter(
      found => found === name || found.startsWith(`${name}-restored-`) || found.startsWith(`${name}-drill-`),
    )) {
      await awsDelete(['dynamodb', 'update-table', '--table-name', table, '--no-deletion-protection-enabled']);
      await awsDelete(['dynamodb', 'delete-table', '--table-name', table]);
    }
    const backups: Manifest[] = JSON.parse(
      await aws(['dynamodb', 'list-backups', '--table-name', name, '--output', 'json']),
    ).BackupSummaries;
    for (const { BackupArn: backup } of backups) await awsDelete(['dynamodb', 'delete-backup', '--backup-arn', backup]);
    const aliases = JSON.parse(await aws(['kms', 'list-aliases', '--output', 'json'])).Aliases;
    for (const { AliasName: alias, TargetKeyId: key } of aliases.filter((found: Manifest) =>
      [`alias/${name}`, `alias/${name}-new`].includes(found.AliasName),
    )) {
      await awsDelete(['kms', 'delete-alias', '--alias-name', alias]);
      await awsDelete(['kms', 'schedule-key-deletion', '--key-id', key, '--pending-window-in-days', '7']);
    }
    const roles: Manifest[] = JSON.parse(await aws(['iam', 'list-roles', '--output', 'json'])).Roles;
    for (const { RoleName: role } of roles.filter(found =>
      new RegExp(`\\b${name}(-(init|configuration|rollout|lock-watch|restore|drill|drill-server|client-.*))?$`).test(found['RoleName']),
    )) {
      await awsDelete(['iam', 'delete-role-policy', '--role-name', role, '--policy-name', role]);
      await awsDelete(['iam', 'delete-role', '--role-name', role]);
    }
    for (const { Name: secret } of JSON.parse(await aws(['secretsmanager', 'list-secrets', '--output', 'json'])).SecretList) {
      if (secret.startsWith(`${name}/`))
        await awsDelete(['secretsmanager', 'delete-secret', '--secret-id', secret, '--force-delete-without-recovery']);
    }
    rmSync(this.folder, { recursive: true, force: true });
  }

  /** Applies the Job of a dist once more, under another name. */
  async applyJobAs(dist: string, name: string, component = 'init'): Promise<void> {
    const manifests = join(dist, 'manifests');
    const job = yaml(
      readFileSync(
        join(manifests, readdirSync(manifests).find(file => file.startsWith('Job.') && file.endsWith(`-${component}.yaml`)) ?? ''),
        'utf8',
      ),
    );
    await kubectl(['apply', '-f', '-'], { input: JSON.stringify({ ...job, metadata: { ...job.metadata, name } }) });
  }

  /** Waits until there are so many Jobs, all of them complete. */
  jobsComplete(count: number): Promise<void> {
    return eventually(`${count} Jobs to complete`, 180, async () => {
      const jobs = (await this.get('jobs')).items;
      if (jobs.length !== count || !jobs.every((job: Manifest) => job.status.succeeded === 1)) throw new Error(await this.initLogs());
    });
  }

  /** Makes a Job from a CronJob as a person does, perhaps with other parameters. */
  async startFrom(cronJob: string, name: string, env: Readonly<Record<string, string>> = {}): Promise<void> {
    const job = JSON.parse(
      (await this.kubectl(['create', 'job', `--from=cronjob/${cronJob}`, name, '--dry-run=client', '-o', 'json'])).stdout,
    );
    for (const variable of job.spec.template.spec.containers[0].env) if (variable.name in env) variable.value = env[variable.name];
    await this.kubectl(['create', '-f', '-'], { input: JSON.stringify(job) });
  }

  /** Waits until a Job has ended, and returns what it said. */
  ended(name: string): Promise<Ended> {
    return eventually(`${name} to end`, 400, async () => {
      const { status } = await this.get('job', name);
      const said = (await this.kubectl(['logs', `job/${name}`], { accept: [0, 1] })).stdout;
      if (!(status.succeeded > 0 || status.conditions?.some(({ type }: Manifest) => type === 'Failed'))) throw new Error(said);
      return { said, failed: !(status.succeeded > 0) };
    });
  }

  /** What the pods of the init Job said. */
  async initLogs(...options: string[]): Promise<string> {
    return (await this.kubectl(['logs', '-l', 'app.kubernetes.io/component=init', '--tail=-1', ...options])).stdout;
  }

  /** Runs the CLI in a server's pod as it is: no flags, no environment. The token goes over standard input. */
  vault(pod: string, token: string, args: readonly string[], options?: RunOptions): Promise<Result> {
    const command = ['sh', '-c', 'read -r VAULT_TOKEN; export VAULT_TOKEN; exec vault "$@"', 'sh', ...args];
    return this.exec(pod, command, { ...options, input: `${token}\n` });
  }

  /** The same in the first pod, also where Vault says no. */
  vaultAs(token: string, ...args: string[]): Promise<Result> {
    return this.vault('vault-0', token, args, { accept: [0, 2] });
  }

  /** A root token from a recovery key, as docs/operations.md tells. */
  async generateRoot(recoveryKey: string): Promise<string> {
    const command = ['vault', 'operator', 'generate-root'];
    const started = JSON.parse((await this.exec('vault-0', [...command, '-init', '-format=json'])).stdout);
    const given = [...command, '-format=json', `-nonce=${started.nonce}`, '-'];
    const { encoded_token: encoded } = JSON.parse((await this.exec('vault-0', given, { input: recoveryKey })).stdout);
    return (await this.exec('vault-0', [...command, `-decode=${encoded}`, `-otp=${started.otp}`])).stdout.trim();
  }

  pods(): Promise<Manifest[]> {
    return this.get('pods', '-l', this.serverLabel).then(list => list.items);
  }

  /** Waits until so many servers are unsealed and ready, exactly one of them active; returns the active one's name. */
  settled(replicas: number, seconds = 120): Promise<string> {
    return eventually(`${replicas} ready servers, one of them active`, seconds, async () => {
      const pods = await this.pods();
      const state = pods.map(
        pod =>
          `${pod.metadata.name} ready=${isReady(pod)} active=${pod.metadata.labels['vault-active']} deleted=${pod.metadata.deletionTimestamp !== undefined}`,
      );
      const active = pods.filter(pod => pod.metadata.labels['vault-active'] === 'true');
      const good =
        pods.length === replicas && pods.every(pod => isReady(pod) && pod.metadata.deletionTimestamp === undefined) && active.length === 1;
      if (!good) throw new Error(state.join('; '));
      return active[0].metadata.name;
    });
  }
}

export const isReady = (pod: Manifest): boolean =>
  pod.status.conditions?.some((condition: Manifest) => condition.type === 'Ready' && condition.status === 'True') ?? false;
