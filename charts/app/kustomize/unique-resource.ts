import type { Construct, IConstruct } from 'constructs';

/** The users of what only one may use, by its name, for each app. */
const users = new WeakMap<IConstruct, Map<string, IConstruct>>();

/**
 * Says that a construct uses something alone, across all environments of the app: a second user is refused.
 *
 * @param name what it is, with all that makes it unique, such as "the table vault-data of account 123456789012 in eu-west-1"
 * @param fix what to do where two use it
 */
export function useAlone(scope: Construct, name: string, fix: string): void {
  const { root } = scope.node;
  const inApp = users.get(root) ?? new Map<string, IConstruct>();
  users.set(root, inApp);
  const user = inApp.get(name);
  if (user === undefined) inApp.set(name, scope);
  else scope.node.addValidation({ validate: () => [`${name} is already taken by [${user.node.path}]; ${fix}`] });
}
