import type { IVault } from '../vault';

/** The Jobs of a Vault, by what they are for. */
export type JobComponent = 'init' | 'configuration' | 'rollout' | 'lock-watch' | 'restore' | 'drill';

/** What a Job of a Vault and all that belongs to it is called, its ServiceAccount too: other Jobs know it by this. */
export const jobName = (vault: IVault, component: JobComponent): string => `${vault.name}-${component}`;

/** The Lease that whatever changes a Vault holds, so that no two Jobs change it at once. */
export const changesLease = (vault: IVault): string => `${vault.name}-changes`;
