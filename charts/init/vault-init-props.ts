import type { OutboundProps } from '../app/jobs/outbound';
import type { ResourcesProps } from '../app/kubernetes/resources';
import type { IVault } from '../app/vault';
import type { AdminProps } from './admin';
import type { ClosedCustodyPlace, CustodyPlace } from './custody/place';

/** What every init Job may be told. */
export interface InitJobProps {
  /** The Vault to initialise; it must unseal by itself. */
  readonly vault: IVault;
  /**
   * How many recovery keys there are. More than one only where each goes to a place of its own: to a PGP key, or to a secret.
   * @default one for each PGP key, or for each secret of custody, else 1
   */
  readonly recoveryShares?: number;
  /**
   * How many recovery keys are needed together; at least 2 where there are more.
   * @default more than half of them
   */
  readonly recoveryThreshold?: number;
  /**
   * Whether a Vault that is initialised while custody holds nothing is taken as it is: its keys are held elsewhere. One that is not initialised is another
   * one then, and left alone.
   * @default false
   */
  readonly adopt?: boolean;
  /**
   * The Job's IAM role: its name, or its ARN in the same account.
   * @default "<name>-init"
   */
  readonly role?: string;
  /**
   * Requests and limits of the Job's container. Equal ones make the pod Guaranteed: a node under pressure evicts others first.
   * @default 250m cpu, 192Mi memory and 64Mi ephemeral storage, requested and at most
   */
  readonly resources?: ResourcesProps;
  /**
   * How the Job reaches AWS: through a proxy, with further authorities.
   * @default directly
   */
  readonly outbound?: OutboundProps;
}

/** The Job makes an admin path with the root token. */
export interface RevokedRootProps extends InitJobProps {
  /** Where the recovery keys go. */
  readonly custody: ClosedCustodyPlace;
  /**
   * What becomes of the root token: revoked once the admin path works, or kept alive in custody beside the recovery keys.
   * @default "revoke"
   */
  readonly rootToken?: 'revoke' | 'custody';
  /**
   * How the configuration Job, and people, log in once the root token is revoked.
   * @default Kubernetes auth for the ServiceAccount of the configuration Job
   */
  readonly admin?: AdminProps;
  /**
   * PGP keys, one for each recovery key, as base64 of the binary key (`gpg --export ID | base64 -w0`): the recovery keys come out encrypted to them.
   * @default none, the recovery keys come out clear
   */
  readonly pgpKeys?: readonly string[];
  readonly rootTokenPgpKey?: never;
}

/** The root token comes out encrypted: the Job cannot use it, so it makes no admin path and revokes nothing. */
export interface EncryptedRootProps extends InitJobProps {
  /** Where the recovery keys go; the log only with `pgpKeys`. */
  readonly custody: ClosedCustodyPlace;
  /** The PGP key that the root token is encrypted to, as base64 of the binary key. Its holder makes the way in, and revokes it. */
  readonly rootTokenPgpKey: string;
  /**
   * PGP keys, one for each recovery key, as base64 of the binary key (`gpg --export ID | base64 -w0`).
   * @default none, the recovery keys come out clear
   */
  readonly pgpKeys?: readonly string[];
  readonly rootToken?: never;
  readonly admin?: never;
}

/** Everything comes out encrypted, so that even the log may hold it. */
export interface EncryptedProps extends InitJobProps {
  /** Where the ciphertext goes. */
  readonly custody: CustodyPlace;
  /** The PGP key that the root token is encrypted to, as base64 of the binary key. Its holder makes the way in, and revokes it. */
  readonly rootTokenPgpKey: string;
  /** PGP keys, one for each recovery key, as base64 of the binary key (`gpg --export ID | base64 -w0`). */
  readonly pgpKeys: readonly string[];
  readonly rootToken?: never;
  readonly admin?: never;
}

/** A Job that initialises a Vault once and brings its recovery keys into custody. */
export type VaultInitProps = RevokedRootProps | EncryptedRootProps | EncryptedProps;
