/** A statement of a policy on a resource. Who may break glass is known at deployment alone, so no document can be written here. */
export interface ResourcePolicyStatement {
  readonly sid?: string;
  readonly effect: 'Allow' | 'Deny';
  /** An ARN, or "*" for everybody. */
  readonly principal: string;
  readonly actions: readonly string[];
  readonly resources: readonly string[];
  /** Whom a Deny spares, besides those who may break glass. */
  readonly except?: readonly string[];
}

/** The condition key that says who asks; for a role its own ARN, not that of its session (IAM User Guide, "aws:PrincipalArn"). */
export const principalKey = 'aws:PrincipalArn';
