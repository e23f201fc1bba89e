import { sourceFile } from '../kustomize/source-file';
import type { IVault } from '../vault';
import { jobName } from './job-name';

/** The way in after the root token is gone: a ServiceAccount token of the configuration Job. */
export interface AdminPath {
  /** Where the auth method is mounted. */
  readonly mount: string;
  /** The role of that method, which gives the policies of its own name and `<vault>-configuration`. */
  readonly role: string;
  /** The ServiceAccount that may log in, in the servers' namespace. */
  readonly serviceAccount: string;
  /** The audience that its token must have. */
  readonly audience: string;
  /** The AWS auth method by which people log in as administrators, and what their logins are signed for; undefined where nobody does. */
  readonly people?: { readonly mount: string; readonly serverId: string };
}

/** The way in that the init Job makes. */
export const adminPath = (vault: IVault, mount = 'kubernetes'): AdminPath => ({
  mount,
  role: `${vault.name}-admin`,
  serviceAccount: jobName(vault, 'configuration'),
  audience: vault.name,
});

/** What an administrator may do, whatever engines there are. */
export const adminPolicy = (): string => sourceFile('app/jobs/admin.hcl');
