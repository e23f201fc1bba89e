import { anything, object, optional, parse, record, string } from '../../app/jobs/runtime/shape.mts';
import type { Kind, WriteOperation } from '../plan.ts';
import { hashOf } from './hash.mts';
import type { References } from './references.mts';
import type { Report, Verdict } from './report.mts';
import type { Secrets } from './secrets.mts';
import type { Session } from './session.mts';
import type { State } from './state.mts';

const dataShape = object({ data: record(anything) });

/** What Vault counts and dates by itself, or what another operation writes: neither the request's doing nor a hand's. */
const ownFields: Readonly<Partial<Record<Kind, readonly string[]>>> = {
  'static-role': ['last_vault_rotation', 'next_vault_rotation', 'ttl'],
  group: ['alias', 'creation_time', 'last_update_time', 'member_entity_ids', 'modify_index', 'parent_group_ids'],
};

export interface WriterSurroundings {
  readonly session: Session;
  readonly state: State;
  readonly report: Report;
  readonly secrets: Secrets;
  readonly references: References;
  /** Whether it writes, or only reports what it would. */
  readonly write: boolean;
}

/** Brings a path of Vault's API to what a request says, and knows by two hashes what has become of it since. */
export class Writer {
  readonly #with: WriterSurroundings;

  constructor(surroundings: WriterSurroundings) {
    this.#with = surroundings;
  }

  async run(operation: WriteOperation): Promise<void> {
    const { state, secrets, references, session } = this.#with;
    const { kind, path, principals } = operation;
    const body = await references.resolve(operation.body);
    const versions: Record<string, string> = {};
    for (const [field, source] of Object.entries(operation.secrets ?? {})) versions[field] = await secrets.version(source);
    await this.bring(kind, operation.readAt ?? path, hashOf({ ...body, ...versions }), {
      hashOfRead: text => hashOf(read(kind, text, Object.keys(versions))),
      write: async () => {
        const values: Record<string, string> = {};
        for (const [field, source] of Object.entries(operation.secrets ?? {})) values[field] = await secrets.value(source);
        await session.write(path, { ...body, ...values });
      },
    });
    // who left is known until his tokens are revoked
    const entry = state.entry(kind, path);
    if (principals !== undefined && entry !== undefined)
      state.set(kind, path, { ...entry, principals: [...new Set([...(entry.principals ?? []), ...principals])].sort() });
  }

  /** Reads, writes where something differs, reads back. */
  async bring(
    kind: string,
    path: string,
    request: string,
    how: { readonly hashOfRead: (text: string) => string; readonly write: () => Promise<void>; readonly unfinished?: boolean },
  ): Promise<void> {
    const { session, state, report, write } = this.#with;
    const found = async (): Promise<string | undefined> => {
      const text = await session.read(path);
      return text === undefined ? undefined : how.hashOfRead(text);
    };
    const entry = state.entry(kind, path) ?? {};
    const before = await found();
    const asWritten = entry.request === request && entry.read !== undefined && how.unfinished !== true;
    if (asWritten && entry.read === before) return report.add('unchanged', path);
    const verdict = verdictOf(before, asWritten);
    if (!write) return report.add(verdict, path, 'left as it is');
    await how.write();
    const after = await found();
    state.set(kind, path, { ...entry, request, read: after });
    // another's work, or that of a run that was killed, which is as it should be
    report.add(verdict === 'changed' && before === after && entry.read === undefined ? 'unchanged' : verdict, path);
  }
}

const verdictOf = (before: string | undefined, asWritten: boolean): Verdict => {
  if (asWritten) return 'drifted';
  return before === undefined ? 'created' : 'changed';
};

/** What stands there, as far as it is compared. What is read back of a secret field may be the secret: it is not looked at. */
function read(kind: Kind, text: string, secrets: readonly string[]): unknown {
  const { data } = parse(text, dataShape, 'what stands there');
  if (kind === 'group-alias') return alias(data['alias'] ?? {}, 'the alias');
  const left = [...secrets, ...(ownFields[kind] ?? [])];
  return Object.fromEntries(Object.entries(data).filter(([key]) => !left.includes(key)));
}

const alias = object({ name: optional(string), mount_accessor: optional(string) });
