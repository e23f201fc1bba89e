import type { k8s } from '../../../imports';
import { omitUndefined } from '../../app/kubernetes/omit-undefined';
import type { Placement } from '../../app/kubernetes/placement';
import { oneOf } from '../../app/validation/check';
import type { Part } from '../../app/validation/part';
import type { Problems } from '../../app/validation/problems';
import type { ServerIdentity } from '../server-identity';

/** How servers keep off each other's nodes: as Kubernetes' scheduling terms have it, or by rules of your own. */
export type AntiAffinity = 'required' | 'preferred' | 'none' | k8s.PodAntiAffinity;

/** How servers spread over zones: the same words, or constraints of your own. */
export type ZoneSpread = 'required' | 'preferred' | 'none' | readonly k8s.TopologySpreadConstraint[];

const presets = ['required', 'preferred', 'none'] as const;
const defaultPreset = 'required';

/** Which nodes the servers run on, and how they keep apart there. */
export class Scheduling implements Part {
  private readonly antiAffinity: AntiAffinity;
  private readonly zoneSpread: ZoneSpread;

  constructor(
    private readonly server: ServerIdentity,
    private readonly placement: Placement,
    props: { readonly antiAffinity?: AntiAffinity | undefined; readonly zoneSpread?: ZoneSpread | undefined },
  ) {
    this.antiAffinity = props.antiAffinity ?? defaultPreset;
    this.zoneSpread = props.zoneSpread ?? defaultPreset;
  }

  validate(problems: Problems): void {
    if (typeof this.antiAffinity === 'string') problems.check('antiAffinity', this.antiAffinity, oneOf(...presets));
    if (typeof this.zoneSpread === 'string') problems.check('zoneSpread', this.zoneSpread, oneOf(...presets));
  }

  /** What the pod's spec says. */
  ofPod(): Partial<k8s.PodSpec> {
    return omitUndefined({
      ...this.placement.ofPod(),
      affinity: this.affinity(),
      topologySpreadConstraints: this.topologySpread()?.slice(),
    });
  }

  /** One server a node: a lost node then costs one server. */
  private affinity(): k8s.Affinity | undefined {
    const term = { labelSelector: { matchLabels: this.server.selector }, topologyKey: 'kubernetes.io/hostname' };
    switch (this.antiAffinity) {
      case 'none':
        return undefined;
      case 'required':
        return { podAntiAffinity: { requiredDuringSchedulingIgnoredDuringExecution: [term] } };
      case 'preferred':
        return { podAntiAffinity: { preferredDuringSchedulingIgnoredDuringExecution: [{ weight: 100, podAffinityTerm: term }] } };
      default:
        return { podAntiAffinity: this.antiAffinity };
    }
  }

  /** Zones whose nodes a server cannot use do not count. */
  private topologySpread(): readonly k8s.TopologySpreadConstraint[] | undefined {
    if (this.zoneSpread === 'none') return undefined;
    if (typeof this.zoneSpread !== 'string') return this.zoneSpread;
    return [
      {
        labelSelector: { matchLabels: this.server.selector },
        maxSkew: 1,
        nodeTaintsPolicy: 'Honor',
        topologyKey: 'topology.kubernetes.io/zone',
        whenUnsatisfiable: this.zoneSpread === 'required' ? 'DoNotSchedule' : 'ScheduleAnyway',
      },
    ];
  }
}
