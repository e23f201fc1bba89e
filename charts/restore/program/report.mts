import type { RestorePlan } from '../plan.ts';
import type { Settings } from './settings.mts';

/** What a person changes so that the servers use the new table, and Terraform or CloudFormation knows it: docs/restore.md says in which order. */
export function whatToChange(
  { source, prefix, documents, statefulSet }: RestorePlan,
  into: string,
  { policy, scaling }: Settings,
): string[] {
  const suffix = into.slice(prefix.length);
  const label = `${documents.label}${suffix}`;
  const logicalId = `${documents.logicalId}${suffix.charAt(0).toUpperCase()}${suffix.slice(1)}`;
  const blocks = [
    ['aws_dynamodb_table', label, into],
    ...(policy === undefined ? [] : [['aws_dynamodb_resource_policy', label, source.tableArn.replace(/[^/]+$/, into)]]),
    ...scaling.flatMap(({ dimension, policies }) => {
      const [, kind = ''] = /table:(Read|Write)/.exec(dimension) ?? [];
      const id = `dynamodb/table/${into}/${dimension}`;
      return [
        ['aws_appautoscaling_target', `${label}_${kind.toLowerCase()}`, id],
        ...policies.map(({ name }) => [
          'aws_appautoscaling_policy',
          `${label}_${kind.toLowerCase()}`,
          `${id}/${name.replace(source.table, into)}`,
        ]),
      ];
    }),
  ];
  const imported = [{ ResourceType: 'AWS::DynamoDB::Table', LogicalResourceId: logicalId, ResourceIdentifier: { TableName: into } }];
  return [
    `main.ts: storage: { table: '${into}' }`,
    `or an overlay: AWS_DYNAMODB_TABLE=${into} on container vault of StatefulSet ${statefulSet}`,
    `the policy of the servers' role: table/${into} instead of table/${source.table}`,
    ...blocks.flatMap(([type, name, id]) =>
      ['import {', `  to = ${type}.${name}`, `  id = "${id}"`, '}'].map(line => `terraform | ${line}`),
    ),
    `cloudformation | ${JSON.stringify(imported)}`,
  ];
}
