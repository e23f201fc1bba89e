import { type Kubernetes, unexpectedStatus } from '../../app/jobs/runtime/kubernetes.mts';
import { list, number, object, optional, parse, string } from '../../app/jobs/runtime/shape.mts';
import { NotYet, type Waiter } from '../../app/jobs/runtime/wait.mts';
import type { InitPlan } from '../plan.ts';

const api = 'apis/policy/v1';
const shape = object({
  metadata: object({ uid: string, ownerReferences: optional(list(object({ uid: string }))) }),
  status: optional(object({ currentHealthy: optional(number), disruptionsAllowed: optional(number) })),
});

/** The Job whose pod this is. */
export interface Owner {
  readonly name: string;
  readonly uid: string;
}

/**
 * Keeps evictions off this pod while it holds the only copy of the keys, and no longer: a budget that outlives its purpose blocks the drain of every node
 * on which a failing Job's pod comes to lie.
 */
export class DisruptionBudget {
  readonly #kubernetes: Kubernetes;
  readonly #name: string;
  readonly #budget: InitPlan['budget'];
  readonly #owner: Owner;

  constructor(kubernetes: Kubernetes, budget: InitPlan['budget'], owner: Owner) {
    this.#kubernetes = kubernetes;
    this.#name = budget.name;
    this.#budget = budget;
    this.#owner = owner;
  }

  /** Returns once no eviction is allowed. */
  async protect(waiter: Waiter): Promise<void> {
    await waiter.until(`PodDisruptionBudget ${this.#name} to be made`, () => this.#create());
    await waiter.until(`PodDisruptionBudget ${this.#name} to count this pod`, async () => {
      const status = (await this.#get())?.status;
      if (status?.currentHealthy !== 1 || status.disruptionsAllowed !== 0)
        throw new NotYet(
          `it counts ${status?.currentHealthy ?? 'no'} healthy pods and allows ${status?.disruptionsAllowed ?? 'unknown'} disruptions`,
        );
    });
  }

  /** Takes away the budget of this Job, if there is one. Another Job's may guard a pod that holds keys. */
  async release(waiter: Waiter): Promise<void> {
    await waiter.until(`PodDisruptionBudget ${this.#name} to be deleted`, async () => {
      const found = await this.#get();
      if (found?.metadata.ownerReferences?.some(({ uid }) => uid === this.#owner.uid)) await this.#delete(found.metadata.uid);
    });
  }

  async #create(): Promise<void> {
    const budget = {
      apiVersion: 'policy/v1',
      kind: 'PodDisruptionBudget',
      metadata: {
        name: this.#name,
        labels: this.#budget.labels,
        // goes with the Job
        ownerReferences: [{ apiVersion: 'batch/v1', kind: 'Job', ...this.#owner }],
      },
      // minAvailable: a Job has no scale that maxUnavailable could count from
      spec: { minAvailable: 1, selector: { matchLabels: { ...this.#budget.pods, 'batch.kubernetes.io/controller-uid': this.#owner.uid } } },
    };
    const answer = await this.#kubernetes.call('POST', api, 'poddisruptionbudgets', budget);
    if (answer.status === 201) return;
    const found = answer.status === 409 ? await this.#get() : undefined;
    if (found === undefined) throw unexpectedStatus(`creating PodDisruptionBudget ${this.#name}`, answer);
    if (found.metadata.ownerReferences?.some(({ uid }) => uid === this.#owner.uid)) return;
    // of an earlier Job: Vault is not initialised, so there was nothing that its pod could hold
    await this.#delete(found.metadata.uid);
    throw new NotYet('an earlier Job left one; it was deleted');
  }

  async #get() {
    const answer = await this.#kubernetes.call('GET', api, `poddisruptionbudgets/${this.#name}`);
    if (answer.status === 404) return undefined;
    if (answer.status !== 200) throw unexpectedStatus(`reading PodDisruptionBudget ${this.#name}`, answer);
    return parse(answer.text, shape, `PodDisruptionBudget ${this.#name}`);
  }

  async #delete(uid: string): Promise<void> {
    const answer = await this.#kubernetes.call('DELETE', api, `poddisruptionbudgets/${this.#name}`, { preconditions: { uid } });
    if (![200, 202, 404].includes(answer.status)) throw unexpectedStatus(`deleting PodDisruptionBudget ${this.#name}`, answer);
  }
}
