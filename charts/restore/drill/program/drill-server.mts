import { type Kubernetes, unexpectedStatus } from '../../../app/jobs/runtime/kubernetes.mts';
import { anything, list, number, object, optional, parse, record, string } from '../../../app/jobs/runtime/shape.mts';
import { NotYet, type Waiter } from '../../../app/jobs/runtime/wait.mts';
import type { DrillPlan } from '../plan.ts';

const scaleShape = object({ metadata: record(anything), spec: object({ replicas: optional(number) }) });
const ended = optional(object({ exitCode: number, message: optional(string) }));
const state = optional(object({ terminated: ended }));
const podsShape = object({
  items: list(
    object({
      metadata: object({ name: string }),
      status: object({
        podIP: optional(string),
        phase: optional(string),
        initContainerStatuses: optional(list(object({ name: string, state, lastState: state }))),
      }),
    }),
  ),
});

const api = 'apis/apps/v1';

/** The one Vault of a drill: a Deployment that has a pod only while a drill needs it. */
export class DrillServer {
  readonly #kubernetes: Kubernetes;
  readonly #plan: DrillPlan['server'];

  constructor(kubernetes: Kubernetes, plan: DrillPlan['server']) {
    this.#kubernetes = kubernetes;
    this.#plan = plan;
  }

  /** Returns the address of the pod once Vault's container runs; its init container may refuse. */
  async start(waiter: Waiter): Promise<string> {
    await waiter.until('the drill’s Vault to be asked for', () => this.scale(1));
    return waiter.until('the pod of the drill’s Vault', async () => {
      const [pod] = await this.#pods();
      if (pod === undefined) throw new NotYet('it is not made yet');
      for (const { name, state: now, lastState: last } of pod.status.initContainerStatuses ?? []) {
        const end = now?.terminated ?? last?.terminated;
        if (end !== undefined && end.exitCode !== 0) throw new Error(end.message?.trim() || `${name} ended with ${end.exitCode}`);
      }
      const { podIP: address, phase } = pod.status;
      if (phase !== 'Running' || address === undefined) throw new NotYet(`it is ${phase ?? 'new'}`);
      return `https://${address.includes(':') ? `[${address}]` : address}:${this.#plan.port}`;
    });
  }

  /** Returns once its pod is gone. */
  async stop(waiter: Waiter): Promise<void> {
    await waiter.until('the drill’s Vault to go', () => this.scale(0));
    await waiter.until('the pod of the drill’s Vault to be gone', async () => {
      const pods = await this.#pods();
      if (pods.length > 0) throw new NotYet(`${pods[0]?.metadata.name} is still there`);
    });
  }

  /** Asks for so many pods, and does not wait. */
  async scale(replicas: number): Promise<void> {
    const path = `deployments/${this.#plan.deployment}/scale`;
    const answer = await this.#kubernetes.call('GET', api, path);
    if (answer.status !== 200) throw unexpectedStatus(`reading the scale of ${this.#plan.deployment}`, answer);
    const scale = parse(answer.text, scaleShape, 'the scale');
    const written = await this.#kubernetes.call('PUT', api, path, {
      apiVersion: 'autoscaling/v1',
      kind: 'Scale',
      metadata: scale.metadata,
      spec: { replicas },
    });
    if (written.status !== 200) throw unexpectedStatus(`scaling ${this.#plan.deployment}`, written);
  }

  async #pods() {
    const answer = await this.#kubernetes.list('api/v1', 'pods', this.#plan.selector);
    if (answer.status !== 200) throw unexpectedStatus('listing the pods of the drill’s Vault', answer);
    return parse(answer.text, podsShape, 'the list of pods').items;
  }
}
