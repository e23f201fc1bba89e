import { Chart } from 'cdk8s';
import type { Construct } from 'constructs';
import type { IamRole } from '../app/aws/iam-role';
import { changesLease, jobName } from '../app/jobs/job-name';
import { jobRole } from '../app/jobs/job-role';
import { jobNetworkPolicies } from '../app/jobs/network';
import { Outbound, type OutboundProps } from '../app/jobs/outbound';
import { ScriptJob } from '../app/jobs/script-job';
import { ServedVault } from '../app/jobs/served-vault';
import { evictionRules, serversPlan } from '../app/jobs/servers-plan';
import { tableEnv } from '../app/jobs/table-env';
import { vaultCaMount, vaultCaVolume } from '../app/jobs/vault-ca';
import { selectorLabels } from '../app/kubernetes/labels';
import { omitUndefined } from '../app/kubernetes/omit-undefined';
import { ContainerResources, type ResourcesProps, waitingJobResources } from '../app/kubernetes/resources';
import { integer } from '../app/validation/check';
import { problemsOf } from '../app/validation/part';
import type { KnownProps, Problems } from '../app/validation/problems';
import type { IVault } from '../app/vault';
import { Automatic, type AutomaticProps } from './automatic';
import type { RolloutPlan } from './plan';
import { type AwsBackupProps, TableBackup } from './table-backup';

/** How servers whose pods are out of date are replaced. */
export interface VaultRolloutProps {
  /** The Vault whose servers are replaced; its StatefulSet must have the update strategy OnDelete. */
  readonly vault: IVault;
  /**
   * The backup that comes first: DynamoDB's own, AWS Backup's, or none.
   * @default "dynamodb"; with a Vault that has no table, "none" must be written
   */
  readonly backup?: AwsBackupProps | 'dynamodb' | 'none';
  /**
   * When a rollout starts by itself where pods are out of date.
   * @default never: somebody makes a Job from the CronJob
   */
  readonly automatic?: AutomaticProps;
  /**
   * Seconds that each wait may take, such as for a server to serve again: then the Job stops, and changes nothing more.
   * @default 300
   */
  readonly waitSeconds?: number;
  /**
   * The Job's IAM role: its name, or its ARN in the same account.
   * @default "<name>-rollout"
   */
  readonly role?: string;
  /**
   * Requests and limits of the Job's container.
   * @default 50m cpu, 96Mi memory and 64Mi ephemeral storage requested; 192Mi memory at most
   */
  readonly resources?: ResourcesProps;
  /**
   * How the Job reaches AWS: through a proxy, with further authorities.
   * @default directly
   */
  readonly outbound?: OutboundProps;
}

/**
 * Rolls a changed image or configuration out in HashiCorp's order: after a backup, standbys one at a time, the active server last. A CronJob that runs only when
 * somebody makes a Job from it, or in a maintenance window.
 */
export class VaultRollout extends Chart {
  /** The Job's IAM role; undefined where it makes no backup. */
  readonly role: IamRole | undefined;

  constructor(scope: Construct, id: string, props: VaultRolloutProps) {
    super(scope, id, { namespace: props.vault.namespace });
    const { vault } = props;
    const name = jobName(vault, 'rollout');
    const pods = selectorLabels(vault.name, 'rollout');
    const backup = new TableBackup(vault, props.backup);
    const automatic = new Automatic(props.automatic);
    const outbound = new Outbound(props.outbound);
    const resources = new ContainerResources(props.resources ?? waitingJobResources);

    // what it may do in AWS, and whom it reaches
    const { statements } = backup;
    this.role = jobRole(this, { vault, name, role: props.role, serviceAccount: name, statements, without: 'without a backup' });
    jobNetworkPolicies(this, { name, namespace: vault.namespace, pods, vault, outbound, endpoints: [vault.table?.endpoint] });

    const plan: RolloutPlan = {
      lease: changesLease(vault),
      servers: serversPlan(vault),
      backup: backup.plan,
    };
    const job = new ScriptJob(this, 'job', {
      vault,
      component: 'rollout',
      entry: 'rollout/program/main.mts',
      plan,
      serviceAccount: name,
      rules: evictionRules(vault),
      env: [
        ...tableEnv(vault),
        // what a person may set for one run
        { name: 'ALLOW_OLDER', value: 'false' },
        { name: 'BACKUP', value: 'true' },
        { name: 'WAIT_SECONDS', value: String(props.waitSeconds ?? 300) },
        ...(automatic.minutes === undefined ? [] : [{ name: 'WINDOW_MINUTES', value: String(automatic.minutes) }]),
      ],
      volumes: [vaultCaVolume(vault)],
      volumeMounts: [vaultCaMount],
      outbound,
      resources,
      ...omitUndefined({ role: this.role }),
    });
    // it stops where it does not understand something, and changes nothing more until somebody has looked
    job.addSchedule({ name, ...automatic.schedule, backoffLimit: 0 });

    const parts = [
      backup,
      automatic,
      outbound,
      resources,
      new ServedVault(this, vault, { called: 'a rollout Job', longestName: 44 }),
      { validate: (problems: Problems) => validateOwn(problems, props) },
    ];
    this.node.addValidation({ validate: () => problemsOf(props, known, parts) });
  }
}

const validateOwn = (problems: Problems, { waitSeconds }: VaultRolloutProps): void => {
  problems.check('waitSeconds', waitSeconds, integer(30, 3600));
};

const known: KnownProps<VaultRolloutProps> = {
  vault: true,
  backup: true,
  automatic: true,
  waitSeconds: true,
  role: true,
  resources: true,
  outbound: true,
};
