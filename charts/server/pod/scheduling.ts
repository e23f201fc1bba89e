import type { k8s } from '../../../imports';
import type { SelectorLabels } from '../../app/kubernetes/labels';

/** How servers keep apart: presets, or the rules themselves. */
export type AntiAffinity = 'required' | 'preferred' | 'none' | k8s.PodAntiAffinity;
export type ZoneSpread = 'hard' | 'soft' | 'none' | readonly k8s.TopologySpreadConstraint[];

export const antiAffinityPresets = ['required', 'preferred', 'none'] as const;
export const zoneSpreadPresets = ['hard', 'soft', 'none'] as const;

/** One server a node: a lost node then costs one server. */
export function affinity(antiAffinity: AntiAffinity, selector: SelectorLabels): k8s.Affinity | undefined {
  const term = { labelSelector: { matchLabels: selector }, topologyKey: 'kubernetes.io/hostname' };
  switch (antiAffinity) {
    case 'none':
      return undefined;
    case 'required':
      return { podAntiAffinity: { requiredDuringSchedulingIgnoredDuringExecution: [term] } };
    case 'preferred':
      return { podAntiAffinity: { preferredDuringSchedulingIgnoredDuringExecution: [{ weight: 100, podAffinityTerm: term }] } };
    default:
      return { podAntiAffinity: antiAffinity };
  }
}

/** Servers spread over zones; zones whose nodes a server cannot use do not count. */
export function topologySpread(spread: ZoneSpread, selector: SelectorLabels): readonly k8s.TopologySpreadConstraint[] | undefined {
  if (spread === 'none') return undefined;
  if (typeof spread !== 'string') return spread;
  return [
    {
      labelSelector: { matchLabels: selector },
      maxSkew: 1,
      nodeTaintsPolicy: 'Honor',
      topologyKey: 'topology.kubernetes.io/zone',
      whenUnsatisfiable: spread === 'hard' ? 'DoNotSchedule' : 'ScheduleAnyway',
    },
  ];
}
