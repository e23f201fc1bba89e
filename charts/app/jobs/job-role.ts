import type { Construct } from 'constructs';
import { IamRole, type IamStatement } from '../aws/iam-role';
import { refusal } from '../validation/problems';
import type { IVault } from '../vault';

export interface JobRoleProps {
  readonly vault: IVault;
  /** The name of the Job, which its role has too where the user chose none. */
  readonly name: string;
  /** What the user chose: a name, or an ARN in the same account. */
  readonly role: string | undefined;
  /** Its ServiceAccount, in the namespace of the servers. */
  readonly serviceAccount: string;
  readonly statements: readonly IamStatement[];
  /** Why there are none, for whoever chose a role that nothing uses: "without a backup". */
  readonly without: string;
}

/** The IAM role of a Job; undefined where it calls no AWS, and a role that was chosen for it is refused. */
export function jobRole(scope: Construct, { vault, name, role, serviceAccount, statements, without }: JobRoleProps): IamRole | undefined {
  if (statements.length > 0)
    return new IamRole(scope, 'iam-role', {
      aws: vault.aws,
      role: role ?? name,
      serviceAccount: { namespace: vault.namespace, name: serviceAccount },
      statements: () => statements,
    });
  const problem = refusal('role', role, `nothing ${without}`, 'leave it out: the Job calls no AWS');
  if (role !== undefined) scope.node.addValidation({ validate: () => [problem] });
  return undefined;
}
