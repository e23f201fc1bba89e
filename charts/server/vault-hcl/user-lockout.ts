import { attributesOf, type HclBlock } from '../../app/hcl';
import { booleanCheck, type Checks, integer, oneOf } from '../../app/validation/check';
import { durationCheck } from '../../app/validation/durations';
import type { Part } from '../../app/validation/part';
import type { Problems } from '../../app/validation/problems';

/** A `user_lockout` stanza, in the terms of Vault's documentation ("User lockout"). */
export interface UserLockoutProps {
  /** The auth method that the settings are for. */
  readonly type: 'all' | 'userpass' | 'ldap' | 'approle';
  /**
   * Failed logins until a user is locked out.
   * @default 5 (Vault's)
   */
  readonly lockoutThreshold?: number;
  /**
   * How long a user stays locked out.
   * @default "15m" (Vault's)
   */
  readonly lockoutDuration?: string;
  /**
   * After what time without a failed login the count starts again.
   * @default "15m" (Vault's)
   */
  readonly lockoutCounterReset?: string;
  /**
   * Whether lockout is off: no user is ever locked out.
   * @default false (Vault's)
   */
  readonly disableLockout?: boolean;
}

const typeCheck = oneOf('all', 'userpass', 'ldap', 'approle');

const checks: Checks<Omit<UserLockoutProps, 'type'>> = {
  lockoutThreshold: integer(1),
  lockoutDuration: durationCheck,
  lockoutCounterReset: durationCheck,
  disableLockout: booleanCheck,
};

/** When users are locked out, for each type of auth method. */
export class UserLockout implements Part {
  constructor(private readonly props: readonly UserLockoutProps[] = []) {}

  validate(problems: Problems): void {
    for (const [index, stanza] of this.props.entries()) {
      problems.check(`userLockout[${index}].type`, stanza.type, typeCheck);
      problems.checkAll(`userLockout[${index}]`, stanza, checks, 'type');
      if (this.props.findIndex(other => other.type === stanza.type) < index)
        problems.refuse(`userLockout[${index}].type`, stanza.type, 'each type once', 'put the settings of one type into one entry');
    }
  }

  /** Vault reads these numbers as strings, as its documentation writes them. */
  blocks(): readonly HclBlock[] {
    return this.props.map(({ type, lockoutThreshold, ...rest }) => ({
      type: 'user_lockout',
      labels: [type],
      body: { attributes: attributesOf({ ...rest, lockoutThreshold: lockoutThreshold?.toString() }, checks) },
    }));
  }
}
