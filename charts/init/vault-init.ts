import { ApiObject, Chart, JsonPatch } from 'cdk8s';
import type { Construct } from 'constructs';
import { k8s } from '../../imports';
import { AwsNeed } from '../app/aws-need';
import { boolean, oneOf } from '../app/checks';
import { defined } from '../app/defined';
import { IamRole } from '../app/iam-role';
import { objectLabels, selectorLabels } from '../app/labels';
import { Problems } from '../app/problems';
import { scriptFile } from '../app/script-file';
import { ScriptJob } from '../app/script-job';
import type { VaultServer } from '../server/vault-server';
import { type AdminPath, adminPath, checkAdmin, firstWrites } from './admin';
import { checkKeys, initRequest } from './keys';
import { initNetworkPolicies } from './network';
import type { VaultInitProps } from './vault-init-props';

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
    const name = `${vault.name}-init`;
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
          });
    for (const [index, secret] of custody.secrets.entries())
      new AwsNeed(this, `needs-secret-${index}`, vault.aws, vault.aws.region, secret);
    if (this.admin?.mount === 'kubernetes') authDelegator(this, vault);
    initNetworkPolicies(this, name, vault, selector);
    new ScriptJob(this, 'job', {
      name,
      namespace: vault.namespace,
      instance: vault.name,
      component: 'init',
      serviceAccount: name,
      lease: `${vault.name}-changes`,
      rules: custody.rules,
      files: {
        'run.sh': scriptFile('init/init.sh'),
        'custody.sh': scriptFile(`init/${custody.script}`),
        'request.json': JSON.stringify(initRequest(props)),
        ...(this.admin === undefined
          ? {}
          : { 'writes.json': JSON.stringify(firstWrites(vault, this.admin, props.admin ?? {}, name), null, 1) }),
      },
      env: [
        { name: 'VAULT_ADDR', value: `https://${vault.name}-0.${vault.services.internal}.$(NAMESPACE).svc:${vault.listener.port}` },
        { name: 'VAULT_CACERT', value: '/tls/ca.crt' },
        ...(this.admin === undefined ? [] : [{ name: 'LOGIN', value: `auth/${this.admin.mount}/login` }]),
        { name: 'LOGIN_ROLE', value: name },
        { name: 'ROOT_TOKEN', value: encrypted ? 'encrypted' : (props.rootToken ?? 'revoke') },
        { name: 'ADOPT', value: props.adopt ? 'yes' : 'no' },
        { name: 'AWS_REGION', value: vault.aws.region },
        { name: 'AWS_STS_REGIONAL_ENDPOINTS', value: 'regional' },
        ...Object.entries(custody.env).map(([variable, value]) => ({ name: variable, value })),
      ],
      volumes: [
        // the only copy of the keys until custody has them: in memory, and there again when the container restarts
        { name: 'keys', emptyDir: { medium: 'Memory', sizeLimit: k8s.Quantity.fromString('16Mi') } },
        {
          name: 'ca',
          secret: { secretName: vault.certificate.secretName, defaultMode: 0o444, items: [{ key: 'ca.crt', path: 'ca.crt' }] },
        },
        {
          name: 'vault-token',
          projected: {
            defaultMode: 0o440,
            sources: [{ serviceAccountToken: { audience: this.admin?.audience ?? vault.name, expirationSeconds: 3600, path: 'token' } }],
          },
        },
      ],
      volumeMounts: [
        { name: 'keys', mountPath: '/keys' },
        { name: 'ca', mountPath: '/tls', readOnly: true },
        { name: 'vault-token', mountPath: '/var/run/secrets/vault', readOnly: true },
      ],
      // never reached: a Job that gives up deletes its pod, and with it the only copy of the keys
      backoffLimit: 2 ** 31 - 1,
      terminationGracePeriodSeconds: 24 * 3600,
      annotations: { 'argocd.argoproj.io/sync-options': 'Prune=false', 'kustomize.toolkit.fluxcd.io/prune': 'disabled' },
      podAnnotations: { 'cluster-autoscaler.kubernetes.io/safe-to-evict': 'false', 'karpenter.sh/do-not-disrupt': 'true' },
      ...defined({ role: this.role, image: props.image, resources: props.resources }),
    });
    // minAvailable: a Job has no scale that maxUnavailable could count from. A pod that has ended does not count
    const metadata = { name, namespace: vault.namespace, labels: objectLabels(selector) };
    new ApiObject(
      this,
      'disruption-budget',
      k8s.KubePodDisruptionBudget.manifest({
        metadata,
        spec: { minAvailable: k8s.IntOrString.fromNumber(1), selector: { matchLabels: selector } },
      }),
    );
    this.node.addValidation({ validate: () => validate(props) });
  }
}

function validate(props: VaultInitProps): string[] {
  const problems = new Problems();
  const { vault } = props;
  props.custody.check(problems, { aws: vault.aws, unsealKey: vault.unsealKey });
  checkKeys(problems, props);
  checkAdmin(problems, props.admin ?? {});
  problems.check('rootToken', props.rootToken, oneOf('revoke', 'custody'));
  problems.check('adopt', props.adopt, boolean);
  if (props.role !== undefined && props.custody.statements(vault.aws).length === 0)
    problems.refuse('role', props.role, 'nothing with custody outside AWS', 'leave it out: the Job calls no AWS');
  return problems.messages;
}

/** Lets Vault ask the cluster whose a ServiceAccount token is (Vault documentation, "Kubernetes auth method"). */
function authDelegator(scope: Construct, vault: VaultServer): void {
  const binding = new ApiObject(
    scope,
    'auth-delegator',
    k8s.KubeClusterRoleBinding.manifest({
      metadata: { name: `${vault.namespace}-${vault.name}-auth-delegator`, labels: objectLabels(vault.selector) },
      roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'system:auth-delegator' },
      subjects: [{ kind: 'ServiceAccount', name: vault.serviceAccountName, namespace: vault.namespace }],
    }),
  );
  // cdk8s stamps the chart's namespace on cluster-scoped kinds too
  binding.addJsonPatch(JsonPatch.remove('/metadata/namespace'));
}
