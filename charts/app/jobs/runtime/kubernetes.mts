import { type Answer, HttpsServer, readMounted } from './https.mts';
import { tokenEnds } from './service-account-token.mts';
import { object, optional, parse, string } from './shape.mts';
import { NotYet } from './wait.mts';

const status = object({ message: optional(string), reason: optional(string) });

/** An answer of the API server that is none of those that a call knows, in its own words (Kubernetes API reference, "Status"). */
export function unexpectedStatus(what: string, answer: Answer): NotYet {
  let words = 'an answer that is not the API server’s';
  try {
    const { message, reason } = parse(answer.text, status, 'the answer');
    words = message ?? reason ?? 'no reason given';
  } catch {
    // its status says enough
  }
  return new NotYet(`${what}: Kubernetes answered ${answer.status} (${words})`);
}

/** The API server, as this pod's own ServiceAccount. */
export class Kubernetes {
  readonly namespace: string;
  readonly #server: HttpsServer;
  readonly #account: string;

  /** `account`: the folder of the ServiceAccount's token and the API server's CA. */
  constructor(address: string, account: string, namespace: string) {
    this.#server = new HttpsServer(address, readMounted(`${account}/ca.crt`, 'the pod lacks the volume api-token'));
    this.#account = account;
    this.namespace = namespace;
  }

  /** When the token that this pod has now ends. */
  get tokenEnds(): Date {
    return tokenEnds(this.#token);
  }

  /** One call; `path` is below the namespace of an API, such as "apis/coordination.k8s.io/v1" and "leases/vault-changes". */
  call(method: string, api: string, path: string, body?: unknown): Promise<Answer> {
    return this.#server.call(method, `/${api}/namespaces/${this.namespace}/${path}`, {
      headers: { authorization: `Bearer ${this.#token}` },
      // not ended when the program is told to stop: it gives its Lease back then
      timeout: 10_000,
      ...(body === undefined ? {} : { body }),
    });
  }

  /** The objects that have these labels; `resource` is their plural, such as "pods". */
  list(api: string, resource: string, labels: Readonly<Record<string, string>>): Promise<Answer> {
    const selector = Object.entries(labels).map(([name, value]) => `${name}=${value}`);
    return this.call('GET', api, `${resource}?labelSelector=${encodeURIComponent(selector.join(','))}`);
  }

  /** Read each time: kubelet renews it. */
  get #token(): string {
    return readMounted(`${this.#account}/token`, 'the pod lacks the volume api-token').trim();
  }
}
