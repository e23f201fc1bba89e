import { omitUndefined } from '../app/kubernetes/omit-undefined';
import { type Check, integer } from '../app/validation/check';
import type { Part } from '../app/validation/part';
import type { Problems } from '../app/validation/problems';
import type { CustodyPlace } from './custody/place';
import { ciphertextBytes, pgpKeyCheck } from './pgp-key';
import type { VaultInitProps } from './vault-init-props';

const base64 = (bytes: number): number => Math.ceil(bytes / 3) * 4;

const notEmptyCheck: Check<readonly string[]> = {
  ok: keys => keys.length > 0,
  allowed: 'one PGP key for each recovery key',
  fix: 'name the keys, or leave pgpKeys out for keys in clear in a place of custody that is not the log',
};

/** The recovery keys: how many there are, and how they come out. */
export class RecoveryKeys implements Part {
  readonly shares: number;
  readonly threshold: number;

  constructor(private readonly props: VaultInitProps) {
    this.shares = props.recoveryShares ?? props.pgpKeys?.length ?? this.separatePlaces;
    this.threshold = props.recoveryThreshold ?? (this.shares === 1 ? 1 : Math.floor(this.shares / 2) + 1);
  }

  validate(problems: Problems): void {
    const { props, shares, threshold } = this;
    const separate = this.separatePlaces;
    const { kind }: CustodyPlace = props.custody;
    for (const [index, key] of (props.pgpKeys ?? []).entries()) {
      if (problems.require(`pgpKeys[${index}]`, key, pgpKeyCheck) && props.pgpKeys?.indexOf(key) !== index)
        problems.refuse(
          `pgpKeys[${index}]`,
          key,
          'each PGP key once',
          'name the key of another holder: one that decrypts two shares splits nothing',
        );
    }
    // an unset environment variable behind a "!" would bring the root token out in clear
    if ('rootTokenPgpKey' in props || kind === 'log') problems.require('rootTokenPgpKey', props.rootTokenPgpKey, pgpKeyCheck);
    if ('pgpKeys' in props || kind === 'log') problems.require('pgpKeys', props.pgpKeys, notEmptyCheck);
    // Vault takes a byte's worth of shares
    if (!problems.check('recoveryShares', shares, integer(1, 255))) return;
    if (props.pgpKeys !== undefined && props.pgpKeys.length !== shares)
      problems.refuse('recoveryShares', shares, `the number of pgpKeys, ${props.pgpKeys.length}`, 'leave it out: one for each PGP key');
    else if (separate > 1 && separate !== shares)
      problems.refuse('recoveryShares', shares, `the number of secrets in custody, ${separate}`, 'leave it out: one for each secret');
    else if (shares > 1 && separate === 1 && props.pgpKeys === undefined)
      problems.refuse(
        'recoveryShares',
        shares,
        '1 where all lie in one place',
        'shares in one place split nothing: name pgpKeys, or one secret for each',
      );
    const least = shares === 1 ? 1 : 2;
    problems.check(
      'recoveryThreshold',
      threshold,
      integer(least, shares, `Vault takes ${least} to ${shares} with ${shares} recovery keys`),
    );
    if (separate > 1 && (props.rootToken === 'custody' || props.rootTokenPgpKey !== undefined)) {
      problems.refuse(
        props.rootToken === 'custody' ? 'rootToken' : 'rootTokenPgpKey',
        props.rootToken ?? props.rootTokenPgpKey,
        'custody in one secret',
        'secrets that hold a recovery key each have no place for a root token: leave it out',
      );
    }
  }

  /** Vault API documentation, "/sys/init": the body of the request that initialises. */
  get request(): object {
    const { pgpKeys, rootTokenPgpKey } = this.props;
    return {
      recovery_shares: this.shares,
      recovery_threshold: this.threshold,
      ...omitUndefined({ recovery_pgp_keys: pgpKeys, root_token_pgp_key: rootTokenPgpKey }),
    };
  }

  /** Bytes of the longest answer that the initialisation may give, as custody holds it: known before there are keys, so that custody can be tried. */
  get largestAnswer(): number {
    const { pgpKeys, rootTokenPgpKey } = this.props;
    const clear = { key: base64(33), token: 128 };
    // quotes and a comma each
    const bytes = (key: number): number => key + 3;
    const keys = pgpKeys?.reduce((sum, key) => sum + bytes(base64(ciphertextBytes(key))), 0) ?? this.shares * bytes(clear.key);
    const token = rootTokenPgpKey === undefined ? clear.token : base64(ciphertextBytes(rootTokenPgpKey));
    // the names and the braces
    return keys + token + 64;
  }

  /** How many places take a key each. */
  private get separatePlaces(): number {
    const custody: CustodyPlace = this.props.custody;
    return custody.separateShares ?? 1;
  }
}
