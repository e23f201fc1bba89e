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
  /** Vault's version, where it answers. */
  readonly version: string | undefined;
}

/** The StatefulSet and its pods, as they are at a moment. */
export interface Look {
  readonly replicas: number;
  readonly revision: string;
  /** The image that new pods get. */
  readonly image: string;
  readonly servers: readonly Server[];
}

const statefulSetShape = object({
  metadata: object({ generation: number }),
  spec: object({ replicas: number, template: object({ spec: object({ containers: list(object({ name: string, image: string })) }) }) }),
  status: object({ observedGeneration: optional(number), updateRevision: optional(string) }),
});
const podsShape = object({
  items: list(
    object({
      metadata: object({ name: string, uid: string, labels: record(string), deletionTimestamp: optional(string) }),
      status: object({ conditions: optional(list(object({ type: string, status: string }))) }),
    }),
  ),
});
const healthShape = object({ initialized: boolean, sealed: boolean, standby: boolean, version: string });

/** Health codes: 200 and 429 serve, 474 is a standby without an active server, 501 and 503 do not (Vault API documentation, "/sys/health"). */
const roles: Readonly<Record<number, Role>> = { 200: 'active', 429: 'standby', 474: 'cut off', 501: 'not initialised', 503: 'sealed' };

/** The servers of a Vault: what Kubernetes knows of their pods, and what each says of itself. */
export class Servers {
  readonly #kubernetes: Kubernetes;
  readonly #plan: ServersPlan;
  readonly #server: (pod: string) => HttpsServer;

  /** `address`: of a pod, if it is not its name in the cluster. */
  constructor(kubernetes: Kubernetes, plan: ServersPlan, ca: string, address?: (pod: string) => string) {
    this.#kubernetes = kubernetes;
    this.#plan = plan;
    const inCluster = (pod: string): string => `https://${pod}.${plan.internalService}.${kubernetes.namespace}.svc:${plan.port}`;
    this.#server = pod => new HttpsServer((address ?? inCluster)(pod), ca);
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
    const labels = encodeURIComponent(
      Object.entries(selector)
        .map(([key, value]) => `${key}=${value}`)
        .join(','),
    );
    const listed = await this.#kubernetes.call('GET', 'api/v1', `pods?labelSelector=${labels}`);
    if (listed.status !== 200) throw unexpectedStatus('listing the servers’ pods', listed);
    const { items } = parse(listed.text, podsShape, 'the list of pods');
    const servers = await Promise.all(
      items.map(
        async ({ metadata: { name, uid, labels: has, deletionTimestamp }, status: { conditions } }): Promise<Server> => ({
          name,
          uid,
          upToDate: has['controller-revision-hash'] === revision,
          ready: conditions?.some(({ type, status: state }) => type === 'Ready' && state === 'True') === true,
          leaving: deletionTimestamp !== undefined,
          ...(await this.#health(name)),
        }),
      ),
    );
    const image = spec.template.spec.containers.find(({ name }) => name === 'vault')?.image ?? '';
    return { replicas: spec.replicas, revision, image, servers: servers.sort((a, b) => (a.name < b.name ? -1 : 1)) };
  }

  async #health(pod: string): Promise<{ readonly role: Role; readonly version: string | undefined }> {
    try {
      const { status, text } = await this.#server(pod).call('GET', '/v1/sys/health', { timeout: 5_000 });
      const { version } = parse(text, healthShape, `the health of ${pod}`);
      return { role: roles[status] ?? 'silent', version };
    } catch (error) {
      if (error instanceof NotYet) return { role: 'silent', version: undefined };
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
