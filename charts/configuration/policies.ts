import { attributesOf, type HclValue, renderHcl } from '../app/hcl';
import { type Check, type Checks, listOf, matching, oneOf } from '../app/validation/check';
import { durationCheck } from '../app/validation/durations';
import type { Part } from '../app/validation/part';
import type { Problems } from '../app/validation/problems';
import { vaultNameCheck } from './names';
import type { WriteOperation } from './plan';

/** What a policy may allow (Vault documentation, "Policies", "Capabilities"). */
export type Capability = 'create' | 'read' | 'update' | 'patch' | 'delete' | 'list' | 'sudo' | 'deny' | 'subscribe' | 'recover';

/** Parameters of a request, and the values that they may have; [] is any value. */
export type PolicyParameters = Readonly<Record<string, readonly (string | number | boolean)[]>>;

/** What is allowed, or denied, at the paths that one pattern names. */
export interface PolicyRule {
  /** The path, without "/v1/": "*" at its end stands for whatever begins so, "+" for one segment. Templates are `{{identity...}}`. */
  readonly path: string;
  /** What is allowed; "deny" alone forbids all, whatever other policies say. */
  readonly capabilities: readonly Capability[];
  /**
   * The only parameters that a request may have; "*" is every other.
   * @default any
   */
  readonly allowedParameters?: PolicyParameters;
  /**
   * Parameters that a request may not have; "*" is every.
   * @default none
   */
  readonly deniedParameters?: PolicyParameters;
  /**
   * Parameters that a request must have.
   * @default none
   */
  readonly requiredParameters?: readonly string[];
  /**
   * How long a wrapped answer must live at least: an answer that is not wrapped is refused.
   * @default answers need not be wrapped
   */
  readonly minWrappingTtl?: string;
  /**
   * How long a wrapped answer may live at most: an answer that is not wrapped is refused.
   * @default answers need not be wrapped
   */
  readonly maxWrappingTtl?: string;
}

const pathCheck = matching(
  /^(?!\/|v1\/)[^\s"*\\]+\*?$|^\*$/,
  'paths of the API without "/v1/", "*" only at the end',
  'write for example "database/creds/orders-readonly"',
);

const parametersCheck: Check<PolicyParameters> = {
  ok: map =>
    Object.entries(map).every(
      ([name, values]) =>
        /^(\*|[\w-]+)$/.test(name) &&
        Array.isArray(values) &&
        values.every(value => ['string', 'number', 'boolean'].includes(typeof value)),
    ),
  allowed: 'names of parameters, or "*", each with a list of values',
  fix: 'write for example { ttl: ["1h"] }, or [] for any value',
};

const rulesCheck: Check<readonly PolicyRule[]> = {
  ok: rules => Array.isArray(rules) && rules.length > 0,
  allowed: 'one rule or more',
  fix: 'write for example [{ path: "kv/data/*", capabilities: ["read"] }]',
};

const checks: Checks<PolicyRule> = {
  path: pathCheck,
  capabilities: listOf(oneOf<Capability>('create', 'read', 'update', 'patch', 'delete', 'list', 'sudo', 'deny', 'subscribe', 'recover')),
  allowedParameters: parametersCheck,
  deniedParameters: parametersCheck,
  requiredParameters: listOf(matching(/^[\w-]+$/, 'names of parameters', 'write for example "ttl"')),
  minWrappingTtl: durationCheck,
  maxWrappingTtl: durationCheck,
};

/** The ACL policies: those that the user writes, and those that follow from other parts. */
export class Policies implements Part {
  constructor(private readonly props: Readonly<Record<string, readonly PolicyRule[]>> = {}) {}

  get names(): readonly string[] {
    return Object.keys(this.props);
  }

  validate(problems: Problems): void {
    if (!problems.isGroup('policies', this.props)) return;
    for (const [name, rules] of Object.entries(this.props)) {
      problems.check('policies', name, {
        ...vaultNameCheck,
        ok: value => vaultNameCheck.ok(value) && value !== 'root' && value !== 'default',
        allowed: `${vaultNameCheck.allowed}; not "root" or "default", which are Vault's`,
      });
      if (!problems.require(`policies.${name}`, rules, rulesCheck)) continue;
      const listed = problems.listed(`policies.${name}`, rules);
      for (const [index, [group, rule]] of listed.entries()) {
        problems.require(`${group}.path`, rule.path, pathCheck);
        problems.require(`${group}.capabilities`, rule.capabilities, checks.capabilities);
        problems.checkAll(group, rule, checks);
        if (listed.findIndex(([, { path }]) => path === rule.path) < index)
          problems.refuse(
            `${group}.path`,
            rule.path,
            'each path once in a policy',
            'write its capabilities in one rule: Vault takes the last',
          );
      }
    }
  }

  operations(): readonly WriteOperation[] {
    return Object.entries(this.props).map(([name, rules]) => policyOperation(name, rules));
  }
}

export const policyOperation = (name: string, rules: readonly PolicyRule[]): WriteOperation => ({
  do: 'write',
  kind: 'policy',
  path: `sys/policies/acl/${name}`,
  body: { policy: policyHcl(rules) },
});

/** A policy as Vault reads it. */
export const policyHcl = (rules: readonly PolicyRule[]): string =>
  renderHcl({
    attributes: {},
    blocks: rules.map(({ path, capabilities, allowedParameters, deniedParameters, ...rest }) => ({
      type: 'path',
      labels: [path],
      body: {
        attributes: {
          capabilities,
          ...attributesOf({ allowedParameters, deniedParameters } as Record<string, HclValue>, {
            allowedParameters: true,
            deniedParameters: true,
          }),
          ...attributesOf(rest, { requiredParameters: true, minWrappingTtl: true, maxWrappingTtl: true }),
        },
      },
    })),
  });
