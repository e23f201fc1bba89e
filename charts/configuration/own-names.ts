import type { AdminPath } from '../app/jobs/admin-path';
import { jobName } from '../app/jobs/job-name';
import type { Problems } from '../app/validation/problems';
import type { IVault } from '../app/vault';
import type { VaultConfigurationProps } from './vault-configuration-props';

/** What the Jobs of a Vault log in by, and where this one keeps its state: whoever wrote over it would lock them out. */
export function refuseOwnNames(
  problems: Problems,
  { policies, auth, engines }: VaultConfigurationProps,
  admin: AdminPath,
  vault: IVault,
): void {
  const own = [admin.role, jobName(vault, 'configuration'), jobName(vault, 'init')];
  const allowed = `names other than ${own.join(', ')}, which are those of the Jobs`;
  const mount = auth?.[admin.mount];
  const roles = mount !== undefined && 'roles' in mount ? Object.keys(mount.roles ?? {}) : [];
  for (const [prop, names] of [
    ['policies', Object.keys(policies ?? {})],
    [`auth.${admin.mount}.roles`, roles],
    ['engines', Object.keys(engines ?? {})],
  ] as const)
    for (const name of names) if (own.includes(name)) problems.refuse(prop, name, allowed, 'choose another');
}
