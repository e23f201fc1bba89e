import type { Manifest } from '../render';
import { FakeKubernetes } from './fake-kubernetes';
import { type Asked, FakeServer, type Reply } from './fake-server';

export interface FakePod {
  uid: string;
  revision: string;
  ready: boolean;
  leaving: boolean;
  role: 'active' | 'standby' | 'cut off' | 'sealed' | 'silent';
  version: string;
  /** Of its pod, where it is not that of its version. */
  image?: string;
  /** Milliseconds since it heard from the active server; a standby without it is none of a version that tells. */
  heardAgo?: number;
}

const codes = { active: 200, standby: 429, 'cut off': 474, sealed: 503 } as const;

const heard = ({ heardAgo }: FakePod) => (heardAgo === undefined ? {} : { last_request_forwarding_heartbeat_ms: heardAgo });

/** What a server says of its health. */
export class FakeHealth extends FakeServer {
  pod: FakePod | undefined;

  protected answer(): Reply {
    const { pod } = this;
    if (pod === undefined || pod.role === 'silent') return 'break off';
    const body = { initialized: true, sealed: pod.role === 'sealed', standby: pod.role !== 'active', version: pod.version, ...heard(pod) };
    return { status: codes[pod.role], body };
  }
}

/** A StatefulSet with OnDelete and its pods: an evicted pod comes back with the new revision, and another server leads. Leases as ever. */
export class FakeCluster extends FakeKubernetes {
  readonly pods = new Map<string, FakePod>();
  readonly servers = new Map<string, FakeHealth>();
  /** In the order in which they were evicted. */
  readonly evicted: string[] = [];
  /** In the order in which they were deleted, whatever a budget says. */
  readonly deleted: string[] = [];
  revision = 'new';
  image = 'hashicorp/vault:1.21.7';
  /** Environment variables of the servers' container. */
  env: readonly { readonly name: string; readonly value: string }[] = [];
  /** What becomes of a pod that comes back. */
  comesBack: (name: string, pod: FakePod) => FakePod = (_, pod) => pod;
  /** Answers instead of an eviction. */
  refusal: (name: string) => Reply | undefined = () => undefined;
  private made = 0;

  async listenWith(names: readonly string[]): Promise<void> {
    await this.listen();
    for (const name of names) {
      const server = new FakeHealth();
      await server.listen();
      this.servers.set(name, server);
      this.set(name, {
        uid: `uid-of-${name}`,
        revision: 'old',
        ready: true,
        leaving: false,
        role: name === names[0] ? 'active' : 'standby',
        version: '1.21.0',
      });
    }
  }

  set(name: string, pod: FakePod | undefined): void {
    const server = this.servers.get(name);
    if (server !== undefined) server.pod = pod;
    if (pod === undefined) this.pods.delete(name);
    else this.pods.set(name, pod);
  }

  protected override answer(asked: Asked): Reply {
    const { method, path } = asked;
    if (path.includes('/statefulsets/'))
      return {
        status: 200,
        body: {
          metadata: { generation: 2 },
          spec: { replicas: this.servers.size, template: { spec: { containers: [{ name: 'vault', image: this.image, env: this.env }] } } },
          status: { observedGeneration: 2, updateRevision: this.revision },
        },
      };
    if (path.includes('/pods?')) return { status: 200, body: { items: [...this.pods].map(([name, pod]) => podManifest(name, pod)) } };
    const [, name = '', eviction] = /\/pods\/([^/]+)(\/eviction)?$/.exec(path) ?? [];
    if (method === 'DELETE' && name !== '') return this.replace(name, asked.body.preconditions.uid, this.deleted);
    if (method !== 'POST' || eviction === undefined) return super.answer(asked);
    return this.refusal(name) ?? this.replace(name, asked.body.deleteOptions.preconditions.uid, this.evicted);
  }

  private replace(name: string, uid: string, gone: string[]): Reply {
    const pod = this.pods.get(name);
    if (pod === undefined || uid !== pod.uid) return { status: 409, body: { reason: 'Conflict', message: 'another pod' } };
    gone.push(name);
    this.made += 1;
    const next = {
      ...pod,
      uid: `uid-${this.made}`,
      revision: this.revision,
      leaving: false,
      ready: true,
      role: 'standby',
      version: '1.21.1',
    } as const;
    this.set(name, this.comesBack(name, { ...next }));
    const others = [...this.pods].filter(([other, { role }]) => other !== name && role === 'standby');
    if (pod.role === 'active' && others[0] !== undefined) this.set(others[0][0], { ...others[0][1], role: 'active' });
    else if (pod.role === 'active') this.set(name, { ...(this.pods.get(name) as FakePod), role: 'active' });
    return { status: gone === this.deleted ? 200 : 201, body: { kind: 'Status', status: 'Success' } };
  }

  closeAll(): void {
    this.close();
    for (const server of this.servers.values()) server.close();
  }
}

const podManifest = (name: string, { uid, revision, ready, leaving, version, image }: FakePod): Manifest => ({
  metadata: {
    name,
    uid,
    labels: { 'controller-revision-hash': revision },
    ...(leaving ? { deletionTimestamp: '2026-01-01T00:00:00Z' } : {}),
  },
  spec: { containers: [{ name: 'vault', image: image ?? `hashicorp/vault:${version}` }] },
  status: { conditions: [{ type: 'Ready', status: ready ? 'True' : 'False' }] },
});
