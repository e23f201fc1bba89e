import type { Problems } from '../app/validation/problems';
import type { AuthMethods } from './auth/auth-methods';
import type { Databases } from './databases/databases';
import type { SecretsEngines } from './engines';
import type { Groups } from './groups';
import type { Policies } from './policies';
import { referencesIn } from './references';
import type { VaultConfigurationProps } from './vault-configuration-props';

interface Named {
  readonly policies: Policies;
  readonly databases: Databases;
  readonly auth: AuthMethods;
  readonly groups: Groups;
  readonly engines: SecretsEngines;
  readonly props: VaultConfigurationProps;
}

/** Names that one part says and another has: a policy that nobody wrote gives nothing, and no error. */
export function checkReferences(problems: Problems, { policies, databases, auth, groups, engines, props }: Named): void {
  const written = new Set(['default', ...policies.names, ...databases.policyNames]);
  for (const { at, name } of [...auth.policies, ...groups.policies])
    if (!written.has(name)) problems.refuse(at, name, 'policies that are written here', `write it: policies: { '${name}': [...] }`);
  for (const name of policies.names)
    if (databases.policyNames.includes(name)) problems.refuse('policies', name, 'names that no database makes', 'choose another');
  const mounts = [...auth.mounts.map(mount => `auth/${mount}`), ...engines.mounts];
  for (const { kind, name } of referencesIn(JSON.stringify([props.policies ?? {}, props.raw ?? []]))) {
    const there = kind === 'accessor' ? mounts : groups.names;
    if (!there.includes(name))
      problems.refuse(
        kind === 'accessor' ? 'accessorOf' : 'groupIdOf',
        name,
        there.join(', ') || 'nothing: there are none',
        'name one that stands here',
      );
  }
}
