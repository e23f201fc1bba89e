import { type Installation, isReady } from './cluster';
import { eventually, type Result } from './shell';

/** A pod with Vault's own client that is an IAM role, or the session of a person who has one. */
export class LoginPod {
  constructor(
    private readonly installation: Installation,
    readonly name: string,
    /** The role that its ServiceAccount has. */
    readonly roleArn: string,
    private readonly labels: Readonly<Record<string, string>>,
    private readonly session = name,
  ) {}

  async create(): Promise<void> {
    const { installation, name } = this;
    const account = {
      apiVersion: 'v1',
      kind: 'ServiceAccount',
      metadata: { name, annotations: { 'eks.amazonaws.com/role-arn': this.roleArn, 'eks.amazonaws.com/sts-regional-endpoints': 'true' } },
    };
    const container = {
      name: 'vault',
      image: 'hashicorp/vault:1.21.7',
      imagePullPolicy: 'IfNotPresent',
      command: ['sleep', '86400'],
      env: [
        { name: 'VAULT_ADDR', value: `https://vault-active.${installation.namespace}.svc:8200` },
        { name: 'VAULT_CACERT', value: '/ca/ca.crt' },
        { name: 'HOME', value: '/tmp' },
        { name: 'AWS_ROLE_SESSION_NAME', value: this.session },
        { name: 'AWS_REGION', value: installation.props.aws.region },
      ],
      volumeMounts: [{ name: 'ca', mountPath: '/ca' }],
    };
    const pod = {
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { name, labels: this.labels },
      spec: {
        containers: [container],
        enableServiceLinks: false,
        serviceAccountName: name,
        securityContext: { fsGroup: 1000 },
        terminationGracePeriodSeconds: 0,
        volumes: [{ name: 'ca', secret: { secretName: 'vault-tls', items: [{ key: 'ca.crt', path: 'ca.crt' }] } }],
      },
    };
    for (const manifest of [account, pod]) await installation.kubectl(['apply', '-f', '-'], { input: JSON.stringify(manifest) });
    await eventually(`${name} to run`, 60, async () => {
      if (!isReady(await installation.get('pod', name))) throw new Error('not ready');
    });
  }

  /** `vault login -method=aws`, as a developer types it. The token stays in the pod, as it stays in a developer's home. */
  login(mount: string, role: string, serverId: string): Promise<Result> {
    return this.vault(
      'login',
      '-method=aws',
      '-no-print',
      `-path=${mount}`,
      `role=${role}`,
      `region=${this.installation.props.aws.region}`,
      `header_value=${serverId}`,
    );
  }

  /** The same with credentials that somebody else got; they go over standard input. */
  loginWith(credentials: Record<string, string>, mount: string, role: string, serverId: string): Promise<Result> {
    const script = `read -r AWS_ACCESS_KEY_ID; read -r AWS_SECRET_ACCESS_KEY; read -r AWS_SESSION_TOKEN
export AWS_ACCESS_KEY_ID AWS_SECRET_ACCESS_KEY AWS_SESSION_TOKEN
exec vault login -method=aws -no-print "-path=$1" "role=$2" "region=$3" "header_value=$4"`;
    const args = ['exec', '-i', this.name, '--', 'sh', '-c', script, 'sh', mount, role, this.installation.props.aws.region, serverId];
    const input = ['AccessKeyId', 'SecretAccessKey', 'SessionToken'].map(name => `${credentials[name]}\n`).join('');
    return this.installation.kubectl(args, { input, accept: [0, 1, 2] });
  }

  vault(...args: string[]): Promise<Result> {
    return this.installation.kubectl(['exec', this.name, '--', 'vault', ...args], { accept: [0, 1, 2] });
  }
}
