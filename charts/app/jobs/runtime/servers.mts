import type { ServersPlan } from '../vault-servers.ts';
import { HttpsServer } from './https.mts';
import { type Kubernetes, unexpectedStatus } from './kubernetes.mts';
import { boolean, list, number, object, optional, parse, record, string } from './shape.mts';
import { NotYet } from './wait.mts';

/**
 * What a server answers about itself: active, standby, a standby that does not reach the active one, sealed, not initialised; or nothing (Vault API
 * documentation, "/sys/health").
 */
export type Role = 'active' | 'standby' | 'cut off' | 'sealed' | 'not initialised' | 'silent';

export interface Server {
  readonly name: string;
  readonly uid: string;
  readonly upToDate: boolean;
  readonly ready: boolean;
  readonly leaving: boolean;
  readonly role: Role;
  /** The image of its pod. */
  readonly image: string;
  /** Vault's version, where it answers and does not keep it to itself. */
  readonly version: string | undefined;
  /** When a standby last heard from the active server, in milliseconds; undefined where it says nothing of it. */
  readonly heard: number | undefined;
}

/** The StatefulSet and its pods, as they are at a moment. */
export interface Look {
  readonly replicas: number;
  readonly revision: string;
  /** The image that new pods get. */
  readonly image: string;
  /** The table that the StatefulSet's environment puts in the place of that in vault.hcl; undefined where it does not. */
  readonly table: string | undefined;
  readonly servers: readonly Server[];
}

const containerShape = object({ name: string, image: string, env: optional(list(object({ name: string, value: optional(string) }))) });
const statefulSetShape = object({
  metadata: object({ generation: number }),
  spec: object({ replicas: number, template: object({ spec: object({ containers: list(containerShape) }) }) }),
  status: object({ observedGeneration: optional(number), updateRevision: optional(string) }),
});
const podsShape = object({
  items: list(
    object({
      metadata: object({ name: string, uid: string, labels: record(string), deletionTimestamp: optional(string) }),
      spec: object({ containers: list(containerShape) }),
      status: object({ conditions: optional(list(object({ type: string, status: string }))) }),
    }),
  ),
});
const healthShape = object({
  initialized: boolean,
  sealed: boolean,
  standby: boolean,
  version: string,
  last_request_forwarding_heartbeat_ms: optional(number),
});

/** Health codes: 200, 429 and 473 serve, 474 is a standby without an active server, 501 and 503 do not (Vault API documentation, "/sys/health"). */
const roles: Readonly<Record<number, Role>> = {
  200: 'active',
  429: 'standby',
  473: 'standby',
  474: 'cut off',
  501: 'not initialised',
  503: 'sealed',
};

interface Health extends Pick<Server, 'role' | 'version' | 'heard'> {
  /** Why there is none. */
  readonly why?: string;
}

const vaultOf = <T extends { readonly name: string }>(containers: readonly T[]): T | undefined =>
  containers.find(({ name }) => name === 'vault');

/** The servers of a Vault: what Kubernetes knows of their pods, and what each says of itself. */
export class Servers {
  readonly #kubernetes: Kubernetes;
  readonly #plan: ServersPlan;
  readonly #server: (pod: string) => HttpsServer;

  /** `ca`: asked each time, since authorities are renewed; `address`: of a pod, if it is not its name in the cluster. */
  constructor(kubernetes: Kubernetes, plan: ServersPlan, ca: () => string, address?: (pod: string) => string) {
    this.#kubernetes = kubernetes;
    this.#plan = plan;
    const inCluster = (pod: string): string => `https://${pod}.${plan.internalService}.${kubernetes.namespace}.svc:${plan.port}`;
    this.#server = pod => new HttpsServer((address ?? inCluster)(pod), ca());
  }

  async look(): Promise<Look> {
    const { statefulSet, selector } = this.#plan;
    const answer = await this.#kubernetes.call('GET', 'apis/apps/v1', `statefulsets/${statefulSet}`);
    if (answer.status !== 200) throw unexpectedStatus(`reading StatefulSet ${statefulSet}`, answer);
    const { metadata, spec, status } = parse(answer.text, statefulSetShape, `StatefulSet ${statefulSet}`);
    // right after an apply the controller has not said yet which revision is the new one
    if (status.observedGeneration !== metadata.generation || status.updateRevision === undefined)
      throw new NotYet(`StatefulSet ${statefulSet} is not observed in its generation ${metadata.generation}`);
    const revision = status.updateRevision;
    const listed = await this.#kubernetes.list('api/v1', 'pods', selector);
    if (listed.status !== 200) throw unexpectedStatus('listing the servers’ pods', listed);
    const { items } = parse(listed.text, podsShape, 'the list of pods');
    const servers = await Promise.all(
      items.map(async ({ metadata: { name, uid, labels: has, deletionTimestamp }, spec: pod, status: { conditions } }): Promise<Server> => {
        const ready = conditions?.some(({ type, status: state }) => type === 'Ready' && state === 'True') === true;
        const leaving = deletionTimestamp !== undefined;
        const { why, ...health } = await this.#health(name);
        // kubelet reaches it: what stands in the way is on this side, such as an authority or a NetworkPolicy
        if (why !== undefined && ready && !leaving) throw new NotYet(`${name} is ready, but gives no answer here: ${why}`);
        const upToDate = has['controller-revision-hash'] === revision;
        return { name, uid, upToDate, ready, leaving, image: vaultOf(pod.containers)?.image ?? '', ...health };
      }),
    );
    const vault = vaultOf(spec.template.spec.containers);
    const table = vault?.env?.find(({ name }) => name === 'AWS_DYNAMODB_TABLE')?.value;
    return {
      replicas: spec.replicas,
      revision,
      image: vault?.image ?? '',
      table,
      servers: servers.sort((a, b) => (a.name < b.name ? -1 : 1)),
    };
  }

  async #health(pod: string): Promise<Health> {
    try {
      const { status, text } = await this.#server(pod).call('GET', '/v1/sys/health', { timeout: 5_000 });
      const { version, last_request_forwarding_heartbeat_ms: age } = parse(text, healthShape, `the health of ${pod}`);
      return { role: roles[status] ?? 'silent', version, heard: age === undefined ? undefined : Date.now() - age };
    } catch (error) {
      if (error instanceof NotYet) return { role: 'silent', version: undefined, heard: undefined, why: error.message };
      throw error;
    }
  }

  /** Asks for a pod to go, as a drain does: its budget may say no, for now. Another pod of the same name is left alone. */
  async evict({ name, uid }: Server): Promise<void> {
    const eviction = {
      apiVersion: 'policy/v1',
      kind: 'Eviction',
      metadata: { name, namespace: this.#kubernetes.namespace },
      deleteOptions: { preconditions: { uid } },
    };
    const answer = await this.#kubernetes.call('POST', 'api/v1', `pods/${name}/eviction`, eviction);
    // 404 and 409: it is gone, or another has its name: what was asked for is done
    if (![200, 201, 404, 409].includes(answer.status)) throw unexpectedStatus(`evicting ${name}`, answer);
  }

  /** Deletes a pod, whatever its budget says. Another pod of the same name is left alone. */
  async delete({ name, uid }: Server): Promise<void> {
    const answer = await this.#kubernetes.call('DELETE', 'api/v1', `pods/${name}`, { preconditions: { uid } });
    if (![200, 202, 404, 409].includes(answer.status)) throw unexpectedStatus(`deleting ${name}`, answer);
  }
}
