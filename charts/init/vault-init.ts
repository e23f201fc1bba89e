import { Chart } from 'cdk8s';
import type { Construct } from 'constructs';
import { k8s } from '../../imports';
import { IamRole } from '../app/aws/iam-role';
import { AwsRequirement } from '../app/aws/requirement';
import type { AdminPath } from '../app/jobs/admin-path';
import { authDelegator } from '../app/jobs/auth-delegator';
import { changesLease, jobName } from '../app/jobs/job-name';
import { jobNetworkPolicies } from '../app/jobs/network';
import { Outbound } from '../app/jobs/outbound';
import { ScriptJob, type ScriptJobProps } from '../app/jobs/script-job';
import { ServedVault } from '../app/jobs/served-vault';
import { vaultTokenMount, vaultTokenVolume } from '../app/jobs/vault-token';
import { objectLabels, selectorLabels } from '../app/kubernetes/labels';
import { omitUndefined } from '../app/kubernetes/omit-undefined';
import { ContainerResources, type ResourcesProps } from '../app/kubernetes/resources';
import { unpruned } from '../app/kubernetes/unpruned';
import { contentHash } from '../app/kustomize/hashed-object';
import { useAlone } from '../app/kustomize/unique-resource';
import { booleanCheck, oneOf } from '../app/validation/check';
import { type Part, problemsOf } from '../app/validation/part';
import type { KnownProps, Problems } from '../app/validation/problems';
import type { IVault } from '../app/vault';
import { Admin } from './admin';
import type { CustodyPlace } from './custody/place';
import { RecoveryKeys } from './keys';
import type { InitPlan } from './plan';
import type { VaultInitProps } from './vault-init-props';

/** Seconds: a pod that is being deleted while custody is down has so long, and so do the tokens that it had then. */
const day = 24 * 3600;

/** Guaranteed, so that no node under pressure evicts the only copy of the keys first. Measured: 99 MB resident at most, Node.js included. */
const defaultResources: ResourcesProps = {
  requests: { cpu: '250m', memory: '192Mi', ephemeralStorage: '64Mi' },
  limits: { cpu: '250m', memory: '192Mi', ephemeralStorage: '64Mi' },
};

/**
 * Initialises Vault once: recovery keys into custody, an audit device, an admin path that was tried, the root token revoked.
 *
 * The Job goes to the first server, never to a Service that balances: two servers initialised at once overwrite each other's keyring.
 */
export class VaultInit extends Chart {
  /** For the configuration chart: how it logs in. Undefined where the root token comes out encrypted, and its holder makes the way in. */
  readonly admin: AdminPath | undefined;
  /** The Job's IAM role; undefined where custody is not in AWS. */
  readonly role: IamRole | undefined;

  constructor(scope: Construct, id: string, props: VaultInitProps) {
    super(scope, id, { namespace: props.vault.namespace });
    const { vault, custody } = props;
    const name = jobName(vault, 'init');
    const pods = selectorLabels(vault.name, 'init');
    const keys = new RecoveryKeys(props);
    const admin = new Admin(vault, props.admin);
    const outbound = new Outbound(props.outbound);
    const resources = new ContainerResources(props.resources ?? defaultResources);
    const encrypted = props.rootTokenPgpKey !== undefined;
    this.admin = encrypted ? undefined : admin.path;

    // what it may do in AWS, and what AWS must have
    this.role = this.addRole(name, props);
    this.requireSecrets(vault, custody);

    // what it may do in the cluster, and whom it reaches
    if (this.admin?.mount === 'kubernetes') authDelegator(this, vault);
    jobNetworkPolicies(this, { name, namespace: vault.namespace, pods, vault, outbound });

    const context = {
      aws: vault.aws,
      unsealKey: vault.unsealKey?.kmsKeyId,
      tlsSecret: vault.tlsSecretName,
      largestAnswer: keys.largestAnswer,
    };
    const parts: readonly Part[] = [
      // the Job's name ends in a hash of ten digits
      new ServedVault(this, vault, { called: 'an init Job', longestName: 47 }),
      { validate: problems => custody.validate(problems, context) },
      keys,
      admin,
      outbound,
      resources,
      { validate: problems => this.validateOwn(problems, props) },
    ];
    const found = problemsOf(props, known, parts);
    this.node.addValidation({ validate: () => found });
    // nothing can be rendered of props that are wrong
    if (found.length > 0) return;

    // Jobs that main.ts made before may still be there: who asks for other keys must be told apart
    const digest = contentHash([keys.request, custody.kind, custody.env]);
    const plan: InitPlan = {
      lease: changesLease(vault),
      budget: { name, labels: objectLabels(pods), pods },
      custody: custody.kind,
      largestAnswer: keys.largestAnswer,
      request: keys.request,
      keys: digest,
      rootToken: encrypted ? 'encrypted' : (props.rootToken ?? 'revoke'),
      adopt: props.adopt ?? false,
      ...(this.admin === undefined ? {} : { login: { mount: this.admin.mount, role: name } }),
      writes: this.admin === undefined ? [] : admin.firstWrites,
      gracePeriodSeconds: day,
    };
    const job = new ScriptJob(this, 'job', {
      vault,
      component: 'init',
      entry: 'init/program/main.mts',
      plan,
      serviceAccount: name,
      rules: [...budgetRules(name), ...custody.rules, { apiGroups: ['batch'], resources: ['jobs'], verbs: ['list'] }],
      env: [
        // the first server, never a Service that balances
        { name: 'VAULT_ADDR', value: `https://${vault.name}-0.${vault.services.internal}.$(NAMESPACE).svc:${vault.port}` },
        { name: 'AWS_REGION', value: vault.aws.region },
        ...Object.entries(custody.env).map(([variable, value]) => ({ name: variable, value })),
      ],
      ...jobVolumes(vault, this.admin?.audience ?? vault.name),
      tokenSeconds: day,
      outbound,
      resources,
      // never reached: a Job that gives up deletes its pod, and with it the only copy of the keys
      backoffLimit: 2 ** 31 - 1,
      terminationGracePeriodSeconds: day,
      annotations: { ...unpruned, 'cdk8s-vault/keys': digest },
      ...omitUndefined({ role: this.role }),
    });
    job.runAtOnce();
  }

  private addRole(name: string, { vault, custody, role }: VaultInitProps): IamRole | undefined {
    const statements = custody.statements(vault.aws);
    if (statements.length === 0) return undefined;
    return new IamRole(this, 'iam-role', {
      aws: vault.aws,
      role: role ?? name,
      serviceAccount: { namespace: vault.namespace, name },
      statements: () => statements,
      // a pod that is being deleted lives on what it had: AWS's longest
      maxSessionSeconds: 12 * 3600,
    });
  }

  private requireSecrets({ aws }: IVault, custody: CustodyPlace): void {
    for (const [index, secret] of custody.secrets.entries()) new AwsRequirement(this, `requires-secret-${index}`, aws, aws.region, secret);
    for (const secret of custody.uniqueResources)
      useAlone(
        this,
        `${secret}, of account ${aws.accountId} in ${aws.region},`,
        'give each Vault its own: the keys of the second would be refused, or overwrite those of the first',
      );
  }

  /** What is no part's: what becomes of the root token, adoption, and a role that nothing uses. */
  private validateOwn(problems: Problems, props: VaultInitProps): void {
    problems.check('rootToken', props.rootToken, oneOf('revoke', 'custody'));
    problems.check('adopt', props.adopt, booleanCheck);
    if (props.role !== undefined && this.role === undefined)
      problems.refuse('role', props.role, 'nothing with custody outside AWS', 'leave it out: the Job calls no AWS');
  }
}

/** The keys in memory, Vault's certificate, and the token by which the Job logs in. */
const jobVolumes = (vault: IVault, audience: string): Pick<ScriptJobProps, 'volumes' | 'volumeMounts'> => ({
  volumes: [
    // the only copy of the keys until custody has them: in memory, and there again when the container restarts
    { name: 'keys', emptyDir: { medium: 'Memory', sizeLimit: k8s.Quantity.fromString('16Mi') } },
    {
      name: 'ca',
      projected: {
        defaultMode: 0o444,
        sources: [
          // that it is there makes the pod wait for the Secret; the authority, which not every issuer gives, does not
          { secret: { name: vault.tlsSecretName, items: [{ key: 'tls.crt', path: 'tls.crt' }] } },
          { secret: { name: vault.tlsSecretName, items: [{ key: 'ca.crt', path: 'ca.crt' }], optional: true } },
        ],
      },
    },
    vaultTokenVolume(audience, day),
  ],
  volumeMounts: [{ name: 'keys', mountPath: '/keys' }, { name: 'ca', mountPath: '/tls', readOnly: true }, vaultTokenMount],
});

const known: KnownProps<VaultInitProps> = {
  vault: true,
  recoveryShares: true,
  recoveryThreshold: true,
  adopt: true,
  role: true,
  resources: true,
  outbound: true,
  custody: true,
  rootToken: true,
  admin: true,
  pgpKeys: true,
  rootTokenPgpKey: true,
};

/** The budget that the Job makes for its own pod. What is yet to be created cannot be named. */
const budgetRules = (name: string): k8s.PolicyRule[] => [
  { apiGroups: ['policy'], resources: ['poddisruptionbudgets'], verbs: ['create'] },
  { apiGroups: ['policy'], resources: ['poddisruptionbudgets'], verbs: ['get', 'delete'], resourceNames: [name] },
];
