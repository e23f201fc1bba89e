import type { ImageProps } from '../../app/kubernetes/images';
import { type Check, matching } from '../../app/validation/check';
import type { Problems } from '../../app/validation/problems';
import type { MemoryLock } from './memory-lock';

const officialRepository = 'hashicorp/vault';

/** Vault issues 31919, 31970 and 31977: the first of each line dies in its entry point, the second carries a file capability that its users cannot exec without. */
const brokenTags = ['1.19.16', '1.20.10', '1.21.5', '2.0.0', '1.19.17', '1.20.11', '1.21.6', '2.0.1'];

/** HashiCorp's tags. */
const exactVersion: Check<string> = matching(
  /^\d+\.\d+\.\d+(-[\w.-]{1,100})?$/,
  'exact versions: pods that restart must not change theirs',
  'write for example "1.21.7"',
);

/** What holds of Vault's image alone. */
export function checkVaultImage(problems: Problems, props: ImageProps, memoryLock: MemoryLock): void {
  if (props.repository === undefined && props.digest === undefined) problems.check('images.vault.tag', props.tag, exactVersion);
  const version = props.tag?.replace(/^v/, '').replace(/-ubi$/, '') ?? '';
  if (brokenTags.includes(version)) {
    problems.refuse(
      'images.vault.tag',
      props.tag,
      'tags without the faults of Vault issues 31919 and 31977',
      `take the next patch release: ${nextPatch(version)}`,
    );
  }
  if (/(^|[-.+])ent\b/.test(props.tag ?? '') || /vault-enterprise$/.test(props.repository ?? '')) {
    problems.refuse('images.vault', props, 'the Community edition', 'Enterprise supports neither this storage nor is it supported here');
  }
  if (memoryLock === 'image-capability' && (props.repository ?? officialRepository).endsWith(officialRepository)) {
    problems.refuse(
      'memoryLock',
      memoryLock,
      'only with an image of yours whose vault binary carries cap_ipc_lock',
      `set images.vault.repository, or use "file-capability": no supported tag of ${officialRepository} carries it`,
    );
  }
}

const nextPatch = (version: string): string => {
  const line = version.split('.').slice(0, 2).join('.');
  return ({ '1.19': '1.19.18', '1.20': '1.20.12', '1.21': '1.21.7', '2.0': '2.0.2' } as Record<string, string>)[line] ?? '';
};
