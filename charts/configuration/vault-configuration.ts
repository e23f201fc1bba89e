import { Chart } from 'cdk8s';
import type { Construct } from 'constructs';
import type { k8s } from '../../imports';
import type { IamRole } from '../app/aws/iam-role';
import { adminPath, adminPolicy } from '../app/jobs/admin-path';
import { authDelegator } from '../app/jobs/auth-delegator';
import { changesLease, jobName } from '../app/jobs/job-name';
import { jobRole } from '../app/jobs/job-role';
import { jobNetworkPolicies } from '../app/jobs/network';
import { Outbound } from '../app/jobs/outbound';
import { ScriptJob, type ScriptJobProps } from '../app/jobs/script-job';
import { ServedVault } from '../app/jobs/served-vault';
import { vaultCaMount, vaultCaVolume } from '../app/jobs/vault-ca';
import { vaultTokenMount, vaultTokenVolume } from '../app/jobs/vault-token';
import { selectorLabels } from '../app/kubernetes/labels';
import { omitAllUndefined, omitUndefined } from '../app/kubernetes/omit-undefined';
import { ContainerResources, type ResourcesProps } from '../app/kubernetes/resources';
import { useAlone } from '../app/kustomize/unique-resource';
import { type Part, problemsOf } from '../app/validation/part';
import type { KnownProps } from '../app/validation/problems';
import type { IVault } from '../app/vault';
import { AuditDevices } from './audit-devices';
import { AuthMethods } from './auth/auth-methods';
import { Databases } from './databases/databases';
import { DriftSchedule } from './drift-schedule';
import { SecretsEngines } from './engines';
import { Groups } from './groups';
import { operationFiles } from './operation-files';
import { refuseOwnNames } from './own-names';
import { databasePolicy, ownPolicy } from './own-policy';
import { PasswordPolicies } from './password-policies';
import type { ConfigurationPlan, EnableOperation } from './plan';
import { Policies } from './policies';
import { checkReferences } from './policy-references';
import { RawOperations } from './raw';
import { secretNames, secretStatements } from './secrets';
import type { VaultConfigurationProps } from './vault-configuration-props';

const defaultResources: ResourcesProps = {
  requests: { cpu: '100m', memory: '128Mi', ephemeralStorage: '64Mi' },
  limits: { memory: '256Mi', ephemeralStorage: '64Mi' },
};

/**
 * Says who may log in to a Vault, what they may do, and what they get: a Job brings Vault to it, and reports what it found.
 *
 * TypeScript decides at synth and renders operations in their order; the Job's program carries them out.
 */
export class VaultConfiguration extends Chart {
  /** The Job's IAM role; undefined where it reads no secret of AWS. */
  readonly role: IamRole | undefined;

  constructor(scope: Construct, id: string, given: VaultConfigurationProps) {
    super(scope, id, { namespace: given.vault.namespace });
    // a policy or a role that is undefined is left out, as a prop is
    const props = omitAllUndefined(given);
    const { vault } = props;
    const name = jobName(vault, 'configuration');
    const admin = props.admin ?? adminPath(vault);
    const pods = selectorLabels(vault.name, 'configuration');

    // what Vault is brought to
    const passwordPolicies = new PasswordPolicies(props.passwordPolicies);
    const auth = new AuthMethods(vault, props.auth);
    const databases = new Databases(vault, props.databases, auth, passwordPolicies.names);
    const engines = new SecretsEngines(props.engines, databases.mounts);
    const policies = new Policies(props.policies);
    const audit = new AuditDevices(props.audit);
    const groups = new Groups(props.groups, auth.mounts);
    const raw = new RawOperations(vault.aws, props.raw);

    // the Job
    const outbound = new Outbound(props.outbound);
    const resources = new ContainerResources(props.resources ?? defaultResources);
    const schedule = new DriftSchedule(props.schedule);
    const parts: readonly Part[] = [
      // "-configuration-drift" follows
      new ServedVault(this, vault, { called: 'a configuration Job', longestName: 32 }),
      passwordPolicies,
      auth,
      engines,
      databases,
      policies,
      audit,
      groups,
      raw,
      schedule,
      outbound,
      resources,
      { validate: problems => refuseOwnNames(problems, props, admin, vault) },
      {
        validate: problems =>
          problems.messages.length === 0 && checkReferences(problems, { policies, databases, auth, groups, engines, props }),
      },
    ];
    const found = problemsOf(props, known, parts);
    this.node.addValidation({ validate: () => found });
    // nothing can be rendered of props that are wrong
    if (found.length > 0) return;

    // what the Job may do in AWS and in the cluster, and whom it reaches
    const sources = [...(props.databases ?? []).map(({ master }) => master), ...raw.sources];
    const statements = secretStatements(sources, vault.aws);
    this.role = jobRole(this, {
      vault,
      name,
      role: props.role,
      serviceAccount: admin.serviceAccount,
      statements,
      without: 'without a secret in AWS',
    });
    if (auth.statements.length > 0) vault.role?.addStatements(...auth.statements);
    if (Object.values(props.auth ?? {}).some(({ type }) => type === 'kubernetes')) authDelegator(this, vault);
    jobNetworkPolicies(this, { name, namespace: vault.namespace, pods, vault, outbound });
    useAlone(
      this,
      `the configuration of Vault ${vault.name} in ${vault.namespace}`,
      'write all of it into one VaultConfiguration: each would take the other’s for unmanaged',
    );

    const operations = operationFiles({
      engines: [stateMount(name), ...audit.enable(), ...auth.enable(), ...engines.enable()],
      'password-policies': passwordPolicies.operations(),
      connections: databases.connections(),
      'database-roles': databases.roles(),
      // before the policies, which may name them
      groups: groups.operations(),
      policies: [...policies.operations(), ...databases.policies()],
      auth: auth.operations(login => databases.policiesOf(login)),
      raw: raw.operations(),
    });
    const plan: ConfigurationPlan = {
      lease: changesLease(vault),
      login: { mount: admin.mount, role: admin.role },
      ownPolicies: { [admin.role]: adminPolicy(), [name]: ownPolicy(name, engines, raw) },
      databasePolicy: databasePolicy('$MOUNT'),
      state: name,
      prune: props.prune ?? false,
      operations: Object.keys(operations),
    };
    const job = new ScriptJob(this, 'job', {
      vault,
      component: 'configuration',
      entry: 'configuration/program/main.mts',
      plan,
      data: operations,
      serviceAccount: admin.serviceAccount,
      rules: secretRules(secretNames(sources)),
      env: [
        { name: 'VAULT_ADDR', value: `https://${vault.services.active}.$(NAMESPACE).svc:${vault.port}` },
        { name: 'AWS_REGION', value: vault.aws.region },
        { name: 'MODE', value: 'apply' },
      ],
      ...jobVolumes(vault, admin.audience, databases),
      outbound,
      resources,
      // the init Job may take its time, and a database may be away: it looks again, less and less often
      backoffLimit: 20,
      ...omitUndefined({ role: this.role }),
    });
    job.runAtOnce();
    schedule.addTo(job, `${name}-drift`);
  }
}

/** A kv engine of version 1 that nobody but the Job has a use for: what it knows of earlier runs. */
const stateMount = (path: string): EnableOperation => ({
  do: 'enable',
  at: 'sys/mounts',
  name: `${path}/`,
  body: { type: 'kv', options: { version: '1' } },
});

const secretRules = (names: readonly string[]): k8s.PolicyRule[] =>
  names.length === 0 ? [] : [{ apiGroups: [''], resources: ['secrets'], verbs: ['get'], resourceNames: [...names] }];

/** Vault's certificate, the token by which the Job logs in, and the authorities of databases. */
function jobVolumes(vault: IVault, audience: string, { authorities }: Databases): Pick<ScriptJobProps, 'volumes' | 'volumeMounts'> {
  const databases: k8s.Volume = {
    name: 'databases',
    projected: {
      defaultMode: 0o444,
      sources: authorities.map(({ configMap, key, path }) => ({ configMap: { name: configMap, items: [{ key, path }] } })),
    },
  };
  return {
    volumes: [vaultCaVolume(vault), vaultTokenVolume(audience), ...(authorities.length === 0 ? [] : [databases])],
    volumeMounts: [
      vaultCaMount,
      vaultTokenMount,
      ...(authorities.length === 0 ? [] : [{ name: 'databases', mountPath: '/databases', readOnly: true }]),
    ],
  };
}

const known: KnownProps<VaultConfigurationProps> = {
  vault: true,
  admin: true,
  policies: true,
  auth: true,
  engines: true,
  databases: true,
  passwordPolicies: true,
  audit: true,
  groups: true,
  raw: true,
  prune: true,
  schedule: true,
  role: true,
  resources: true,
  outbound: true,
};
