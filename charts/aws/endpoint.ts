import type { AwsEnvironment } from '../app/aws/environment';
import type { IamStatement } from '../app/aws/iam-role';
import type { EndpointProps } from './aws-resources-props';
import type { Endpoint } from './model';

/** Lets pass the actions and resources of DynamoDB that Vault's roles may use, or everything; conditions are the roles' own. */
export function endpointModel(props: EndpointProps, { region }: AwsEnvironment, statements: readonly IamStatement[]): Endpoint {
  const service = `com.amazonaws.${region}.dynamodb`;
  if (props.policy === 'open') return { service, policy: [] };
  const passing = statements.filter(({ actions }) => actions.some(action => action.startsWith('dynamodb:')));
  return {
    service,
    policy: passing.map(({ actions, resources }) => ({ effect: 'Allow', principal: '*', actions, resources })),
  };
}
