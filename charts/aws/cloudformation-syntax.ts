import { logicalId } from '../app/aws/labels';
import type { Templates } from './aws-resource';
import { principalKey, type ResourcePolicyStatement } from './resource-policy';

export const ref = (id: string): object => ({ Ref: id });
export const arnOf = (id: string, attribute = 'Arn'): object => ({ 'Fn::GetAtt': [id, attribute] });

/** The resource outlives its stack, and a change that would replace it. */
export const retain = { DeletionPolicy: 'Retain', UpdateReplacePolicy: 'Retain' };

export const byLogicalId = <T extends { readonly name: string }>(
  kind: string,
  items: readonly T[],
  resource: (item: T) => object,
): Templates => Object.fromEntries(items.map(item => [logicalId(kind, item.name), resource(item)]));

/** The ARNs of resources of one kind. */
export const arnOutputs = (kind: string, items: readonly { readonly name: string }[], arn: (id: string) => object = arnOf): Templates =>
  Object.fromEntries(items.map(({ name }) => [`${logicalId(kind, name)}Arn`, { Value: arn(logicalId(kind, name)) }]));

/** A policy on a resource; who may break glass is a parameter. */
export const resourcePolicyDocument = (statements: readonly ResourcePolicyStatement[]): object => ({
  Version: '2012-10-17',
  Statement: statements.map(({ sid, effect, principal, actions, resources, except }) => ({
    ...(sid && { Sid: sid }),
    Effect: effect,
    Principal: principal === '*' ? '*' : { AWS: principal },
    Action: actions,
    Resource: resources,
    ...(except && {
      Condition: {
        ArnNotLike: { [principalKey]: ref('BreakGlassPrincipalArns') },
        ArnNotEquals: { [principalKey]: except },
      },
    }),
  })),
});
