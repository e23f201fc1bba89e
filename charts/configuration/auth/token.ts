import { cidrCheck } from '../../app/validation/addresses';
import { booleanCheck, type Checks, integer, listOf, oneOf } from '../../app/validation/check';
import { durationCheck, durationSeconds } from '../../app/validation/durations';
import type { Problems } from '../../app/validation/problems';
import { tokenPolicyCheck } from '../names';

/** The tokens that a role gives (Vault API documentation, "Token parameters" of each auth method). */
export interface TokenProps {
  /**
   * Policies that a token has, besides those of the databases that name the role.
   * @default none
   */
  readonly tokenPolicies?: readonly string[];
  /**
   * How long a token lives until it is renewed.
   * @default "1h"
   */
  readonly tokenTtl?: string;
  /**
   * How long a token lives at most: for so long somebody who lost his right elsewhere keeps what he has.
   * @default "8h"
   */
  readonly tokenMaxTtl?: string;
  /**
   * How long a token lives at most, whatever its mount and the server say.
   * @default none
   */
  readonly tokenExplicitMaxTtl?: string;
  /**
   * Makes a token that may be renewed for ever, for so long each time.
   * @default none
   */
  readonly tokenPeriod?: string;
  /**
   * Addresses from which a login and its token are taken.
   * @default any
   */
  readonly tokenBoundCidrs?: readonly string[];
  /**
   * How often a token may be used.
   * @default without a limit
   */
  readonly tokenNumUses?: number;
  /**
   * Whether a token does without the policy "default".
   * @default false
   */
  readonly tokenNoDefaultPolicy?: boolean;
  /**
   * What kind of token: "batch" ones are kept nowhere, and can be neither revoked nor renewed.
   * @default "service"
   */
  readonly tokenType?: 'service' | 'batch';
}

export const tokenChecks: Checks<TokenProps> = {
  tokenPolicies: listOf(tokenPolicyCheck),
  tokenTtl: durationCheck,
  tokenMaxTtl: durationCheck,
  tokenExplicitMaxTtl: durationCheck,
  tokenPeriod: durationCheck,
  tokenBoundCidrs: listOf(cidrCheck),
  tokenNumUses: integer(1),
  tokenNoDefaultPolicy: booleanCheck,
  tokenType: oneOf('service', 'batch'),
};

const defaults = { tokenTtl: '1h', tokenMaxTtl: '8h' };

export function checkTokens(problems: Problems, group: string, props: TokenProps): void {
  const { tokenTtl = defaults.tokenTtl, tokenMaxTtl = defaults.tokenMaxTtl, tokenType, tokenPeriod, tokenNumUses } = props;
  if (durationCheck.ok(tokenTtl) && durationCheck.ok(tokenMaxTtl) && durationSeconds(tokenTtl) > durationSeconds(tokenMaxTtl))
    problems.refuse(`${group}.tokenTtl`, tokenTtl, `at most tokenMaxTtl (${tokenMaxTtl})`, 'lower it, or raise tokenMaxTtl');
  for (const [name, value] of Object.entries({ tokenPeriod, tokenNumUses }))
    if (tokenType === 'batch' && value !== undefined)
      problems.refuse(`${group}.${name}`, value, 'nothing with tokenType "batch"', 'leave it out: batch tokens are not kept');
}

/** Everything is said, also what is default: Vault keeps what a request leaves out. */
export const tokenBody = (props: TokenProps, policies: readonly string[]): Record<string, unknown> => ({
  token_policies: [...new Set([...(props.tokenPolicies ?? []), ...policies])],
  token_ttl: props.tokenTtl ?? defaults.tokenTtl,
  token_max_ttl: props.tokenMaxTtl ?? defaults.tokenMaxTtl,
  token_explicit_max_ttl: props.tokenExplicitMaxTtl ?? 0,
  token_period: props.tokenPeriod ?? 0,
  token_bound_cidrs: props.tokenBoundCidrs ?? [],
  token_num_uses: props.tokenNumUses ?? 0,
  token_no_default_policy: props.tokenNoDefaultPolicy ?? false,
  token_type: props.tokenType ?? 'service',
});
