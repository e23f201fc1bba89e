import { ApiObject, Chart } from 'cdk8s';
import type { Construct } from 'constructs';
import { k8s } from '../../imports';
import { IamRole } from '../app/aws/iam-role';
import { AwsRequirement } from '../app/aws/requirement';
import { changesLease, jobName } from '../app/jobs/job-name';
import { jobNetworkPolicies } from '../app/jobs/network';
import { checkOutbound } from '../app/jobs/outbound';
import { ScriptJob } from '../app/jobs/script-job';
import { clusterScoped } from '../app/kubernetes/cluster-scoped';
import { objectLabels, selectorLabels } from '../app/kubernetes/labels';
import { omitUndefined } from '../app/kubernetes/omit-undefined';
import { checkResources, type ResourcesProps } from '../app/kubernetes/resources';
import { unpruned } from '../app/kubernetes/unpruned';
import { environmentFolder, KustomizeFolder } from '../app/kustomize/kustomize-folder';
import { UniqueResource } from '../app/kustomize/unique-resource';
import { booleanCheck, oneOf } from '../app/validation/check';
import { type KnownProps, Problems } from '../app/validation/problems';
import type { IVault } from '../app/vault';
import { type AdminPath, adminPath, checkAdmin, firstWrites } from './admin';
import { checkKeys, initRequest, largestAnswer } from './keys';
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
    const { vault, custody, outbound = {} } = props;
    const name = jobName(vault, 'init');
    const selector = selectorLabels(vault.name, 'init');
    const encrypted = props.rootTokenPgpKey !== undefined;
    this.admin = encrypted ? undefined : adminPath(vault, props.admin ?? {});
    const statements = custody.statements(vault.aws);
    this.role =
      statements.length === 0
        ? undefined
        : new IamRole(this, 'iam-role', {
            aws: vault.aws,
            role: props.role ?? name,
            serviceAccount: { namespace: vault.namespace, name },
            statements: () => statements,
            // a pod that is being deleted lives on what it had: AWS's longest
            maxSessionSeconds: 12 * 3600,
          });
    for (const [index, secret] of custody.secrets.entries())
      new AwsRequirement(this, `requires-secret-${index}`, vault.aws, vault.aws.region, secret);
    for (const [index, secret] of custody.uniqueResources.entries())
      new UniqueResource(this, `unique-secret-${index}`, {
        name: `${secret}, of account ${vault.aws.accountId} in ${vault.aws.region},`,
        fix: 'give each Vault its own: the keys of the second would be refused, or overwrite those of the first',
      });
    if (this.admin?.mount === 'kubernetes') authDelegator(this, vault);
    jobNetworkPolicies(this, { name, namespace: vault.namespace, pods: selector, vault, outbound });
    const lease = changesLease(vault);
    const plan: InitPlan = {
      lease,
      budget: { name, labels: objectLabels(selector), pods: selector },
      custody: custody.kind,
      largestAnswer: largestAnswer(props),
      request: initRequest(props),
      rootToken: encrypted ? 'encrypted' : (props.rootToken ?? 'revoke'),
      adopt: props.adopt ?? false,
      ...(this.admin === undefined ? {} : { login: { mount: this.admin.mount, role: name } }),
      writes: this.admin === undefined ? [] : firstWrites(vault, this.admin, props.admin ?? {}, name),
      gracePeriodSeconds: day,
    };
    new ScriptJob(this, 'job', {
      name,
      namespace: vault.namespace,
      instance: vault.name,
      component: 'init',
      entry: 'init/program/main.mts',
      plan,
      serviceAccount: name,
      lease,
      rules: [...budgetRules(name), ...custody.rules],
      env: [
        { name: 'VAULT_ADDR', value: `https://${vault.name}-0.${vault.services.internal}.$(NAMESPACE).svc:${vault.port}` },
        { name: 'AWS_REGION', value: vault.aws.region },
        ...Object.entries(custody.env).map(([variable, value]) => ({ name: variable, value })),
      ],
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
        {
          name: 'vault-token',
          projected: {
            defaultMode: 0o440,
            sources: [{ serviceAccountToken: { audience: this.admin?.audience ?? vault.name, expirationSeconds: day, path: 'token' } }],
          },
        },
      ],
      volumeMounts: [
        { name: 'keys', mountPath: '/keys' },
        { name: 'ca', mountPath: '/tls', readOnly: true },
        { name: 'vault-token', mountPath: '/var/run/secrets/vault', readOnly: true },
      ],
      tokenSeconds: day,
      outbound,
      images: vault.images,
      placement: vault.placement,
      resources: props.resources ?? defaultResources,
      // never reached: a Job that gives up deletes its pod, and with it the only copy of the keys
      backoffLimit: 2 ** 31 - 1,
      terminationGracePeriodSeconds: day,
      annotations: unpruned,
      ...omitUndefined({ role: this.role }),
    });
    this.node.addValidation({ validate: () => this.problems(props) });
  }

  private problems(props: VaultInitProps): string[] {
    const problems = new Problems();
    const { vault, custody } = props;
    problems.checkNames('', props, known);
    const [own, servers] = [this, vault].map(chart => environmentFolder(KustomizeFolder.of(chart)));
    if (own !== servers)
      problems.refuse('vault', `a server in dist/${servers}`, `servers in dist/${own}`, 'make both in the same app.environment(...)');
    // the Job's name ends in a hash of ten digits, and Kubernetes allows 63 characters
    if (vault.name.length > 47)
      problems.refuse('vault.name', vault.name, 'at most 47 characters with an init Job', 'choose a shorter name');
    custody.validate(problems, {
      aws: vault.aws,
      unsealKey: vault.unsealKey,
      tlsSecret: vault.tlsSecretName,
      largestAnswer: largestAnswer(props),
    });
    checkKeys(problems, props);
    checkAdmin(problems, props.admin ?? {}, vault);
    checkOutbound(problems, props.outbound ?? {});
    problems.check('rootToken', props.rootToken, oneOf('revoke', 'custody'));
    problems.check('adopt', props.adopt, booleanCheck);
    if (props.resources !== undefined) checkResources(problems, props.resources);
    if (props.role !== undefined && custody.statements(vault.aws).length === 0)
      problems.refuse('role', props.role, 'nothing with custody outside AWS', 'leave it out: the Job calls no AWS');
    return problems.messages;
  }
}

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

/** Lets Vault ask the cluster whose a ServiceAccount token is (Vault documentation, "Kubernetes auth method"). */
function authDelegator(scope: Construct, vault: IVault): void {
  const manifest = k8s.KubeClusterRoleBinding.manifest({
    metadata: { name: `${vault.namespace}-${vault.name}-auth-delegator`, labels: objectLabels(selectorLabels(vault.name, 'server')) },
    roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'system:auth-delegator' },
    subjects: [{ kind: 'ServiceAccount', name: vault.serviceAccountName, namespace: vault.namespace }],
  });
  clusterScoped(new ApiObject(scope, 'auth-delegator', manifest));
}
