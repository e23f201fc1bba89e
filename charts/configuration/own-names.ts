import type { AdminPath } from '../app/jobs/admin-path';
import { jobName } from '../app/jobs/job-name';
import type { Problems } from '../app/validation/problems';
import { defaultServerId, type IVault } from '../app/vault';
import type { VaultConfigurationProps } from './vault-configuration-props';

/** What Jobs and administrators log in by, and where this Job keeps its state: whoever wrote over it would lock them out. */
export function refuseOwnNames(problems: Problems, props: VaultConfigurationProps, admin: AdminPath, vault: IVault): void {
  const own = [admin.role, jobName(vault, 'configuration'), jobName(vault, 'init')];
  const allowed = `names other than ${own.join(', ')}, which are those of the Jobs`;
  const refuse = (prop: string, named: object | undefined): void => {
    for (const name of Object.keys(named ?? {})) if (own.includes(name)) problems.refuse(prop, name, allowed, 'choose another');
  };
  refuse('policies', props.policies);
  refuse('engines', props.engines);
  for (const mount of new Set([admin.mount, admin.people?.mount ?? admin.mount])) {
    const method = props.auth?.[mount];
    if (method !== undefined && 'roles' in method) refuse(`auth.${mount}.roles`, method.roles);
  }
  refuseOtherServerId(problems, props, admin, vault);
}

/** One mount has one server id: with another, those whom `admin.iamPrincipals` names would no longer get in. */
function refuseOtherServerId(problems: Problems, { auth }: VaultConfigurationProps, { people }: AdminPath, vault: IVault): void {
  const method = people === undefined ? undefined : auth?.[people.mount];
  if (people === undefined || method?.type !== 'aws') return;
  const serverId = method.iamServerIdHeaderValue ?? defaultServerId(vault);
  if (serverId !== people.serverId)
    problems.refuse(
      `auth.${people.mount}.iamServerIdHeaderValue`,
      serverId,
      `${people.serverId}, by which the people of admin.iamPrincipals log in there`,
      'write the same, or choose another mount',
    );
}
