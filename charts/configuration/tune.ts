import { type Checks, listOf, matching, oneOf, textCheck } from '../app/validation/check';
import { durationCheck } from '../app/validation/durations';
import type { Problems } from '../app/validation/problems';
import type { WriteOperation } from './plan';

/** What a mount is tuned to (Vault API documentation, "/sys/mounts", "Tune mount configuration"). */
export interface TuneProps {
  /**
   * What the mount is for, as `vault secrets list` shows it.
   * @default none
   */
  readonly description?: string;
  /**
   * How long leases and tokens live where a role says nothing.
   * @default the server's (`config.defaultLeaseTtl`)
   */
  readonly defaultLeaseTtl?: string;
  /**
   * How long leases and tokens live at most.
   * @default the server's (`config.maxLeaseTtl`)
   */
  readonly maxLeaseTtl?: string;
  /**
   * Whether the login page of the UI shows it to whoever has not logged in.
   * @default "hidden"
   */
  readonly listingVisibility?: 'hidden' | 'unauth';
  /**
   * Fields of requests that audit devices write in clear. Never of those that hold a secret.
   * @default none
   */
  readonly auditNonHmacRequestKeys?: readonly string[];
  /**
   * Fields of answers that audit devices write in clear. Never of those that hold a secret.
   * @default none; of a database engine "username", so that an entry names the user whom a person was given
   */
  readonly auditNonHmacResponseKeys?: readonly string[];
}

const fieldCheck = matching(/^\w+$/, 'names of fields', 'write for example "username"');

const checks: Checks<TuneProps> = {
  description: textCheck,
  defaultLeaseTtl: durationCheck,
  maxLeaseTtl: durationCheck,
  listingVisibility: oneOf('hidden', 'unauth'),
  auditNonHmacRequestKeys: listOf(fieldCheck),
  auditNonHmacResponseKeys: listOf(fieldCheck),
};

export const checkTune = (problems: Problems, group: string, tune: TuneProps | undefined): void => problems.checkAll(group, tune, checks);

/** Everything is said, also what is default: Vault keeps what a request leaves out. */
export const tuneOperation = (at: 'sys/auth' | 'sys/mounts', path: string, tune: TuneProps = {}): WriteOperation => ({
  do: 'write',
  kind: 'tune',
  path: `${at}/${path}/tune`,
  body: {
    description: tune.description ?? '',
    default_lease_ttl: tune.defaultLeaseTtl ?? 'system',
    max_lease_ttl: tune.maxLeaseTtl ?? 'system',
    listing_visibility: tune.listingVisibility ?? 'hidden',
    audit_non_hmac_request_keys: tune.auditNonHmacRequestKeys ?? [],
    audit_non_hmac_response_keys: tune.auditNonHmacResponseKeys ?? [],
  },
});
