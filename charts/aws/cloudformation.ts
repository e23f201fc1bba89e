import type { AwsEnvironment } from '../app/aws/environment';
import { toYaml } from '../app/kustomize/yaml';
import { breakGlass, needsBreakGlass } from './break-glass';
import { ref } from './cloudformation-syntax';
import type { Stack } from './stack';

/** The text of a template. */
export function cloudFormation(stack: Stack): string {
  const parameters = templateParameters(stack);
  const list = Object.entries(stack.tags).map(([Key, Value]) => ({ Key, Value }));
  const tags = { list: list.length > 0 ? { Tags: list } : {}, map: list.length > 0 ? stack.tags : undefined };
  return toYaml({
    AWSTemplateFormatVersion: '2010-09-09',
    Description: 'What a Vault in Kubernetes needs of AWS',
    ...(Object.keys(parameters).length > 0 && { Parameters: parameters }),
    Rules: accountAndRegion(stack.aws),
    Resources: Object.assign({}, ...stack.resources.map(resource => resource.cloudFormation(tags))),
    Outputs: Object.assign({}, ...stack.resources.map(resource => resource.cloudFormationOutputs())),
  });
}

/** A stack fails at once in another account or region than the one that the names and ARNs of the YAML are of. */
const accountAndRegion = ({ accountId, region }: AwsEnvironment): object => {
  const only = (parameter: string, value: string): object => ({
    Assert: { 'Fn::Equals': [ref(parameter), value] },
    AssertDescription: `This template is made for ${value}: deploy it there, or change aws in main.ts`,
  });
  return { AccountAndRegion: { Assertions: [only('AWS::AccountId', accountId), only('AWS::Region', region)] } };
};

function templateParameters({ aws, policies, hasEndpoint }: Stack): Readonly<Record<string, object>> {
  return {
    ...(needsBreakGlass(policies) && {
      BreakGlassPrincipalArns: {
        Type: 'CommaDelimitedList',
        Description: breakGlass(aws).description,
        AllowedPattern: breakGlass(aws).pattern,
        ConstraintDescription: `ARNs of roles and users, such as ${breakGlass(aws).example}`,
      },
    }),
    ...(hasEndpoint && {
      VpcId: { Type: 'AWS::EC2::VPC::Id', Description: "The cluster's VPC" },
      RouteTableIds: {
        Type: 'CommaDelimitedList',
        Description: "The route tables of the cluster's subnets, for the gateway endpoint of DynamoDB",
        AllowedPattern: '^rtb-[0-9a-f]+$',
      },
    }),
  };
}
