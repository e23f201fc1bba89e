import { join } from 'node:path';
import { Aws, type AwsOptions } from './aws.mts';
import { readMounted } from './https.mts';
import { Kubernetes } from './kubernetes.mts';
import { Lease } from './lease.mts';
import type { Stop } from './stop.mts';
import { Vault } from './vault.mts';
import { type Pace, type Say, Waiter } from './wait.mts';

/** What tests set instead of the pod's. */
export interface Elsewhere {
  /** The folder that stands for the root of the pod's file system. */
  readonly root?: string;
  readonly pace?: Pace;
  readonly endpoint?: AwsOptions['endpoint'];
}

/** The pod that a program runs in: its environment, its volumes, and whom it may talk to. */
export class Pod {
  readonly namespace: string;
  readonly name: string;
  readonly kubernetes: Kubernetes;
  readonly aws: Aws;
  readonly waiter: Waiter;
  readonly #env: NodeJS.ProcessEnv;
  readonly #root: string;
  readonly #say: Say;
  readonly #stop: Stop;

  constructor(env: NodeJS.ProcessEnv, stop: Stop, say: Say, { root = '/', pace, endpoint }: Elsewhere) {
    this.#env = env;
    this.#root = root;
    this.#say = say;
    this.#stop = stop;
    this.namespace = this.variable('NAMESPACE');
    this.name = this.variable('POD_NAME');
    const account = this.path('var/run/secrets/kubernetes.io/serviceaccount');
    this.kubernetes = new Kubernetes(env['KUBERNETES_SERVER'] ?? 'https://kubernetes.default.svc', account, this.namespace);
    const tokenFile = env['AWS_WEB_IDENTITY_TOKEN_FILE'];
    this.aws = new Aws({
      region: this.variable('AWS_REGION'),
      roleArn: env['AWS_ROLE_ARN'],
      tokenFile: tokenFile === undefined ? undefined : this.path(tokenFile),
      sessionName: this.name,
      stop,
      // as AWS's SDKs name it
      endpoint: service => endpoint?.(service) ?? env[`AWS_ENDPOINT_URL_${service.toUpperCase().replaceAll('-', '_')}`],
    });
    this.waiter = new Waiter(say, stop, pace);
  }

  /** An environment variable of the Job. */
  variable(name: string): string {
    const value = this.#env[name];
    if (value === undefined || value === '')
      throw new Error(`the environment variable ${name} is missing: it stands in the Job that was rendered`);
    return value;
  }

  path(absolute: string): string {
    return join(this.#root, absolute);
  }

  /** The text of a file; `missing` says what lacks where there is none. */
  read(absolute: string, missing: string): string {
    return readMounted(this.path(absolute), missing);
  }

  /** A file of JSON that synth wrote beside the program. */
  json<T>(name: string): T {
    return JSON.parse(this.read(`program/${name}`, 'the pod lacks the volume program')) as T;
  }

  /** The authority of the servers' certificate. */
  get vaultCa(): string {
    return this.read(
      'tls/ca.crt',
      'the Secret with the servers’ certificate has no ca.crt. Its issuer gave none: take one that does, or add ca.crt to the Secret',
    );
  }

  /** The Vault that the Job is for. `keepAlive`: its calls share a connection, since all of them may be repeated. */
  vault(options: { readonly keepAlive?: boolean } = {}): Vault {
    return new Vault(this.variable('VAULT_ADDR'), this.vaultCa, this.#stop, options);
  }

  /** The ServiceAccount token by which the Job logs in to Vault; kubelet renews it. */
  get vaultToken(): string {
    return this.read('var/run/secrets/vault/token', 'the pod lacks the volume vault-token').trim();
  }

  lease(name: string): Lease {
    return new Lease(this.kubernetes, name, this.name, this.#say);
  }
}
