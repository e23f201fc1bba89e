import { k8s } from '../../../imports';
import type { Part } from '../validation/part';
import type { KnownProps, Problems } from '../validation/problems';
import { bytesCheck, quantityCheck, quantityValue } from '../validation/quantities';

/** Amounts as Kubernetes quantities. */
export interface ResourceAmounts {
  /** Cores, such as "500m". */
  readonly cpu: string;
  /** Bytes, such as "2Gi". */
  readonly memory: string;
  /** Bytes of logs, emptyDirs on disk and the container's own file system, such as "1Gi". */
  readonly ephemeralStorage: string;
}

/** What a container asks for, and what it may use at most. */
export interface ResourcesProps {
  /** What the scheduler sets aside on a node for the container. */
  readonly requests: ResourceAmounts;
  /** What the container may use. Without a cpu limit it may use what the node has left. */
  readonly limits: Omit<ResourceAmounts, 'cpu'> & Partial<Pick<ResourceAmounts, 'cpu'>>;
}

const names = ['cpu', 'memory', 'ephemeralStorage'] as const;
const known: KnownProps<ResourceAmounts> = { cpu: true, memory: true, ephemeralStorage: true };

/** Requests and limits of one container. */
export class ContainerResources implements Part {
  constructor(
    private readonly props: ResourcesProps,
    private readonly group = 'resources',
  ) {}

  /** Each amount alone, and each request against its limit. */
  validate(problems: Problems): void {
    const { group } = this;
    const { requests, limits } = this.props;
    problems.checkNames(group, this.props, { requests: true, limits: true } satisfies KnownProps<ResourcesProps>);
    problems.checkNames(`${group}.requests`, requests, known);
    problems.checkNames(`${group}.limits`, limits, known);
    for (const name of names) {
      const check = name === 'cpu' ? quantityCheck : bytesCheck;
      const good = [
        problems.require(`${group}.requests.${name}`, requests?.[name], check),
        name === 'cpu'
          ? problems.check(`${group}.limits.cpu`, limits?.cpu, check)
          : problems.require(`${group}.limits.${name}`, limits?.[name], check),
      ];
      if (good.every(Boolean) && quantityValue(requests[name]) > quantityValue(limits?.[name] ?? ''))
        problems.refuse(
          `${group}.requests.${name}`,
          requests[name],
          `at most ${group}.limits.${name} (${limits?.[name]})`,
          'raise the limit or lower the request',
        );
    }
  }

  ofContainer(): k8s.ResourceRequirements {
    const amounts = ({ cpu, memory, ephemeralStorage }: Partial<ResourceAmounts> = {}) =>
      Object.fromEntries(
        Object.entries({ cpu, memory, 'ephemeral-storage': ephemeralStorage }).flatMap(([name, amount]) =>
          amount === undefined ? [] : [[name, k8s.Quantity.fromString(amount)]],
        ),
      );
    return { requests: amounts(this.props.requests), limits: amounts(this.props.limits) };
  }
}

/** What a Job has that waits more than it works: one container with Node.js. */
export const waitingJobResources: ResourcesProps = {
  requests: { cpu: '50m', memory: '96Mi', ephemeralStorage: '64Mi' },
  limits: { memory: '192Mi', ephemeralStorage: '64Mi' },
};

/** For containers that do little: a script, a copy. */
export function smallResources(limits: Partial<ResourceAmounts> = {}): k8s.ResourceRequirements {
  return new ContainerResources({
    requests: { cpu: '10m', memory: '16Mi', ephemeralStorage: '16Mi' },
    limits: { cpu: '500m', memory: '64Mi', ephemeralStorage: '64Mi', ...limits },
  }).ofContainer();
}
