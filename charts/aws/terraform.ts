import type { AwsEnvironment } from '../app/aws/environment';
import { label } from '../app/aws/labels';
import type { AwsResource, NamedPolicies } from './aws-resource';
import { breakGlass, needsBreakGlass } from './break-glass';
import { principalKey, type ResourcePolicyStatement } from './resource-policy';
import type { Stack } from './stack';
import type { Blocks } from './terraform-syntax';

/** A module: its files, by their names without ".tf.json". Checks keep "${" out of every name; statements may hold it. */
export function terraform(stack: Stack): Readonly<Record<string, object>> {
  return {
    versions: { terraform: { required_version: '>= 1.5', required_providers: { aws: { source: 'hashicorp/aws', version: '>= 6.0' } } } },
    variables: { variable: variables(stack) },
    main: {
      locals: { own_tags: stack.tags, tags: `\${merge(local.own_tags, var.tags)}` },
      data: withoutEmpty({ ...accountAndRegion(stack.aws), aws_iam_policy_document: policyDocuments(stack.policies) }),
      resource: withoutEmpty(merged(stack.resources)),
    },
    outputs: { output: Object.assign({}, ...stack.resources.map(resource => resource.terraformOutputs())) },
  };
}

const merged = (resources: readonly AwsResource[]): Readonly<Record<string, Blocks>> =>
  Object.assign({}, ...resources.map(resource => resource.terraform()));

const withoutEmpty = (blocks: Readonly<Record<string, Blocks>>): Readonly<Record<string, Blocks>> =>
  Object.fromEntries(Object.entries(blocks).filter(([, block]) => Object.keys(block).length > 0));

/** Plans fail in another account or region than the one that the names and ARNs of the YAML are of. */
const accountAndRegion = ({ accountId, region }: AwsEnvironment): Readonly<Record<string, Blocks>> => ({
  aws_caller_identity: { current: { lifecycle: { postcondition: only('account_id', accountId) } } },
  aws_region: { current: { lifecycle: { postcondition: only('region', region) } } },
});

const only = (attribute: string, value: string): object => ({
  condition: `\${self.${attribute} == "${value}"}`,
  error_message: `This module is made for ${value}: take a provider of it, or change aws in main.ts.`,
});

function variables({ aws, policies, hasEndpoint }: Stack): Blocks {
  return {
    ...(needsBreakGlass(policies) && {
      break_glass_principal_arns: {
        type: 'list(string)',
        description: `${breakGlass(aws).description}.`,
        validation: {
          condition: `\${length(var.break_glass_principal_arns) > 0 && alltrue([for arn in var.break_glass_principal_arns : can(regex("${breakGlass(aws).pattern}", arn))])}`,
          error_message: `Name at least one role or user by its ARN, such as ${breakGlass(aws).example}.`,
        },
      },
    }),
    ...(hasEndpoint && {
      vpc_id: { type: 'string', description: "The cluster's VPC." },
      route_table_ids: {
        type: 'list(string)',
        description: "The route tables of the cluster's subnets, for the gateway endpoint of DynamoDB.",
      },
    }),
    tags: { type: 'map(string)', default: {}, description: 'Tags of everything, besides those of main.ts.' },
  };
}

/** The policies on resources; who may break glass is a variable, so no file of `dist/aws/iam` can hold them. */
function policyDocuments(policies: NamedPolicies): Blocks {
  const used = policies.filter(([, policy]) => policy.length > 0);
  return Object.fromEntries(used.map(([name, policy]) => [label(name), { statement: policy.map(statement) }]));
}

/** IAM's own variables, such as "${aws:PrincipalTag/team}", are none of Terraform's. */
const literal = (text: string): string => text.replace(/[$%](?=\{)/g, sign => sign + sign);

const statement = ({ sid, effect, principal, actions, resources, except }: ResourcePolicyStatement): object => ({
  ...(sid && { sid }),
  effect,
  principals: { type: principal === '*' ? '*' : 'AWS', identifiers: [principal] },
  actions,
  resources: resources.map(literal),
  ...(except && {
    condition: [
      { test: 'ArnNotLike', variable: principalKey, values: `\${var.break_glass_principal_arns}` },
      { test: 'ArnNotEquals', variable: principalKey, values: except },
    ],
  }),
});
