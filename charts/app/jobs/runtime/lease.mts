import { type Kubernetes, unexpectedStatus } from './kubernetes.mts';
import { number, object, optional, parse, record, string } from './shape.mts';
import { NotYet, type Say, type Waiter } from './wait.mts';

const api = 'apis/coordination.k8s.io/v1';
const seconds = 30;

const leaseShape = object({
  metadata: object({ resourceVersion: string, annotations: optional(record(string)) }),
  spec: optional(object({ holderIdentity: optional(string), leaseDurationSeconds: optional(number), renewTime: optional(string) })),
});

interface Held {
  readonly version: string | undefined;
  readonly annotations: Readonly<Record<string, string>>;
}

/** One at a time: whatever changes a Vault holds its Lease while it does so. */
export class Lease {
  readonly #kubernetes: Kubernetes;
  readonly #name: string;
  readonly #holder: string;
  readonly #say: Say;
  #annotations: Readonly<Record<string, string>> = {};
  #renewing: NodeJS.Timeout | undefined;
  #lost: string | undefined;
  /** One write of it after the other. */
  #last: Promise<unknown> = Promise.resolve();

  constructor(kubernetes: Kubernetes, name: string, holder: string, say: Say) {
    this.#kubernetes = kubernetes;
    this.#name = name;
    this.#holder = holder;
    this.#say = say;
  }

  /** Waits for it, and renews it until it is given back. A pod that was killed holds it for 30 s more. */
  async take(waiter: Waiter): Promise<void> {
    await waiter.until(`Lease ${this.#name} of namespace ${this.#kubernetes.namespace}`, () => this.#claim(this.#holder));
    this.#renewing = setInterval(() => void this.#renew().catch(() => undefined), (seconds / 3) * 1000);
    this.#renewing.unref();
  }

  async #renew(): Promise<void> {
    try {
      await this.#claim(this.#holder);
    } catch (error) {
      if (error instanceof HeldByAnother && this.#lost === undefined) {
        this.#lost = error.message;
        this.#say(`lost Lease ${this.#name}: ${error.message}`);
      }
      throw error;
    }
  }

  /** The same as assertHeld, and asks the API server, which may have been away for so long that another took the Lease. */
  async confirm(): Promise<void> {
    try {
      await this.#renew();
    } finally {
      this.assertHeld();
    }
  }

  /** To be called before each step that two must not do at once. */
  assertHeld(): void {
    if (this.#lost !== undefined) throw new Error(`lost Lease ${this.#name}: ${this.#lost}`);
  }

  /** Whether another took it. */
  get lost(): boolean {
    return this.#lost !== undefined;
  }

  annotation(key: string): string | undefined {
    return this.#annotations[key];
  }

  /** Writes an annotation of the Lease; it stays when the Lease is given back. */
  async annotate(key: string, value: string): Promise<void> {
    await this.#claim(this.#holder, { [key]: value });
  }

  async giveBack(): Promise<void> {
    if (this.#renewing === undefined) return;
    clearInterval(this.#renewing);
    this.#renewing = undefined;
    await this.#claim('').catch((error: Error) => this.#say(`the Lease ends by itself in ${seconds} s: ${error.message}`));
  }

  #claim(holder: string, annotations: Readonly<Record<string, string>> = {}): Promise<void> {
    const claim = this.#last.then(async () => {
      const { version, annotations: before } = await this.#read();
      await this.#write(holder, version, { ...before, ...annotations });
    });
    this.#last = claim.catch(() => undefined);
    return claim;
  }

  /** What is there, if this pod or nobody has it. */
  async #read(): Promise<Held> {
    const answer = await this.#kubernetes.call('GET', api, `leases/${this.#name}`);
    if (answer.status === 404) return { version: undefined, annotations: {} };
    if (answer.status !== 200) throw unexpectedStatus(`reading Lease ${this.#name}`, answer);
    const { metadata, spec } = parse(answer.text, leaseShape, `Lease ${this.#name}`);
    const holder = spec?.holderIdentity ?? '';
    const renewed = Date.parse(spec?.renewTime ?? '');
    const ended = Number.isNaN(renewed) || renewed + (spec?.leaseDurationSeconds ?? seconds) * 1000 < Date.now();
    if (holder !== '' && holder !== this.#holder && !ended) throw new HeldByAnother(`held by ${holder}`);
    return { version: metadata.resourceVersion, annotations: metadata.annotations ?? {} };
  }

  async #write(holder: string, version: string | undefined, annotations: Readonly<Record<string, string>>): Promise<void> {
    const lease = {
      apiVersion: 'coordination.k8s.io/v1',
      kind: 'Lease',
      // the version makes two that claim at once exclude each other
      metadata: { name: this.#name, annotations, ...(version === undefined ? {} : { resourceVersion: version }) },
      spec: {
        holderIdentity: holder,
        leaseDurationSeconds: seconds,
        // MicroTime: six digits (Kubernetes API reference, "LeaseSpec")
        renewTime: new Date().toISOString().replace('Z', '000Z'),
      },
    };
    const answer =
      version === undefined
        ? await this.#kubernetes.call('POST', api, 'leases', lease)
        : await this.#kubernetes.call('PUT', api, `leases/${this.#name}`, lease);
    // 409: another one wrote it in between
    if (answer.status !== 200 && answer.status !== 201) throw unexpectedStatus(`taking Lease ${this.#name}`, answer);
    this.#annotations = annotations;
  }
}

/** Somebody else works on this Vault. */
class HeldByAnother extends NotYet {}
