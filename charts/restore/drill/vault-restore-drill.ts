import { Chart } from 'cdk8s';
import type { Construct } from 'constructs';
import { tableArn } from '../../app/aws/environment';
import { allow, type IamRole } from '../../app/aws/iam-role';
import { jobName } from '../../app/jobs/job-name';
import { jobRole } from '../../app/jobs/job-role';
import { jobNetworkPolicies } from '../../app/jobs/network';
import { Outbound, type OutboundProps } from '../../app/jobs/outbound';
import { ScriptJob } from '../../app/jobs/script-job';
import { ServedVault } from '../../app/jobs/served-vault';
import { tableEnv } from '../../app/jobs/table-env';
import { vaultCaMount, vaultCaVolume } from '../../app/jobs/vault-ca';
import { vaultTokenMount, vaultTokenVolume } from '../../app/jobs/vault-token';
import { selectorLabels } from '../../app/kubernetes/labels';
import { omitUndefined } from '../../app/kubernetes/omit-undefined';
import { ContainerResources, type ResourcesProps, waitingJobResources } from '../../app/kubernetes/resources';
import { portCheck } from '../../app/validation/addresses';
import { integer, listOf, matching } from '../../app/validation/check';
import { absolutePathCheck, dnsSubdomainCheck } from '../../app/validation/names';
import { problemsOf } from '../../app/validation/part';
import type { KnownProps, Problems } from '../../app/validation/problems';
import type { IVault } from '../../app/vault';
import { BackupSource } from '../backup-source';
import { DrillLogin, type DrillLoginProps } from './drill-login';
import { DrillSchedule, type DrillScheduleProps } from './drill-schedule';
import { DrillVault } from './drill-vault';
import type { DrillPlan } from './plan';

/** An address that the drill's Vault must not reach. */
export interface UnreachableDatabase {
  /** Its host name, as Vault knows it. */
  readonly host: string;
  /** Its port; not 443, on which the drill's Vault reaches AWS. */
  readonly port: number;
}

/** How the newest backup is tried. */
export interface VaultRestoreDrillProps {
  /** The Vault whose backup is tried; its data lies in DynamoDB and a KMS key unseals it. */
  readonly vault: IVault;
  /**
   * Databases whose users Vault makes or rotates. The drill's pod tries each, and Vault is only started there where none can be reached: NetworkPolicies are not
   * enforced on EKS unless they are turned on (Amazon EKS User Guide, "Limit Pod traffic with Kubernetes network policies").
   */
  readonly databases: readonly UnreachableDatabase[];
  /**
   * The path of Vault's API that is read in production and in the drill, such as "kv/data/canary"; it must hold the same in both, so nobody changes it between a
   * backup and the drill.
   */
  readonly canary: string;
  /**
   * How the Job logs in to both, to read the canary and nothing else.
   * @default by Kubernetes auth at "kubernetes", as the role "<name>-drill"
   */
  readonly login?: DrillLoginProps;
  /**
   * When a drill runs by itself.
   * @default never: somebody makes a Job from the CronJob
   */
  readonly schedule?: DrillScheduleProps;
  /**
   * The backup vault of AWS Backup that is looked at beside DynamoDB's own backups, or "none".
   * @default the one that AwsResources makes, which is called as the table
   */
  readonly backupVault?: string;
  /**
   * Folders that production's audit devices of type file write to; here they are empty, and gone with the pod.
   * @default ["/vault/audit"]
   */
  readonly auditPaths?: readonly string[];
  /**
   * Seconds that the restore may take.
   * @default 14400
   */
  readonly waitSeconds?: number;
  /**
   * The Job's IAM role: its name, or its ARN in the same account.
   * @default "<name>-drill"
   */
  readonly role?: string;
  /**
   * The IAM role of the drill's Vault: its name, or its ARN in the same account.
   * @default "<name>-drill-server"
   */
  readonly serverRole?: string;
  /**
   * Requests and limits of the Job's container.
   * @default 50m cpu, 96Mi memory and 64Mi ephemeral storage requested; 192Mi memory at most
   */
  readonly resources?: ResourcesProps;
  /**
   * Requests and limits of the drill's Vault, which runs during a drill.
   * @default 100m cpu, 256Mi memory and 64Mi ephemeral storage requested; 1Gi memory at most
   */
  readonly serverResources?: ResourcesProps;
  /**
   * How the Job reaches AWS: through a proxy, with further authorities. The drill's Vault reaches it directly.
   * @default directly
   */
  readonly outbound?: OutboundProps;
}

const defaultServerResources: ResourcesProps = {
  requests: { cpu: '100m', memory: '256Mi', ephemeralStorage: '64Mi' },
  limits: { memory: '1Gi', ephemeralStorage: '512Mi' },
};

/**
 * Tries the newest backup: restores it into a table of its own, takes out what would make a Vault act outside, starts one Vault on it that can hurt nobody, and
 * sees that it is the same Vault and alive; then all of it is taken away. A CronJob, whose last success is what an alert looks at (docs/restore.md, "The drill").
 */
export class VaultRestoreDrill extends Chart {
  /** The Job's IAM role; undefined with a Vault that has no table, which is refused. */
  readonly role: IamRole | undefined;
  /** The IAM role of the drill's Vault: the scratch table and the unseal key alone. */
  readonly serverRole: IamRole;

  constructor(scope: Construct, id: string, props: VaultRestoreDrillProps) {
    super(scope, id, { namespace: props.vault.namespace });
    const { vault } = props;
    const { namespace } = vault;
    const name = jobName(vault, 'drill');
    const pods = selectorLabels(vault.name, 'drill');
    const scratch = `${vault.table?.name}-drill-scratch`;
    const source = new BackupSource(this, { vault, backupVault: props.backupVault, target: scratch, roleSuffix: 'drill-restore' });
    const login = new DrillLogin(vault, props.login);
    const schedule = new DrillSchedule(props.schedule);
    const outbound = new Outbound(props.outbound);
    const resources = new ContainerResources(props.resources ?? waitingJobResources);
    const serverResources = new ContainerResources(props.serverResources ?? defaultServerResources, 'serverResources');

    // the Job: what it may do in AWS, and whom it reaches
    const deletes = allow('DeleteScratch', 'dynamodb', ['DeleteTable'], tableArn(scratch, vault.aws, vault.table?.region));
    const statements = vault.table === undefined ? [] : [...source.statements(), deletes];
    this.role = jobRole(this, { vault, name, role: props.role, serviceAccount: name, statements, without: 'without a table' });
    jobNetworkPolicies(this, { name, namespace, pods, vault, outbound, endpoints: [vault.table?.endpoint] });

    // the Vault that it starts
    const server = new DrillVault(this, 'vault', {
      vault,
      name: `${name}-server`,
      table: scratch,
      job: pods,
      guard: {
        targets: [
          ...(Array.isArray(props.databases) ? props.databases : []).map(({ host, port }) => ({ what: 'the database', host, port })),
          // known to run, so that a database which is down does not look like one that is out of reach
          { what: 'the Vault of production', host: `${vault.services?.active}.${namespace}.svc`, port: vault.port },
        ],
      },
      role: props.serverRole ?? `${name}-server`,
      reviewsTokens: login.isReviewed,
      auditPaths: props.auditPaths ?? ['/vault/audit'],
      resources: serverResources,
    });
    this.serverRole = server.role;

    const lease = name;
    const plan: DrillPlan = {
      lease,
      source: source.plan,
      scratch,
      server: { deployment: `${name}-server`, selector: server.selector, port: server.port },
      login: login.plan,
      canary: props.canary,
    };
    const job = new ScriptJob(this, 'job', {
      vault,
      component: 'drill',
      entry: 'restore/drill/program/main.mts',
      plan,
      serviceAccount: name,
      rules: [
        { apiGroups: ['coordination.k8s.io'], resources: ['leases'], verbs: ['get', 'update'], resourceNames: [lease] },
        { apiGroups: ['apps'], resources: ['deployments/scale'], verbs: ['get', 'update'], resourceNames: [`${name}-server`] },
        { apiGroups: [''], resources: ['pods'], verbs: ['list'] },
      ],
      env: [
        { name: 'VAULT_ADDR', value: `https://${vault.services?.active}.$(NAMESPACE).svc:${vault.port}` },
        ...tableEnv(vault),
        { name: 'WAIT_SECONDS', value: String(props.waitSeconds ?? 14_400) },
      ],
      volumes: [vaultCaVolume(vault), vaultTokenVolume(login.audience)],
      volumeMounts: [vaultCaMount, vaultTokenMount],
      outbound,
      resources,
      ...omitUndefined({ role: this.role }),
    });
    job.addSchedule({ name, times: schedule.times, backoffLimit: 0 });

    const parts = [
      // "-drill-server-guard-program" and a hash follow
      new ServedVault(this, vault, { called: 'a drill', longestName: 38 }),
      source,
      login,
      schedule,
      outbound,
      resources,
      serverResources,
      { validate: (problems: Problems) => validateOwn(problems, props) },
    ];
    this.node.addValidation({ validate: () => problemsOf(props, known, parts) });
  }
}

const canaryCheck = matching(
  /^(?!sys\/)[A-Za-z0-9_.-]+(\/[A-Za-z0-9_.-]+)+$/,
  'paths of Vault’s API below a mount, without "/v1/"',
  'write for example "kv/data/canary"',
);

function validateOwn(problems: Problems, props: VaultRestoreDrillProps): void {
  const { vault, databases, canary, auditPaths, waitSeconds } = props;
  if (vault.unsealKey === undefined)
    problems.refuse('vault.unsealKey', undefined, 'a Vault that a KMS key unseals', 'name its key, or try its backups by other means');
  else if (vault.unsealKey.roleArn !== undefined)
    problems.refuse(
      'vault.unsealKey.roleArn',
      vault.unsealKey.roleArn,
      'a key that the servers use by their own role',
      'that role trusts the servers alone: try backups of this Vault by hand (docs/restore.md)',
    );
  if (!Array.isArray(databases) || databases.length === 0)
    problems.refuse(
      'databases',
      databases,
      'a list of one database or more',
      'name one that Vault has credentials of: the drill must see that it cannot be reached',
    );
  for (const [at, database] of problems.listed('databases', databases)) {
    problems.checkNames(at, database, { host: true, port: true } satisfies KnownProps<UnreachableDatabase>);
    problems.require(`${at}.host`, database.host, dnsSubdomainCheck);
    if (problems.require(`${at}.port`, database.port, portCheck) && database.port === 443)
      problems.refuse(
        `${at}.port`,
        443,
        'any other port',
        'the drill’s Vault reaches AWS on 443: no policy can keep it from this database',
      );
  }
  problems.require('canary', canary, canaryCheck);
  problems.check('auditPaths', auditPaths, listOf(absolutePathCheck));
  problems.check('waitSeconds', waitSeconds, integer(60, 86_400));
}

const known: KnownProps<VaultRestoreDrillProps> = {
  vault: true,
  databases: true,
  canary: true,
  login: true,
  schedule: true,
  backupVault: true,
  auditPaths: true,
  waitSeconds: true,
  role: true,
  serverRole: true,
  resources: true,
  serverResources: true,
  outbound: true,
};
