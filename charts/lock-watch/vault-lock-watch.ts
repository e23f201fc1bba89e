import { Chart } from 'cdk8s';
import type { Construct } from 'constructs';
import { tableArn } from '../app/aws/environment';
import type { IamRole, IamStatement } from '../app/aws/iam-role';
import { changesLease, jobName } from '../app/jobs/job-name';
import { jobRole } from '../app/jobs/job-role';
import { jobNetworkPolicies } from '../app/jobs/network';
import { Outbound, type OutboundProps } from '../app/jobs/outbound';
import { ScriptJob } from '../app/jobs/script-job';
import { ServedVault } from '../app/jobs/served-vault';
import { deletionRules, serversPlan } from '../app/jobs/servers-plan';
import { tableEnv } from '../app/jobs/table-env';
import { vaultCaMount, vaultCaVolume } from '../app/jobs/vault-ca';
import { selectorLabels } from '../app/kubernetes/labels';
import { omitUndefined } from '../app/kubernetes/omit-undefined';
import { ContainerResources, type ResourcesProps } from '../app/kubernetes/resources';
import { integer } from '../app/validation/check';
import { problemsOf } from '../app/validation/part';
import type { KnownProps, Problems } from '../app/validation/problems';
import type { IVault } from '../app/vault';
import type { LockWatchPlan } from './plan';

/** A watcher that replaces a server which holds the lock and does not lead. */
export interface VaultLockWatchProps {
  /** The Vault that is watched; its data lies in a DynamoDB table. */
  readonly vault: IVault;
  /**
   * Seconds that the lock must be held without a leader before a server is replaced. A change of the leader takes up to 20.
   * @default 45
   */
  readonly patienceSeconds?: number;
  /**
   * The watcher's IAM role: its name, or its ARN in the same account.
   * @default "<name>-lock-watch"
   */
  readonly role?: string;
  /**
   * Requests and limits of the watcher's container.
   * @default 10m cpu, 64Mi memory and 16Mi ephemeral storage requested; 128Mi memory at most
   */
  readonly resources?: ResourcesProps;
  /**
   * How the watcher reaches AWS: through a proxy, with further authorities.
   * @default directly
   */
  readonly outbound?: OutboundProps;
}

const defaultResources: ResourcesProps = {
  requests: { cpu: '10m', memory: '64Mi', ephemeralStorage: '16Mi' },
  limits: { memory: '128Mi', ephemeralStorage: '64Mi' },
};

/**
 * Heals a lock that nobody gives back (vault issues 5828, 12223, 26580): after `unlocking HA lock failed` a server renews it without leading, and nobody leads
 * until its pod goes. A Deployment that reads the lock and the servers' health, and deletes a pod. It never writes the table.
 */
export class VaultLockWatch extends Chart {
  /** The watcher's IAM role, which may read the lock alone; undefined with a Vault that has no table. */
  readonly role: IamRole | undefined;

  constructor(scope: Construct, id: string, props: VaultLockWatchProps) {
    super(scope, id, { namespace: props.vault.namespace });
    const { vault } = props;
    const name = jobName(vault, 'lock-watch');
    const pods = selectorLabels(vault.name, 'lock-watch');
    const outbound = new Outbound(props.outbound);
    const resources = new ContainerResources(props.resources ?? defaultResources);
    const { table } = vault;

    const statements = table === undefined ? [] : [readLock(tableArn(table.name, vault.aws, table.region))];
    this.role = jobRole(this, { vault, name, role: props.role, serviceAccount: name, statements, without: 'without a table' });
    jobNetworkPolicies(this, { name, namespace: vault.namespace, pods, vault, outbound, endpoints: [table?.endpoint] });

    const plan: LockWatchPlan = {
      lease: changesLease(vault),
      servers: serversPlan(vault),
      table: table?.name ?? '',
      patience: props.patienceSeconds ?? 45,
    };
    const job = new ScriptJob(this, 'job', {
      vault,
      component: 'lock-watch',
      entry: 'lock-watch/program/main.mts',
      plan,
      serviceAccount: name,
      rules: [...deletionRules(vault), { apiGroups: [''], resources: ['events'], verbs: ['create'] }],
      env: tableEnv(vault),
      volumes: [vaultCaVolume(vault)],
      volumeMounts: [vaultCaMount],
      outbound,
      resources,
      ...omitUndefined({ role: this.role }),
    });
    job.runForever();

    const parts = [
      outbound,
      resources,
      new ServedVault(this, vault, { called: 'a watcher', longestName: 41 }),
      { validate: (problems: Problems) => validateOwn(problems, props) },
    ];
    this.node.addValidation({ validate: () => problemsOf(props, known, parts) });
  }
}

/** One item's key and two of its attributes, read (DynamoDB Developer Guide, "Using IAM policy conditions for fine-grained access control"). */
const readLock = (table: string): IamStatement => ({
  sid: 'ReadLock',
  actions: ['dynamodb:GetItem'],
  resources: [table],
  conditions: {
    'ForAllValues:StringEquals': { 'dynamodb:LeadingKeys': ['core'], 'dynamodb:Attributes': ['Path', 'Key', 'Identity', 'Expires'] },
    StringEqualsIfExists: { 'dynamodb:Select': 'SPECIFIC_ATTRIBUTES' },
  },
});

const validateOwn = (problems: Problems, { vault, patienceSeconds }: VaultLockWatchProps): void => {
  problems.check('patienceSeconds', patienceSeconds, integer(30, 600));
  if (vault.table === undefined)
    problems.refuse('vault.table', undefined, 'a Vault with a DynamoDB table', 'leave the watcher out: its lock is another one');
};

const known: KnownProps<VaultLockWatchProps> = { vault: true, patienceSeconds: true, role: true, resources: true, outbound: true };
