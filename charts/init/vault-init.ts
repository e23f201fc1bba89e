import { ApiObject, Chart, JsonPatch } from 'cdk8s';
import type { Construct } from 'constructs';
import { k8s } from '../../imports';
import { IamRole } from '../app/iam-role';
import { objectLabels, selectorLabels } from '../app/labels';
import { Problems } from '../app/problems';
import type { ResourcesProps } from '../app/resources';
import { scriptFile } from '../app/script-file';
import { ScriptJob } from '../app/script-job';
import type { VaultServer } from '../server/vault-server';
import type { Custody } from './custody';
import { initNetworkPolicies } from './network';

/** A Job that initialises a Vault once and brings its recovery keys into custody. */
export interface VaultInitProps {
  /** The servers to initialise. */
  readonly vault: VaultServer;
  /** Where the recovery keys go. */
  readonly custody: Custody;
  /**
   * What becomes of the root token: revoked once the admin path works, or kept alive in custody beside the recovery keys.
   * @default "revoke"
   */
  readonly rootToken?: 'revoke' | 'custody';
  /**
   * Whether a Vault that is initialised while custody holds nothing is taken as it is: its keys are held elsewhere.
   * @default false
   */
  readonly adopt?: boolean;
  /**
   * The Job's IAM role: its name, or its ARN in the same account.
   * @default "<name>-init"
   */
  readonly role?: string;
  /**
   * The image that the script runs in: bash, aws, curl and jq.
   * @default amazon/aws-cli, at the version that the tests run
   */
  readonly image?: string;
  /**
   * Requests and limits of the Job's container.
   * @default small: a script, curl and the AWS CLI
   */
  readonly resources?: ResourcesProps;
}

/** The way in after the root token is gone: Kubernetes auth for the ServiceAccount of the configuration Job. */
export interface AdminPath {
  /** Where the auth method is mounted. */
  readonly mount: string;
  readonly role: string;
  /** The ServiceAccount that may log in, in the servers' namespace. */
  readonly serviceAccount: string;
  /** The audience that its token must have. */
  readonly audience: string;
}

/**
 * Initialises Vault once: recovery keys into custody, an audit device, an admin path that was tried, the root token revoked.
 *
 * The Job goes to the first server, never to a Service that balances: two servers initialised at once overwrite each other's keyring.
 */
export class VaultInit extends Chart {
  /** For the configuration chart: how it logs in. */
  readonly admin: AdminPath;
  readonly role: IamRole;

  constructor(scope: Construct, id: string, props: VaultInitProps) {
    super(scope, id, { namespace: props.vault.namespace });
    const { vault, custody } = props;
    const name = `${vault.name}-init`;
    const selector = selectorLabels(vault.name, 'init');
    this.admin = { mount: 'kubernetes', role: `${vault.name}-admin`, serviceAccount: `${vault.name}-configuration`, audience: vault.name };
    this.role = new IamRole(this, 'iam-role', {
      aws: vault.aws,
      role: props.role ?? name,
      serviceAccount: { namespace: vault.namespace, name },
      statements: () => custody.statements(vault.aws),
    });
    authDelegator(this, vault);
    initNetworkPolicies(this, name, vault, selector);
    new ScriptJob(this, 'job', {
      name,
      namespace: vault.namespace,
      instance: vault.name,
      component: 'init',
      serviceAccount: name,
      role: this.role,
      files: this.files(vault, custody, name),
      env: [
        { name: 'NAMESPACE', valueFrom: { fieldRef: { fieldPath: 'metadata.namespace' } } },
        { name: 'VAULT_ADDR', value: `https://${vault.name}-0.${vault.services.internal}.$(NAMESPACE).svc:${vault.listener.port}` },
        { name: 'VAULT_CACERT', value: '/tls/ca.crt' },
        { name: 'VAULT_NAME', value: vault.name },
        { name: 'ADMIN_MOUNT', value: this.admin.mount },
        { name: 'ROOT_TOKEN', value: props.rootToken ?? 'revoke' },
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
            sources: [{ serviceAccountToken: { audience: this.admin.audience, expirationSeconds: 3600, path: 'token' } }],
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
      ...(props.image === undefined ? {} : { image: props.image }),
      ...(props.resources === undefined ? {} : { resources: props.resources }),
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
    this.node.addValidation({
      validate: () => {
        const problems = new Problems();
        custody.check(problems, vault.aws, vault.unsealKey);
        return problems.messages;
      },
    });
  }

  private files(vault: VaultServer, custody: Custody, serviceAccount: string): { readonly 'run.sh': string } & Record<string, string> {
    const role = (policy: string, ...accounts: string[]) =>
      JSON.stringify({
        audience: this.admin.audience,
        bound_service_account_names: accounts,
        token_policies: [policy],
        token_ttl: '10m',
        token_max_ttl: '1h',
      });
    return {
      'run.sh': scriptFile('init/init.sh'),
      'custody.sh': scriptFile(`init/${custody.script}`),
      'request.json': JSON.stringify({ recovery_shares: 1, recovery_threshold: 1 }),
      'admin.hcl': scriptFile('init/admin.hcl'),
      'admin-role.json': role(this.admin.role, this.admin.serviceAccount),
      'init.hcl': scriptFile('init/init.hcl'),
      'init-role.json': role(`${vault.name}-init`, serviceAccount),
    };
  }
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
