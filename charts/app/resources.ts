import { k8s } from '../../imports';

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
  /** What the scheduler sets aside. */
  readonly requests: ResourceAmounts;
  /** What the container may use. Without a cpu limit it may use what the node has left. */
  readonly limits: Omit<ResourceAmounts, 'cpu'> & Partial<Pick<ResourceAmounts, 'cpu'>>;
}

export function containerResources(props: ResourcesProps): k8s.ResourceRequirements {
  const amounts = ({ cpu, memory, ephemeralStorage }: Partial<ResourceAmounts>) =>
    Object.fromEntries(
      Object.entries({ cpu, memory, 'ephemeral-storage': ephemeralStorage }).flatMap(([name, amount]) =>
        amount === undefined ? [] : [[name, k8s.Quantity.fromString(amount)]],
      ),
    );
  return { requests: amounts(props.requests), limits: amounts(props.limits) };
}

/** For containers that do little: a script, a copy. */
export function smallResources(limits: Partial<ResourceAmounts> = {}): k8s.ResourceRequirements {
  return containerResources({
    requests: { cpu: '10m', memory: '16Mi', ephemeralStorage: '16Mi' },
    limits: { cpu: '500m', memory: '64Mi', ephemeralStorage: '64Mi', ...limits },
  });
}
