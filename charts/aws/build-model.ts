import { type AwsEnvironment, tableArn } from '../app/aws/environment';
import { allow, type IamRole, type IamStatement } from '../app/aws/iam-role';
import type { AwsRequirement } from '../app/aws/requirement';
import { omitUndefined } from '../app/kubernetes/omit-undefined';
import type { AwsResourcesProps } from './aws-resources-props';
import { backupModel, backupRole, backupRoleArn } from './backup';
import { required } from './collect';
import { endpointModel } from './endpoint';
import { rolePolicy, serviceAccountTrust } from './iam';
import { keyModel, usesKey } from './key';
import type { AwsModel } from './model';
import { secretModel } from './secret';
import { scalingModels, tableKeyStatement, tableModel, uses } from './table';

/** The account and region of what stands in a base; validation holds that it is one. */
export const awsOf = (roles: readonly IamRole[], needs: readonly AwsRequirement[]): AwsEnvironment | undefined =>
  [...needs, ...roles][0]?.aws;

/** What the charts of a base need, and the props on how to make it, as what is made. */
export function buildModel(
  props: AwsResourcesProps,
  aws: AwsEnvironment,
  roles: readonly IamRole[],
  needs: readonly AwsRequirement[],
): AwsModel {
  const tables = required(needs, 'table');
  const table = typeof props.table === 'string' ? undefined : (props.table ?? {});
  const key = typeof props.key === 'string' ? {} : (props.key ?? {});
  const secret = typeof props.secrets === 'string' ? {} : (props.secrets ?? {});
  const backup = props.backup === 'off' ? undefined : (props.backup ?? {});
  const dataKey = table?.kmsKey;
  const statements = (role: IamRole): readonly IamStatement[] => [
    ...role.statements(props.actions),
    ...tables
      .filter(({ role: owner }) => props.table === 'made-by-vault' && owner === role)
      .map(({ name }) => allow('MakeTable', 'dynamodb', ['CreateTable'], tableArn(name, aws))),
    ...(dataKey !== undefined && tables.some(({ name }) => uses(role, tableArn(name, aws))) ? [tableKeyStatement(dataKey, aws)] : []),
  ];
  const users = (name: string): string[] => [
    ...roles.filter(role => uses(role, tableArn(name, aws))).map(({ arn }) => arn),
    ...(backup === undefined ? [] : [backupRoleArn(name, aws)]),
  ];
  return {
    ...aws,
    tags: props.tags ?? {},
    tables: table === undefined ? [] : tables.map(({ name }) => tableModel(name, table, aws, users(name))),
    scalings: table === undefined ? [] : tables.flatMap(({ name }) => scalingModels(name, table, aws)),
    keys:
      props.key === 'existing'
        ? []
        : required(needs, 'key')
            .filter(({ exists }) => !exists)
            .map(({ name }) =>
              keyModel(
                name,
                key,
                aws,
                roles.filter(role => usesKey(role, name)).map(({ arn }) => arn),
              ),
            ),
    secrets: props.secrets === 'existing' ? [] : required(needs, 'secret').map(need => secretModel(need, secret, aws)),
    roles: [
      ...roles.map(role => ({
        name: role.name,
        path: role.path,
        ...omitUndefined({ maxSessionSeconds: role.maxSessionSeconds }),
        trust: serviceAccountTrust(role, props.oidcProvider),
        policy: rolePolicy(statements(role)),
      })),
      ...(backup === undefined ? [] : tables.map(({ name }) => backupRole(name, table?.kmsKey, aws))),
    ],
    backups: backup === undefined ? [] : tables.map(({ name }) => backupModel(name, backup, aws)),
    ...(props.endpoint === undefined ? {} : { endpoint: endpointModel(props.endpoint, aws, roles.flatMap(statements)) }),
  };
}
