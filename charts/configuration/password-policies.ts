import { renderHcl } from '../app/hcl';
import { type Checks, integer, string } from '../app/validation/check';
import type { Part } from '../app/validation/part';
import type { Problems } from '../app/validation/problems';
import { vaultNameCheck } from './names';
import type { WriteOperation } from './plan';

/** Passwords that Vault makes (Vault documentation, "Password policies"). */
export interface PasswordPolicy {
  /** How many characters a password has. */
  readonly length: number;
  /** Characters that are taken, and how many of them at least. */
  readonly rules: readonly {
    /** The characters, such as "abcdefghijklmnopqrstuvwxyz". */
    readonly charset: string;
    /**
     * How many of them at least.
     * @default 0
     */
    readonly minChars?: number;
  }[];
}

type Rule = PasswordPolicy['rules'][number];
const ruleChecks: Checks<Rule> = {
  charset: string(
    value => /^[\x21-\x7e]+$/.test(value),
    'printable characters of ASCII without the space',
    'write for example "0123456789"',
  ),
  minChars: integer(0, 1024),
};

/** The password policies, by their names. */
export class PasswordPolicies implements Part {
  constructor(private readonly props: Readonly<Record<string, PasswordPolicy>> = {}) {}

  get names(): readonly string[] {
    return Object.keys(this.props);
  }

  validate(problems: Problems): void {
    for (const [name, policy] of problems.groups('passwordPolicies', this.props)) {
      const group = `passwordPolicies.${name}`;
      problems.check('passwordPolicies', name, vaultNameCheck);
      problems.checkNames(group, policy, { length: true, rules: true });
      // Vault takes no shorter ones (sdk/helper/random, `MinLength`)
      problems.require(`${group}.length`, policy.length, integer(8, 1024));
      const rules = problems.listed(`${group}.rules`, policy.rules);
      for (const [at, rule] of rules) {
        problems.require(`${at}.charset`, rule.charset, ruleChecks.charset);
        problems.checkAll(at, rule, ruleChecks);
      }
      const least = rules.reduce((sum, [, { minChars = 0 }]) => sum + minChars, 0);
      if (least > policy.length || rules.length === 0)
        problems.refuse(
          `${group}.rules`,
          policy.rules,
          'one rule or more, whose minChars fit into length',
          'raise length or lower minChars',
        );
    }
  }

  operations(): readonly WriteOperation[] {
    return Object.entries(this.props).map(([name, { length, rules }]) => ({
      do: 'write',
      kind: 'password-policy',
      path: `sys/policies/password/${name}`,
      body: {
        policy: renderHcl({
          attributes: { length },
          blocks: rules.map(({ charset, minChars = 0 }) => ({
            type: 'rule',
            labels: ['charset'],
            body: { attributes: { charset, 'min-chars': minChars } },
          })),
        }),
      },
    }));
  }
}
