import type { Answer } from '../../app/jobs/runtime/https.mts';
import { type Kubernetes, unexpectedStatus } from '../../app/jobs/runtime/kubernetes.mts';
import { object, optional, parse, string } from '../../app/jobs/runtime/shape.mts';
import { canary, custodyText } from './answer.mts';
import type { Custody, Holding } from './custody.mts';

/** A Secret of the Job's namespace, for trials. Creates, never reads: a dry run tells whether it is there (201, or 409 AlreadyExists). */
export class KubernetesSecretCustody implements Custody {
  readonly name: string;
  readonly rootTokenPlace: string;
  readonly #kubernetes: Kubernetes;
  readonly #secret: string;

  constructor(kubernetes: Kubernetes, secret: string) {
    this.#kubernetes = kubernetes;
    this.#secret = secret;
    this.name = `custody (Secret ${secret})`;
    this.rootTokenPlace = `in Secret ${secret}`;
  }

  get identityEnds(): Date | undefined {
    return this.#kubernetes.tokenEnds;
  }

  async holds(): Promise<Holding> {
    const answer = await this.#create('', '?dryRun=All');
    if (answer.status === 201) return 'none';
    if (alreadyExists(answer)) return 'all';
    throw unexpectedStatus(`a dry run of creating Secret ${this.#secret}`, answer);
  }

  async prove(largest: number): Promise<void> {
    const answer = await this.#create(canary(largest), '?dryRun=All');
    if (answer.status !== 201) throw unexpectedStatus(`a dry run of creating Secret ${this.#secret}`, answer);
  }

  async store(answer: string): Promise<string> {
    const created = await this.#create(custodyText(answer), '');
    // it exists where an answer was lost: nobody had it a moment ago, and this Job alone makes it
    if (created.status !== 201 && !alreadyExists(created)) throw unexpectedStatus(`creating Secret ${this.#secret}`, created);
    return `Secret ${this.#secret}, immutable`;
  }

  #create(text: string, query: string): Promise<Answer> {
    const secret = {
      apiVersion: 'v1',
      kind: 'Secret',
      immutable: true,
      metadata: { name: this.#secret },
      stringData: { 'answer.json': text },
    };
    return this.#kubernetes.call('POST', 'api/v1', `secrets${query}`, secret);
  }
}

const reason = object({ reason: optional(string) });

/** 409 alone says nothing: a quota that is being counted answers so too, and nothing was made (Kubernetes issue 67761). */
const alreadyExists = ({ status, text }: Answer): boolean =>
  status === 409 && parse(text, reason, 'the answer of Kubernetes').reason === 'AlreadyExists';
