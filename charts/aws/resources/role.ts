import type { AwsEnvironment } from '../../app/aws/environment';
import type { ActionList, IamRole, IamStatement } from '../../app/aws/iam-role';
import { label, logicalId, sameInDocuments } from '../../app/aws/labels';
import { omitUndefined } from '../../app/kubernetes/omit-undefined';
import { oneOf } from '../../app/validation/check';
import type { Problems } from '../../app/validation/problems';
import type { AwsResource, NamedPolicies, Templates, TemplateTags } from '../aws-resource';
import { arnOutputs, byLogicalId, ref } from '../cloudformation-syntax';
import type { EnvironmentRequirements } from '../environment-requirements';
import { type PolicyDocument, type RoleModel, rolePolicy, serviceAccountTrust, serviceTrust } from '../iam';
import { arnOutput, type Blocks, byName, iamFile, terraformTags } from '../terraform-syntax';
import type { Backups } from './backup';
import type { Tables } from './table';

/** The roles that charts declare, and those of other resources. */
export class Roles implements AwsResource {
  readonly policies: NamedPolicies = [];

  constructor(
    private readonly environment: EnvironmentRequirements,
    private readonly props: { readonly oidcProvider: string; readonly actions?: ActionList | undefined },
    private readonly beside: { readonly tables: Tables; readonly backups: Backups },
  ) {}

  validate(problems: Problems): void {
    problems.check('actions', this.props.actions, oneOf('least', 'documented'));
    const required = [...this.environment.ofType('service-role'), ...this.environment.roles].map(({ name }) => name);
    for (const name of sameInDocuments([...this.beside.backups.roleNames, ...required]))
      problems.refuse('role', name, 'names that differ in letters and digits from every other role', 'rename it');
  }

  /** What the roles of charts may do. */
  get statements(): readonly IamStatement[] {
    const { aws } = this.environment;
    return aws === undefined ? [] : this.environment.roles.flatMap(role => this.statementsOf(role, aws));
  }

  /** The documents of every role, by their names in `dist/aws/iam`. */
  get documents(): readonly (readonly [name: string, document: PolicyDocument])[] {
    return this.models.flatMap(({ name, statements, trust }) => [
      [`${name}.policy.json`, rolePolicy(statements)] as const,
      [`${name}.trust.json`, trust] as const,
    ]);
  }

  terraform(): Readonly<Record<string, Blocks>> {
    return { aws_iam_role: byName(this.models, terraformRole), aws_iam_role_policy: byName(this.models, terraformRolePolicy) };
  }

  terraformOutputs(): Blocks {
    return { role_arns: arnOutput('aws_iam_role', this.models) };
  }

  cloudFormation({ list }: TemplateTags): Templates {
    return {
      ...byLogicalId('Role', this.models, item => templateRole(item, list)),
      ...byLogicalId('InlinePolicy', this.models, templateRolePolicy),
    };
  }

  cloudFormationOutputs(): Templates {
    return arnOutputs('Role', this.models);
  }

  private get models(): readonly RoleModel[] {
    const { aws } = this.environment;
    if (aws === undefined) return [];
    const keyStatements = this.beside.tables.keyStatements(aws);
    return [
      ...this.environment.roles.map(role => ({
        name: role.name,
        path: role.path,
        ...omitUndefined({ maxSessionSeconds: role.maxSessionSeconds }),
        trust: serviceAccountTrust(role, this.props.oidcProvider),
        statements: this.statementsOf(role, aws),
      })),
      ...this.serviceRoles.map(role => ({
        ...role,
        statements: [...role.statements, ...keyStatements, ...this.beside.backups.keyStatements],
      })),
    ];
  }

  /** Roles that AWS Backup takes on: they use tables, and the keys that encrypt tables and backups. */
  private get serviceRoles(): readonly RoleModel[] {
    const required = this.environment.ofType('service-role');
    return [
      ...this.beside.backups.roles,
      ...required.map(({ name, service, statements }) => ({ name, path: '/', trust: serviceTrust(service), statements })),
    ];
  }

  private statementsOf(role: IamRole, aws: AwsEnvironment): readonly IamStatement[] {
    return [...role.statements(this.props.actions), ...this.beside.tables.statementsFor(role, aws)];
  }
}

const terraformRole = ({ name, path, maxSessionSeconds }: RoleModel): object => ({
  name,
  path,
  ...omitUndefined({ max_session_duration: maxSessionSeconds }),
  assume_role_policy: iamFile(`${name}.trust.json`),
  tags: terraformTags,
});

const terraformRolePolicy = ({ name }: RoleModel): object => ({
  name,
  role: `\${aws_iam_role.${label(name)}.id}`,
  policy: iamFile(`${name}.policy.json`),
});

const templateRole = ({ name, path, maxSessionSeconds, trust }: RoleModel, tags: object): object => ({
  Type: 'AWS::IAM::Role',
  Properties: {
    RoleName: name,
    Path: path,
    ...omitUndefined({ MaxSessionDuration: maxSessionSeconds }),
    AssumeRolePolicyDocument: trust,
    ...tags,
  },
});

const templateRolePolicy = ({ name, statements }: RoleModel): object => ({
  Type: 'AWS::IAM::Policy',
  Properties: { PolicyName: name, PolicyDocument: rolePolicy(statements), Roles: [ref(logicalId('Role', name))] },
});
