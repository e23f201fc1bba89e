import { Chart } from 'cdk8s';
import type { Construct } from 'constructs';
import { partitionOf, tableArn } from '../app/aws/environment';
import type { IamRole, IamStatement } from '../app/aws/iam-role';
import { label, logicalId } from '../app/aws/labels';
import { jobName } from '../app/jobs/job-name';
import { jobRole } from '../app/jobs/job-role';
import { jobNetworkPolicies } from '../app/jobs/network';
import { Outbound, type OutboundProps } from '../app/jobs/outbound';
import { ScriptJob } from '../app/jobs/script-job';
import { ServedVault } from '../app/jobs/served-vault';
import { tableEnv } from '../app/jobs/table-env';
import { selectorLabels } from '../app/kubernetes/labels';
import { omitUndefined } from '../app/kubernetes/omit-undefined';
import { ContainerResources, type ResourcesProps, waitingJobResources } from '../app/kubernetes/resources';
import { integer } from '../app/validation/check';
import { problemsOf } from '../app/validation/part';
import type { KnownProps, Problems } from '../app/validation/problems';
import type { IVault } from '../app/vault';
import { BackupSource } from './backup-source';
import type { RestorePlan } from './plan';
import { longestRestoredName, restoredPrefix } from './restored-table';

/** How a backup of a Vault's table becomes a new table. */
export interface VaultRestoreProps {
  /** The Vault whose table is restored; its data lies in DynamoDB. */
  readonly vault: IVault;
  /**
   * The backup vault of AWS Backup that is looked at beside DynamoDB's own backups, or "none".
   * @default the one that AwsResources makes, which is called as the table
   */
  readonly backupVault?: string;
  /**
   * The ARN of another table, of another region or account, whose backups AWS Backup copies into that backup vault: what is restored where this Vault takes over
   * from one that is gone (docs/disaster.md).
   * @default the table of this Vault
   */
  readonly copiesOf?: string;
  /**
   * Seconds that the restore itself may take: minutes as a rule, and hours with a large table.
   * @default 14400
   */
  readonly waitSeconds?: number;
  /**
   * The Job's IAM role: its name, or its ARN in the same account.
   * @default "<name>-restore"
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
 * Restores a backup, or the table as it was at a time, into a new table `<table>-restored-...`, and brings back what a restore loses. A CronJob that runs only
 * when somebody makes a Job from it. It touches neither the table in use nor a pod; its last lines say what to change (docs/restore.md).
 */
export class VaultRestore extends Chart {
  /** The Job's IAM role; undefined with a Vault that has no table, which is refused. */
  readonly role: IamRole | undefined;

  constructor(scope: Construct, id: string, props: VaultRestoreProps) {
    super(scope, id, { namespace: props.vault.namespace });
    const { vault } = props;
    const name = jobName(vault, 'restore');
    const pods = selectorLabels(vault.name, 'restore');
    const prefix = restoredPrefix(vault.table?.name ?? '');
    const source = new BackupSource(this, {
      vault,
      backupVault: props.backupVault,
      copiesOf: props.copiesOf,
      target: `${prefix}*`,
      roleSuffix: 'restore',
    });
    const outbound = new Outbound(props.outbound);
    const resources = new ContainerResources(props.resources ?? waitingJobResources);

    // what it may do in AWS, and whom it reaches
    const statements = vault.table === undefined ? [] : [...source.statements(), ...settingsStatements(vault, prefix)];
    this.role = jobRole(this, { vault, name, role: props.role, serviceAccount: name, statements, without: 'without a table' });
    jobNetworkPolicies(this, { name, namespace: vault.namespace, pods, vault, outbound, endpoints: [vault.table?.endpoint] });

    const plan: RestorePlan = {
      source: source.plan,
      prefix,
      documents: { label: `${label(prefix)}_`, logicalId: logicalId('Table', prefix) },
      statefulSet: vault.name,
    };
    const job = new ScriptJob(this, 'job', {
      vault,
      component: 'restore',
      entry: 'restore/program/main.mts',
      plan,
      serviceAccount: name,
      env: [
        ...tableEnv(vault),
        // what a person may set for one run
        { name: 'FROM', value: 'newest' },
        { name: 'NEW_TABLE', value: 'auto' },
        { name: 'SETTINGS', value: 'true' },
        { name: 'WAIT_SECONDS', value: String(props.waitSeconds ?? 14_400) },
      ],
      outbound,
      resources,
      ...omitUndefined({ role: this.role }),
    });
    job.addSchedule({ name, times: 'by hand', backoffLimit: 0 });

    const parts = [
      source,
      outbound,
      resources,
      new ServedVault(this, vault, { called: 'a restore Job', longestName: 44 }),
      { validate: (problems: Problems) => validateOwn(problems, props) },
    ];
    this.node.addValidation({ validate: () => problemsOf(props, known, parts) });
  }
}

/** Reads what the table in use is like, and brings it to the new one. */
function settingsStatements({ table, aws }: IVault, prefix: string): readonly IamStatement[] {
  const region = table?.region ?? aws.region;
  const arn = (service: string, resource: string): string =>
    `arn:${partitionOf(aws.region)}:${service}:${region}:${aws.accountId}:${resource}`;
  const actions = (service: string, ...names: readonly string[]): string[] => names.map(name => `${service}:${name}`);
  const read = actions('dynamodb', 'DescribeContinuousBackups', 'DescribeTable', 'GetResourcePolicy', 'ListTagsOfResource');
  const source = tableArn(table?.name ?? '', aws, region);
  const target = tableArn(`${prefix}*`, aws, region);
  return [
    { sid: 'RestoreTime', actions: actions('dynamodb', 'RestoreTableToPointInTime'), resources: [source, target] },
    { sid: 'LookAtTables', actions: read, resources: [source, target] },
    {
      sid: 'Settings',
      actions: actions('dynamodb', 'PutResourcePolicy', 'TagResource', 'UpdateContinuousBackups', 'UpdateTable'),
      resources: [target],
    },
    // these know no resource (Service Authorization Reference, "AWS Application Auto Scaling")
    {
      sid: 'LookAtScaling',
      actions: actions('application-autoscaling', 'DescribeScalableTargets', 'DescribeScalingPolicies'),
      resources: ['*'],
    },
    { sid: 'LookAtAlarms', actions: actions('cloudwatch', 'DescribeAlarms'), resources: [arn('cloudwatch', 'alarm:*')] },
    {
      sid: 'Scaling',
      actions: actions('application-autoscaling', 'PutScalingPolicy', 'RegisterScalableTarget'),
      resources: [arn('application-autoscaling', 'scalable-target/*')],
      conditions: { StringEquals: { 'application-autoscaling:service-namespace': 'dynamodb' } },
    },
    {
      sid: 'Alarms',
      actions: actions('cloudwatch', 'PutMetricAlarm'),
      // its own, and those that a scaling policy makes
      resources: [arn('cloudwatch', `alarm:${prefix}*`), arn('cloudwatch', `alarm:TargetTracking-table/${prefix}*`)],
    },
  ];
}

const validateOwn = (problems: Problems, { vault: { table }, backupVault, waitSeconds }: VaultRestoreProps): void => {
  problems.check('waitSeconds', waitSeconds, integer(60, 86_400));
  // found out now, and not when the table is lost: its backup vault would be called as it, and a name has 50 characters (AWS Backup API reference)
  const tooLong = table === undefined || backupVault !== undefined ? 0 : longestRestoredName(table.name).length - 50;
  if (table !== undefined && tooLong > 0)
    problems.refuse(
      'vault.table.name',
      table.name,
      `at most ${table.name.length - tooLong} characters: the backup vault of a restored table is named after that, as "${longestRestoredName(table.name)}"`,
      "give the table a shorter name; or make the backup vault yourself and name it: backupVault, 'none' where there is none",
    );
};

const known: KnownProps<VaultRestoreProps> = {
  vault: true,
  backupVault: true,
  copiesOf: true,
  waitSeconds: true,
  role: true,
  resources: true,
  outbound: true,
};
