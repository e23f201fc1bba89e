import { k8s } from '../../imports';

/** Amounts as Kubernetes quantities, such as cpu "500m", memory "2Gi". */
export interface ResourceAmounts {
  readonly cpu: string;
  readonly memory: string;
  readonly ephemeralStorage: string;
}

export interface ResourcesProps {
  readonly requests: ResourceAmounts;
  /** Without a cpu limit the container may use what the node has left. */
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
