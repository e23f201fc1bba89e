import { type Check, dnsSubdomain, matching, oneOf } from '../app/checks';
import type { Problems } from '../app/problems';
import type { MemoryLock } from './memory-lock';

/** Which Vault runs. */
export interface VaultImageProps {
  /**
   * The repository, with its registry where it is not Docker Hub.
   * @default "hashicorp/vault"
   */
  readonly repository?: string;
  /**
   * An exact version; in a repository of your own any tag that does not move. "latest" and the eight tags whose binary or entry point cannot run here are refused.
   * @default "1.21.7", unless a digest is given
   */
  readonly tag?: string;
  /**
   * The digest of the image, "sha256:...". Wins over the tag, which then only tells people the version.
   * @default none
   */
  readonly digest?: string;
  /**
   * When the node pulls the image.
   * @default "IfNotPresent"
   */
  readonly pullPolicy?: 'Always' | 'IfNotPresent' | 'Never';
  /**
   * Names of Secrets with the registry's credentials, in the same namespace.
   * @default none
   */
  readonly pullSecrets?: readonly string[];
}

const officialRepository = 'hashicorp/vault';
const defaultTag = '1.21.7';

/** Vault issues 31919, 31970 and 31977: the first of each line dies in its entry point, the second carries a file capability that its users cannot exec without. */
const brokenTags = ['1.19.16', '1.20.10', '1.21.5', '2.0.0', '1.19.17', '1.20.11', '1.21.6', '2.0.1'];

const repository: Check<string> = matching(
  /^([a-zA-Z0-9.-]+(:\d+)?\/)?[a-z0-9]+([._/-][a-z0-9]+)*$/,
  'image repositories without tag or digest',
  'write for example "123456789012.dkr.ecr.us-east-1.amazonaws.com/vault"',
);

/** HashiCorp's tags. */
const exactVersion = matching(
  /^\d+\.\d+\.\d+(-[\w.-]{1,100})?$/,
  'exact versions: pods that restart must not change theirs',
  'write for example "1.21.7"',
);

/** Tags of other repositories have their own form; those that everybody moves are refused. */
const fixedTag: Check<string> = {
  ok: tag => /^\w[\w.-]{0,127}$/.test(tag) && tag !== 'latest' && !/^v?\d+(\.\d+)?$/.test(tag),
  allowed: 'tags that stay where they are: pods that restart must not change theirs',
  fix: 'write for example "1.21.7"',
};

export function checkImage(problems: Problems, props: VaultImageProps, memoryLock: MemoryLock): void {
  problems.check('image.repository', props.repository, repository);
  problems.check('image.tag', props.tag, props.repository === undefined && props.digest === undefined ? exactVersion : fixedTag);
  problems.check(
    'image.digest',
    props.digest,
    matching(/^sha256:[0-9a-f]{64}$/, '"sha256:" and 64 hex digits', 'take it from the registry'),
  );
  problems.check('image.pullPolicy', props.pullPolicy, oneOf('Always', 'IfNotPresent', 'Never'));
  for (const [index, secret] of (props.pullSecrets ?? []).entries()) problems.check(`image.pullSecrets[${index}]`, secret, dnsSubdomain);
  const version = props.tag?.replace(/^v/, '').replace(/-ubi$/, '') ?? '';
  if (brokenTags.includes(version)) {
    problems.refuse(
      'image.tag',
      props.tag,
      'tags without the faults of Vault issues 31919 and 31977',
      `take the next patch release: ${nextPatch(version)}`,
    );
  }
  if (/(^|[-.+])ent\b/.test(props.tag ?? '') || /vault-enterprise$/.test(props.repository ?? '')) {
    problems.refuse('image', props, 'the Community edition', 'Enterprise supports neither this storage nor is it supported here');
  }
  if (memoryLock === 'image-capability' && (props.repository ?? officialRepository).endsWith(officialRepository)) {
    problems.refuse(
      'memoryLock',
      memoryLock,
      'only with an image of yours whose vault binary carries cap_ipc_lock',
      `set image.repository, or use "file-capability": no supported tag of ${officialRepository} carries it`,
    );
  }
}

const nextPatch = (version: string): string => {
  const line = version.split('.').slice(0, 2).join('.');
  return ({ '1.19': '1.19.18', '1.20': '1.20.12', '1.21': '1.21.7', '2.0': '2.0.2' } as Record<string, string>)[line] ?? '';
};

export function imageReference(props: VaultImageProps): string {
  const tag = props.tag ?? (props.digest === undefined ? defaultTag : undefined);
  return `${props.repository ?? officialRepository}${tag === undefined ? '' : `:${tag}`}${props.digest === undefined ? '' : `@${props.digest}`}`;
}
