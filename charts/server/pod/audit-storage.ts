import { k8s } from '../../../imports';
import { omitUndefined } from '../../app/kubernetes/omit-undefined';
import { type Checks, listOf, oneOf } from '../../app/validation/check';
import { dnsSubdomainCheck } from '../../app/validation/names';
import type { Part } from '../../app/validation/part';
import type { Problems } from '../../app/validation/problems';
import { bytesCheck } from '../../app/validation/quantities';

/** A volume of its own for each server, for an audit device of type file: mounted at /vault/audit. */
export interface AuditVolumeProps {
  /** Size of each volume, as a Kubernetes quantity. A full audit volume stops the active server: leave room and rotate. */
  readonly size: string;
  /**
   * The StorageClass that provisions the volumes.
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
const mountPath = '/vault/audit';

const checks: Checks<AuditVolumeProps> = {
  size: bytesCheck,
  storageClass: dnsSubdomainCheck,
  accessModes: listOf(oneOf('ReadWriteOnce', 'ReadWriteOncePod')),
  whenDeleted: oneOf('Retain', 'Delete'),
  whenScaled: oneOf('Retain', 'Delete'),
};

/** Where audit devices of type file write: a volume that the StatefulSet claims for each server, or nowhere. */
export class AuditStorage implements Part {
  constructor(private readonly props: AuditVolumeProps | 'stdout' = 'stdout') {}

  validate(problems: Problems): void {
    const { props } = this;
    if (!problems.isGroup('auditStorage', props, 'stdout')) return;
    problems.require('auditStorage.size', props.size, checks.size);
    problems.checkAll('auditStorage', props, checks);
  }

  /** Where the server's container sees its volume. */
  get mounts(): readonly k8s.VolumeMount[] {
    return this.props === 'stdout' ? [] : [{ name: auditVolume, mountPath }];
  }

  /** What the StatefulSet says of the volumes. */
  get claims(): Pick<k8s.StatefulSetSpec, 'volumeClaimTemplates' | 'persistentVolumeClaimRetentionPolicy'> {
    if (this.props === 'stdout') return {};
    const { size, storageClass, accessModes = ['ReadWriteOnce'], whenDeleted = 'Retain', whenScaled = 'Retain' } = this.props;
    const spec = omitUndefined({
      accessModes: [...accessModes],
      resources: { requests: { storage: k8s.Quantity.fromString(size) } },
      storageClassName: storageClass,
    });
    return {
      persistentVolumeClaimRetentionPolicy: { whenDeleted, whenScaled },
      volumeClaimTemplates: [{ metadata: { name: auditVolume }, spec }],
    };
  }
}
