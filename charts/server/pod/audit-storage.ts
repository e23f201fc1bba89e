import { k8s } from '../../../imports';
import { omitUndefined } from '../../app/kubernetes/omit-undefined';
import { type Checks, listOf, oneOf } from '../../app/validation/check';
import { dnsSubdomainCheck } from '../../app/validation/names';
import type { Problems } from '../../app/validation/problems';
import { bytesCheck } from '../../app/validation/quantities';

/** A volume of its own for each server, for an audit device of type file: mounted at /vault/audit. */
export interface AuditVolumeProps {
  /** Size, as a Kubernetes quantity. A full audit volume stops the active server: leave room and rotate. */
  readonly size: string;
  /**
   * Storage class.
   * @default the cluster's default class
   */
  readonly storageClass?: string;
  /**
   * How many nodes or pods may mount a volume.
   * @default ["ReadWriteOnce"]
   */
  readonly accessModes?: readonly ('ReadWriteOnce' | 'ReadWriteOncePod')[];
  /**
   * What happens to the volumes when the StatefulSet is deleted.
   * @default "Retain"
   */
  readonly whenDeleted?: 'Retain' | 'Delete';
  /**
   * What happens to the volumes of servers that are scaled away.
   * @default "Retain"
   */
  readonly whenScaled?: 'Retain' | 'Delete';
}

const auditVolume = 'audit';
export const auditMount: k8s.VolumeMount = { name: auditVolume, mountPath: '/vault/audit' };

const checks: Checks<AuditVolumeProps> = {
  size: bytesCheck,
  storageClass: dnsSubdomainCheck,
  accessModes: listOf(oneOf('ReadWriteOnce', 'ReadWriteOncePod')),
  whenDeleted: oneOf('Retain', 'Delete'),
  whenScaled: oneOf('Retain', 'Delete'),
};

export function checkAuditStorage(problems: Problems, props: AuditVolumeProps): void {
  problems.require('auditStorage.size', props.size, checks.size);
  problems.checkAll('auditStorage', props, checks);
}

export function auditClaim(
  props: AuditVolumeProps,
): Pick<k8s.StatefulSetSpec, 'volumeClaimTemplates' | 'persistentVolumeClaimRetentionPolicy'> {
  return {
    persistentVolumeClaimRetentionPolicy: { whenDeleted: props.whenDeleted ?? 'Retain', whenScaled: props.whenScaled ?? 'Retain' },
    volumeClaimTemplates: [
      {
        metadata: { name: auditVolume },
        spec: omitUndefined({
          accessModes: [...(props.accessModes ?? ['ReadWriteOnce'])],
          resources: { requests: { storage: k8s.Quantity.fromString(props.size) } },
          storageClassName: props.storageClass,
        }),
      },
    ],
  };
}
