import type { Manifest } from '../render';
import { type Asked, FakeServer, type Reply } from './fake-server';

const failure = (status: number, reason: string, message: string): Reply => ({
  status,
  body: { kind: 'Status', apiVersion: 'v1', status: 'Failure', reason, message, code: status },
});

/** Leases, Secrets and PodDisruptionBudgets of the API server, in one namespace; test/contracts holds its answers against a real one. */
export class FakeKubernetes extends FakeServer {
  /** By "leases/vault-changes" and the like. */
  readonly objects = new Map<string, Manifest>();
  /** How many pods a budget counts. */
  healthy = 1;
  private version = 0;

  /** What stands there. */
  get(path: string): Manifest {
    return this.objects.get(path);
  }

  put(path: string, object: Manifest): Manifest {
    this.version += 1;
    const metadata = { uid: `uid-${this.version}`, ...object.metadata, resourceVersion: String(this.version) };
    const status = path.startsWith('poddisruptionbudgets/')
      ? { currentHealthy: this.healthy, desiredHealthy: 1, expectedPods: 1, disruptionsAllowed: 0, observedGeneration: 1 }
      : object.status;
    const made = { ...object, metadata, status };
    this.objects.set(path, made);
    return made;
  }

  private list(resource: string): Manifest[] {
    return [...this.objects].filter(([place]) => place.startsWith(`${resource}/`)).map(([, object]) => object);
  }

  protected answer({ method, path, body }: Asked): Reply {
    const [, resource = '', name, query = ''] = /\/namespaces\/[^/]+\/([^/?]+)(?:\/([^?]+))?(\?.*)?$/.exec(`/${path}`) ?? [];
    const place = `${resource}/${name ?? body?.metadata?.name}`;
    const found = this.objects.get(place);
    const unknown = failure(404, 'NotFound', `${resource} "${name}" not found`);
    switch (method) {
      case 'GET':
        if (name === undefined) return { status: 200, body: { items: this.list(resource) } };
        return found === undefined ? unknown : { status: 200, body: found };
      case 'POST':
        if (found !== undefined) return failure(409, 'AlreadyExists', `${resource} "${body.metadata.name}" already exists`);
        return { status: 201, body: query.includes('dryRun=All') ? body : this.put(place, body) };
      case 'PUT':
        if (found === undefined) return unknown;
        return found.metadata.resourceVersion === body.metadata.resourceVersion
          ? { status: 200, body: this.put(place, { ...body, metadata: { ...body.metadata, uid: found.metadata.uid } }) }
          : failure(409, 'Conflict', 'the object has been modified; please apply your changes to the latest version and try again');
      default:
        if (found === undefined) return unknown;
        if (body?.preconditions?.uid !== undefined && body.preconditions.uid !== found.metadata.uid)
          return failure(409, 'Conflict', 'Precondition failed: UID in precondition');
        this.objects.delete(place);
        return { status: 200, body: { kind: 'Status', status: 'Success' } };
    }
  }
}
