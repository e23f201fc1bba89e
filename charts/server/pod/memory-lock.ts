import { k8s } from '../../../imports';
import type { Images } from '../../app/kubernetes/images';
import { smallResources } from '../../app/kubernetes/resources';
import { unprivileged } from '../../app/kubernetes/security';

/**
 * How memory is kept from swap, and what that costs (Vault documentation, `disable_mlock`).
 *
 * - `file-capability`: init containers put a copy of the binary with cap_ipc_lock on a memory volume and the server runs it with IPC_LOCK added.
 *   Memory is locked. The namespace cannot enforce a Pod Security level.
 * - `image-capability`: your own image's binary carries cap_ipc_lock; IPC_LOCK is added. Memory is locked. No Pod Security level either.
 * - `node-limit`: nothing is added; memory is locked where the node's runtime gives an unlimited RLIMIT_MEMLOCK, else Vault does not start.
 * - `off`: `disable_mlock = true`. Passes Pod Security `restricted`. Right where nodes have no swap.
 */
export type MemoryLock = 'file-capability' | 'image-capability' | 'node-limit' | 'off';

export const defaultMemoryLock: MemoryLock = 'file-capability';
export const memoryLocks: readonly MemoryLock[] = ['file-capability', 'image-capability', 'node-limit', 'off'];

export const addsIpcLock = (lock: MemoryLock): boolean => lock === 'file-capability' || lock === 'image-capability';

const binaryVolume = 'vault-binary';
const binaryDirectory = '/vault/bin';

/** What a memory lock adds to the server's pod. */
export interface MemoryLockParts {
  /** Executed directly: a shell in between would lose the file capability. */
  readonly binary: string;
  readonly capabilities: k8s.Capabilities;
  readonly initContainers: readonly k8s.Container[];
  readonly volumes: readonly k8s.Volume[];
  readonly volumeMounts: readonly k8s.VolumeMount[];
}

export function memoryLockParts(lock: MemoryLock, images: Images): MemoryLockParts {
  const capabilities = { drop: ['ALL'], ...(addsIpcLock(lock) ? { add: ['IPC_LOCK'] } : {}) };
  if (lock !== 'file-capability') return { binary: 'vault', capabilities, initContainers: [], volumes: [], volumeMounts: [] };
  return {
    binary: `${binaryDirectory}/vault`,
    capabilities,
    // memory, not disk: nodes such as Bottlerocket mount the disk under emptyDirs nosuid, where file capabilities do nothing
    volumes: [{ name: binaryVolume, emptyDir: { medium: 'Memory', sizeLimit: k8s.Quantity.fromString('1Gi') } }],
    volumeMounts: [{ name: binaryVolume, mountPath: binaryDirectory, readOnly: true }],
    initContainers: [
      {
        name: 'copy-vault',
        ...images.vault,
        command: ['cp', '/bin/vault', `${binaryDirectory}/vault`],
        // what it writes to the memory volume counts as its memory
        resources: smallResources({ memory: '1Gi' }),
        securityContext: unprivileged(),
        volumeMounts: [{ name: binaryVolume, mountPath: binaryDirectory }],
      },
      {
        name: 'lock-memory',
        ...images.tools,
        command: ['bash', '/vault/config/lock-memory.sh', binaryDirectory],
        resources: smallResources(),
        securityContext: { ...unprivileged({ add: ['SETFCAP'] }), runAsNonRoot: false, runAsUser: 0 },
        volumeMounts: [
          { name: binaryVolume, mountPath: binaryDirectory },
          { name: 'config', mountPath: '/vault/config', readOnly: true },
        ],
      },
    ],
  };
}
