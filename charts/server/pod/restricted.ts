import type { k8s } from '../../../imports';
import type { Problems } from '../../app/validation/problems';

const fix = 'the namespace that createNamespace makes enforces Pod Security restricted, and would refuse every pod';

/** What Pod Security `restricted` wants of a container, where the pod's own security context says the rest (Kubernetes documentation, "Pod Security Standards"). */
const containerRules: readonly (readonly [string, (container: k8s.Container) => boolean])[] = [
  ['allowPrivilegeEscalation: false', ({ securityContext }) => securityContext?.allowPrivilegeEscalation === false],
  ['capabilities.drop: ["ALL"]', ({ securityContext }) => securityContext?.capabilities?.drop?.includes('ALL') ?? false],
  [
    'no capabilities.add but NET_BIND_SERVICE',
    ({ securityContext }) => (securityContext?.capabilities?.add ?? []).every(name => name === 'NET_BIND_SERVICE'),
  ],
  ['no privileged: true', ({ securityContext }) => securityContext?.privileged !== true],
  ['no runAsNonRoot: false', ({ securityContext }) => securityContext?.runAsNonRoot !== false],
  ['no runAsUser: 0', ({ securityContext }) => securityContext?.runAsUser !== 0],
  ['a seccompProfile other than Unconfined', ({ securityContext }) => securityContext?.seccompProfile?.type !== 'Unconfined'],
  ['no procMount but Default', ({ securityContext }) => (securityContext?.procMount ?? 'Default') === 'Default'],
  ['no hostPort', ({ ports }) => (ports ?? []).every(({ hostPort }) => hostPort === undefined)],
];

export function checkRestrictedContainer(problems: Problems, where: string, container: k8s.Container): void {
  const broken = containerRules.filter(([, holds]) => !holds(container)).map(([rule]) => rule);
  if (broken.length > 0) problems.refuse(where, container.securityContext ?? {}, broken.join(', '), fix);
}

const volumeTypes = ['configMap', 'csi', 'downwardApi', 'emptyDir', 'ephemeral', 'persistentVolumeClaim', 'projected', 'secret'];

export function checkRestrictedVolume(problems: Problems, volume: k8s.Volume): void {
  const types = Object.keys(volume).filter(key => key !== 'name');
  if (!types.every(type => volumeTypes.includes(type)))
    problems.refuse('volumes', volume, `volumes of type ${volumeTypes.join(', ')}`, fix);
}
