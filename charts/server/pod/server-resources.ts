import type { k8s } from '../../../imports';
import { ContainerResources, type ResourcesProps } from '../../app/kubernetes/resources';
import type { Part } from '../../app/validation/part';
import type { Problems } from '../../app/validation/problems';
import { bytesCheck, quantityValue } from '../../app/validation/quantities';
import type { LockedMemory } from './memory-lock';

/** Locked memory is resident from the start: 450 MB, and the locked copy of the binary lies in memory as well. */
const defaults = (locked: boolean): ResourcesProps => ({
  requests: { cpu: '250m', memory: locked ? '1Gi' : '256Mi', ephemeralStorage: '128Mi' },
  limits: { cpu: '2', memory: locked ? '2Gi' : '1Gi', ephemeralStorage: '1Gi' },
});

/** Requests and limits of the server's container. */
export class ServerResources implements Part {
  private readonly requestedMemory: string;
  private readonly resources: ContainerResources;

  constructor(
    props: ResourcesProps | undefined,
    private readonly memory: LockedMemory,
  ) {
    const values = props ?? defaults(memory.lock !== 'off');
    this.requestedMemory = values.requests?.memory;
    this.resources = new ContainerResources(values);
  }

  validate(problems: Problems): void {
    const { lock } = this.memory;
    const memory = this.requestedMemory;
    this.resources.validate(problems);
    if (lock !== 'off' && bytesCheck.ok(memory) && quantityValue(memory) < 450e6)
      problems.refuse(
        'resources.requests.memory',
        memory,
        `450M or more with memoryLock "${lock}"`,
        'locked memory is resident from the start: request 1Gi, or set memoryLock "off"',
      );
  }

  ofContainer(): k8s.ResourceRequirements {
    return this.resources.ofContainer();
  }
}
