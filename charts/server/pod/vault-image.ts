import type { ImageProps } from '../../app/kubernetes/images';
import { type Check, matching } from '../../app/validation/check';
import type { Part } from '../../app/validation/part';
import type { Problems } from '../../app/validation/problems';

export const officialRepository = 'hashicorp/vault';

/** Vault issues 31919, 31970 and 31977: the first of each line dies in its entry point, the second carries a file capability that its users cannot exec without. */
const brokenTags = ['1.19.16', '1.20.10', '1.21.5', '2.0.0', '1.19.17', '1.20.11', '1.21.6', '2.0.1'];

/** HashiCorp's tags. */
const exactVersionCheck: Check<string> = matching(
  /^\d+\.\d+\.\d+(-[\w.-]{1,100})?$/,
  'exact versions: pods that restart must not change theirs',
  'write for example "1.21.7"',
);

/** Vault's own image: what holds of no other. */
export class VaultImage implements Part {
  constructor(private readonly props: ImageProps = {}) {}

  get isOfficial(): boolean {
    return (this.props.repository ?? officialRepository).endsWith(officialRepository);
  }

  validate(problems: Problems): void {
    const { repository, tag, digest } = this.props;
    if (repository === undefined && digest === undefined) problems.check('images.vault.tag', tag, exactVersionCheck);
    const version = tag?.replace(/^v/, '').replace(/-ubi$/, '') ?? '';
    if (brokenTags.includes(version))
      problems.refuse(
        'images.vault.tag',
        tag,
        'tags without the faults of Vault issues 31919 and 31977',
        `take the next patch release: ${nextPatch(version)}`,
      );
    if (/(^|[-.+])ent\b/.test(tag ?? '') || /vault-enterprise$/.test(repository ?? ''))
      problems.refuse(
        'images.vault',
        this.props,
        'the Community edition',
        'Enterprise supports neither this storage nor is it supported here',
      );
  }
}

const nextPatch = (version: string): string => {
  const line = version.split('.').slice(0, 2).join('.');
  return ({ '1.19': '1.19.18', '1.20': '1.20.12', '1.21': '1.21.7', '2.0': '2.0.2' } as Record<string, string>)[line] ?? '';
};
