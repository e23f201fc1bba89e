import { type Kubernetes, unexpectedStatus } from '../../app/jobs/runtime/kubernetes.mts';
import type { Server } from '../../app/jobs/runtime/servers.mts';

/** Events of pods, which `kubectl describe` and `kubectl events` show. */
export class Events {
  readonly #kubernetes: Kubernetes;
  readonly #reporter: string;

  constructor(kubernetes: Kubernetes, reporter: string) {
    this.#kubernetes = kubernetes;
    this.#reporter = reporter;
  }

  async warn({ name, uid }: Server, message: string): Promise<void> {
    const now = new Date().toISOString();
    const { namespace } = this.#kubernetes;
    const event = {
      apiVersion: 'v1',
      kind: 'Event',
      metadata: { generateName: `${name}.`, namespace },
      involvedObject: { apiVersion: 'v1', kind: 'Pod', name, namespace, uid },
      reason: 'LockStuck',
      message,
      type: 'Warning',
      reportingComponent: 'cdk8s-vault/lock-watch',
      reportingInstance: this.#reporter,
      action: 'Deleting',
      count: 1,
      firstTimestamp: now,
      lastTimestamp: now,
    };
    const answer = await this.#kubernetes.call('POST', 'api/v1', 'events', event);
    if (answer.status !== 201) throw unexpectedStatus('writing an event', answer);
  }
}
