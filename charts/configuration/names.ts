import { type Check, matching } from '../app/validation/check';

/** Names of roles, policies and groups: what Vault's paths take as one word, and its lists show as it was written (Vault keeps policies in lower case). */
export const vaultNameCheck = matching(
  /^[a-z0-9]([a-z0-9_.-]{0,126}[a-z0-9])?$/,
  '1 to 128 characters of a-z, 0-9 and "-_.", starting and ending with a letter or digit',
  'write for example "orders-readonly"',
);

/** Where something is mounted. */
export const mountPathCheck = matching(
  /^[a-z0-9][a-z0-9_-]*(\/[a-z0-9][a-z0-9_-]*)*$/,
  'paths of a-z, 0-9, "-", "_" and "/", without a slash at either end',
  'write for example "aws-people"',
);

/** A path of Vault's API. */
export const apiPathCheck = matching(
  /^(?!\/|v1\/)[\w.:@+-]+(\/[\w.:@+-]+)*$/,
  'paths of the API, without "/v1/"',
  'write for example "sys/quotas/rate-limit/global"',
);

/** A policy that a token may have. */
export const tokenPolicyCheck: Check<string> = {
  ...vaultNameCheck,
  ok: value => vaultNameCheck.ok(value) && value !== 'root',
  allowed: `${vaultNameCheck.allowed}; not "root"`,
};

/** A name that the configuration itself defines; `what` says of what, in the plural. */
export const definedName = (what: string, names: readonly string[]): Check<string> => ({
  ok: value => names.includes(value),
  allowed: `${what}: ${names.map(name => JSON.stringify(name)).join(', ') || 'there are none'}`,
  fix: 'write one that stands here, or add it',
});
