import { k8s } from '../../../imports';
import type { Images } from '../../app/kubernetes/images';
import { smallResources } from '../../app/kubernetes/resources';
import { unprivileged } from '../../app/kubernetes/security';
import { sourceFile } from '../../app/kustomize/source-file';
import { oneOf } from '../../app/validation/check';
import type { Part } from '../../app/validation/part';
import type { Problems } from '../../app/validation/problems';
import { officialRepository, type VaultImage } from './vault-image';

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

const defaultMemoryLock: MemoryLock = 'file-capability';
const memoryLocks: readonly MemoryLock[] = ['file-capability', 'image-capability', 'node-limit', 'off'];

const script = sourceFile('server/pod/lock-memory.sh');
const volume = 'vault-binary';
const directory = '/vault/bin';

/** How the server's memory is locked, and what that adds to its pod. */
export class LockedMemory implements Part {
  readonly lock: MemoryLock;

  constructor(
    lock: MemoryLock | undefined,
    private readonly images: Images,
    private readonly image: VaultImage,
  ) {
    this.lock = lock ?? defaultMemoryLock;
  }

  get addsIpcLock(): boolean {
    return this.lock === 'file-capability' || this.lock === 'image-capability';
  }

  validate(problems: Problems): void {
    problems.check('memoryLock', this.lock, oneOf(...memoryLocks));
    if (this.lock === 'image-capability' && this.image.isOfficial)
      problems.refuse(
        'memoryLock',
        this.lock,
        'only with an image of yours whose vault binary carries cap_ipc_lock',
        `set images.vault.repository, or use "file-capability": no supported tag of ${officialRepository} carries it`,
      );
  }

  /** Executed directly: a shell in between would lose the file capability. */
  get binary(): string {
    return this.lock === 'file-capability' ? `${directory}/vault` : 'vault';
  }

  get capabilities(): k8s.Capabilities {
    return { drop: ['ALL'], ...(this.addsIpcLock ? { add: ['IPC_LOCK'] } : {}) };
  }

  /** Files beside vault.hcl. */
  get files(): Readonly<Record<string, string>> {
    return this.lock === 'file-capability' ? { 'lock-memory.sh': script } : {};
  }

  get volumes(): readonly k8s.Volume[] {
    if (this.lock !== 'file-capability') return [];
    // memory, not disk: nodes such as Bottlerocket mount the disk under emptyDirs nosuid, where file capabilities do nothing
    return [{ name: volume, emptyDir: { medium: 'Memory', sizeLimit: k8s.Quantity.fromString('1Gi') } }];
  }

  get volumeMounts(): readonly k8s.VolumeMount[] {
    return this.lock === 'file-capability' ? [{ name: volume, mountPath: directory, readOnly: true }] : [];
  }

  /** They copy the binary and give the copy its capability. */
  get initContainers(): readonly k8s.Container[] {
    if (this.lock !== 'file-capability') return [];
    const writable = { name: volume, mountPath: directory };
    return [
      {
        name: 'copy-vault',
        ...this.images.vault,
        command: ['cp', '/bin/vault', `${directory}/vault`],
        // what it writes to the memory volume counts as its memory
        resources: smallResources({ memory: '1Gi' }),
        securityContext: unprivileged(),
        volumeMounts: [writable],
      },
      {
        name: 'lock-memory',
        ...this.images.tools,
        command: ['bash', '/vault/config/lock-memory.sh', directory],
        resources: smallResources(),
        securityContext: { ...unprivileged({ add: ['SETFCAP'] }), runAsNonRoot: false, runAsUser: 0 },
        volumeMounts: [writable, { name: 'config', mountPath: '/vault/config', readOnly: true }],
      },
    ];
  }
}
