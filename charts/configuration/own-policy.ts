import type { SecretsEngines } from './engines';
import { type Capability, type PolicyRule, policyHcl } from './policies';
import type { RawOperations } from './raw';

const rule = (path: string, ...capabilities: readonly Capability[]): PolicyRule => ({ path, capabilities });
const all: readonly Capability[] = ['create', 'read', 'update', 'delete', 'list'];

/** What the administrator's policy leaves out: engines, by the mounts that there are. No path that gives out a secret, but that of the Job's own connections. */
export const ownPolicy = (state: string, engines: SecretsEngines, raw: RawOperations): string =>
  policyHcl([
    rule(`${state}/*`, ...all),
    ...engines.mounts.flatMap(mount => {
      if (engines.typeOf(mount) === 'kv') return [rule(`${mount}/config`, 'create', 'read', 'update')];
      return engines.typeOf(mount) === 'database' ? databaseRules(mount) : [];
    }),
    ...[...new Set(raw.paths)].map(path => rule(path, 'create', 'read', 'update')),
  ]);

/** What the Job needs at a database engine. */
export const databasePolicy = (mount: string): string => policyHcl(databaseRules(mount));

const databaseRules = (mount: string): readonly PolicyRule[] => [
  ...['config', 'roles', 'static-roles'].map(kind => rule(`${mount}/${kind}/*`, ...all)),
  rule(`${mount}/rotate-root/*`, 'create', 'update'),
  // for a person, after a restore: what was rotated since
  rule(`${mount}/rotate-role/*`, 'create', 'update'),
  rule(`${mount}/creds/master-*`, 'read'),
];
