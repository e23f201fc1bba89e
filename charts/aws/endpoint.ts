import type { AwsEnvironment } from '../app/aws';
import type { IamStatement } from '../app/iam-role';
import type { EndpointProps } from './aws-resources-props';
import type { Endpoint } from './model';

/** Lets pass what Vault's roles may do with DynamoDB, or everything. */
export function endpointModel(props: EndpointProps, { region }: AwsEnvironment, statements: readonly IamStatement[]): Endpoint {
  const service = `com.amazonaws.${region}.dynamodb`;
  if (props.policy === 'open') return { service, policy: [] };
  const passing = statements.filter(({ actions }) => actions.some(action => action.startsWith('dynamodb:')));
  return {
    service,
    policy: passing.map(({ sid, actions, resources }) => ({ sid, effect: 'Allow', principal: '*', actions, resources })),
  };
}
