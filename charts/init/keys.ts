import { type Check, integer } from '../app/checks';
import type { Problems } from '../app/problems';
import type { Custody } from './custody';
import type { VaultInitProps } from './vault-init-props';

/** How many recovery keys there are, and how many are needed. */
export interface KeySplit {
  readonly shares: number;
  readonly threshold: number;
}

/** How many places of custody there are. */
function places(props: VaultInitProps): number {
  const custody: Custody = props.custody;
  return custody.separateShares ?? 1;
}

export function keySplit(props: VaultInitProps): KeySplit {
  const shares = props.recoveryShares ?? props.pgpKeys?.length ?? places(props);
  return { shares, threshold: props.recoveryThreshold ?? (shares === 1 ? 1 : Math.floor(shares / 2) + 1) };
}

/** Vault API documentation, "/sys/init": the body of the request that initialises. */
export function initRequest(props: VaultInitProps): object {
  const { shares, threshold } = keySplit(props);
  return {
    recovery_shares: shares,
    recovery_threshold: threshold,
    ...(props.pgpKeys === undefined ? {} : { recovery_pgp_keys: props.pgpKeys }),
    ...(props.rootTokenPgpKey === undefined ? {} : { root_token_pgp_key: props.rootTokenPgpKey }),
  };
}

/** RFC 9580: a binary public key begins with a packet of type 6, in the old or the new format. */
const pgpKey: Check<string> = {
  ok: value => /^[A-Za-z0-9+/]{64,}={0,2}$/.test(value) && [0x98, 0x99, 0x9a, 0xc6].includes(Buffer.from(value, 'base64')[0] ?? 0),
  allowed: 'base64 of a binary PGP public key',
  fix: 'take the output of: gpg --export ID | base64 -w0',
};

export function checkKeys(problems: Problems, props: VaultInitProps): void {
  const { shares, threshold } = keySplit(props);
  const separate = places(props);
  for (const [index, key] of (props.pgpKeys ?? []).entries()) problems.check(`pgpKeys[${index}]`, key, pgpKey);
  problems.check('rootTokenPgpKey', props.rootTokenPgpKey, pgpKey);
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
  problems.check('recoveryThreshold', threshold, integer(least, shares, `Vault takes ${least} to ${shares} with ${shares} recovery keys`));
  if (separate > 1 && (props.rootToken === 'custody' || props.rootTokenPgpKey !== undefined)) {
    problems.refuse(
      props.rootToken === 'custody' ? 'rootToken' : 'rootTokenPgpKey',
      props.rootToken ?? props.rootTokenPgpKey,
      'custody in one secret',
      'secrets that hold a recovery key each have no place for a root token: leave it out',
    );
  }
}
