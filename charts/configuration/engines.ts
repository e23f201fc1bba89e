import { booleanCheck, type Checks, integer, oneOf } from '../app/validation/check';
import { durationCheck } from '../app/validation/durations';
import type { Part } from '../app/validation/part';
import type { KnownProps, Problems } from '../app/validation/problems';
import { mountPathCheck } from './names';
import type { EnableOperation, WriteOperation } from './plan';
import { checkTune, type TuneProps, tuneOperation } from './tune';

/** Secrets that are kept as they were written, with their versions (Vault documentation, "KV secrets engine", version 2). */
export interface KvProps {
  /** Which secrets engine it is. */
  readonly type: 'kv';
  /**
   * How many versions of a secret are kept.
   * @default 10 (Vault's)
   */
  readonly maxVersions?: number;
  /**
   * Whether a write must say which version it replaces.
   * @default false
   */
  readonly casRequired?: boolean;
  /**
   * After how long a version is deleted.
   * @default never
   */
  readonly deleteVersionAfter?: string;
  /**
   * What the mount is tuned to.
   * @default Vault's
   */
  readonly tune?: TuneProps;
}

/** A database engine, where its mount is tuned: connections and roles stand in `databases`. */
export interface DatabaseEngineProps {
  /** Which secrets engine it is. */
  readonly type: 'database';
  /**
   * What the mount is tuned to.
   * @default Vault's, with "username" in clear in the audit log's answers
   */
  readonly tune?: TuneProps;
}

/** A secrets engine that is mounted and tuned here, and configured by raw operations. */
export interface OtherEngineProps {
  /** Which secrets engine it is. */
  readonly type: 'aws' | 'pki' | 'ssh' | 'totp' | 'transit';
  /**
   * What the mount is tuned to.
   * @default Vault's
   */
  readonly tune?: TuneProps;
}

/** A secrets engine. */
export type SecretsEngineProps = KvProps | DatabaseEngineProps | OtherEngineProps;

const kvChecks: Checks<Omit<KvProps, 'type' | 'tune'>> = {
  maxVersions: integer(1),
  casRequired: booleanCheck,
  deleteVersionAfter: durationCheck,
};

const known: KnownProps<DatabaseEngineProps> = { type: true, tune: true };

/** The secrets engines, by the paths of their mounts. */
export class SecretsEngines implements Part {
  private readonly props: Readonly<Record<string, SecretsEngineProps>>;

  /** @param databaseMounts those that databases name, which need not stand in the props */
  constructor(props: Readonly<Record<string, SecretsEngineProps>> = {}, databaseMounts: readonly string[] = []) {
    const implied = databaseMounts.filter(path => !(path in props)).map(path => [path, { type: 'database' }] as const);
    this.props = { ...props, ...Object.fromEntries(implied) };
  }

  get mounts(): readonly string[] {
    return Object.keys(this.props);
  }

  typeOf(path: string): SecretsEngineProps['type'] | undefined {
    return this.props[path]?.type;
  }

  validate(problems: Problems): void {
    for (const [path, engine] of problems.groups('engines', this.props)) {
      const group = `engines.${path}`;
      problems.check('engines', path, mountPathCheck);
      if (/^(auth|cubbyhole|identity|sys)(\/|$)/.test(path))
        problems.refuse('engines', path, 'paths that Vault does not have', 'choose another');
      problems.check(`${group}.type`, engine.type, oneOf('kv', 'database', 'aws', 'pki', 'ssh', 'totp', 'transit'));
      checkTune(problems, `${group}.tune`, engine.tune);
      if (engine.type === 'kv') problems.checkAll<Omit<KvProps, 'type' | 'tune'>>(group, engine, kvChecks, 'type', 'tune');
      else problems.checkNames(group, engine, known);
    }
  }

  enable(): readonly (EnableOperation | WriteOperation)[] {
    return Object.entries(this.props).flatMap(([path, engine]) => {
      const tune = engine.type === 'database' ? { auditNonHmacResponseKeys: ['username'], ...engine.tune } : engine.tune;
      const options = engine.type === 'kv' ? { options: { version: '2' } } : {};
      return [
        { do: 'enable', at: 'sys/mounts', name: `${path}/`, body: { type: engine.type, ...options } } as const,
        tuneOperation('sys/mounts', path, tune),
        ...(engine.type === 'kv' ? [kvConfig(path, engine)] : []),
      ];
    });
  }
}

const kvConfig = (path: string, { maxVersions, casRequired, deleteVersionAfter }: KvProps): WriteOperation => ({
  do: 'write',
  kind: 'engine-config',
  path: `${path}/config`,
  body: { max_versions: maxVersions ?? 0, cas_required: casRequired ?? false, delete_version_after: deleteVersionAfter ?? '0s' },
});
