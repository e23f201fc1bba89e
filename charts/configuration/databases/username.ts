import type { DatabaseProps } from './database';

/** How long the names of users may be (PostgreSQL documentation, "Identifiers"; MySQL documentation, "Grant Tables"). */
const lengths: Readonly<Record<DatabaseProps['plugin'], number>> = { postgresql: 63, mysql: 32, 'mysql-aurora': 16, 'mysql-rds': 16 };

/**
 * A template for the names of users. Vault knows whoever comes by an IAM role as "<mount>-<role>/<session>"; with SSO the session is the person, so what is
 * before it goes. What no prefix matches stays: a workload is known by its ServiceAccount or role.
 *
 * @param prefixes what to take away from the name of whoever logs in
 */
export function usernameTemplate(plugin: DatabaseProps['plugin'], prefixes: readonly string[]): string {
  const short = prefixes.map(prefix => ` | replace "${prefix}" ""`).join('');
  const [random, time] = [plugin === 'postgresql' ? 8 : 6, ' (unix_time)'];
  // "v-", two hyphens, the random part and ten digits of time
  const person = lengths[plugin] - 14 - random;
  return lengths[plugin] < 32
    ? `{{ printf "v-%s-%s" (.DisplayName${short} | truncate 6) (random ${lengths[plugin] - 9}) }}`
    : `{{ printf "v-%s-%s-%s" (.DisplayName${short} | truncate ${person}) (random ${random})${time} }}`;
}
