import { list, object, optional, parse, record, string } from '../../app/jobs/runtime/shape.mts';
import type { Session } from './session.mts';

/** What a run knows of a path from the runs before. */
export interface Entry {
  /** The hash of what was written, with the versions of secrets in their place. */
  readonly request?: string | undefined;
  /** The hash of what was read back then; absent where no run came so far. */
  readonly read?: string | undefined;
  /** The IAM principals that may log in by it. */
  readonly principals?: readonly string[] | undefined;
  /** Of a connection: the hash of what its user was granted, once its password is Vault's alone. */
  readonly grants?: string | undefined;
}

const shape = record(
  object<Entry>({ request: optional(string), read: optional(string), principals: optional(list(string)), grants: optional(string) }),
);

/** What this Job has written, by kind and path, in a mount of its own. Split by kind: an item of DynamoDB ends at 400 KB. */
export class State {
  readonly #session: Session;
  readonly #mount: string;
  readonly #kinds = new Map<string, Map<string, Entry>>();
  readonly #changed = new Set<string>();

  constructor(session: Session, mount: string) {
    this.#session = session;
    this.#mount = mount;
  }

  async load(): Promise<void> {
    const listed = await this.#session.read(`${this.#mount}/state?list=true`);
    const kinds =
      listed === undefined ? [] : parse(listed, object({ data: object({ keys: list(string) }) }), 'the list of states').data.keys;
    for (const kind of kinds) {
      const text = await this.#session.read(`${this.#mount}/state/${kind}`);
      const paths = text === undefined ? {} : parse(text, object({ data: object({ paths: shape }) }), `the state of ${kind}`).data.paths;
      this.#kinds.set(kind, new Map(Object.entries(paths)));
    }
  }

  get kinds(): readonly string[] {
    return [...this.#kinds.keys()];
  }

  paths(kind: string): readonly string[] {
    return [...(this.#kinds.get(kind)?.keys() ?? [])];
  }

  entry(kind: string, path: string): Entry | undefined {
    return this.#kinds.get(kind)?.get(path);
  }

  set(kind: string, path: string, entry: Entry): void {
    const paths = this.#kinds.get(kind) ?? new Map<string, Entry>();
    this.#kinds.set(kind, paths);
    if (JSON.stringify(paths.get(path)) === JSON.stringify(entry)) return;
    paths.set(path, entry);
    this.#changed.add(kind);
  }

  forget(kind: string, path: string): void {
    if (this.#kinds.get(kind)?.delete(path)) this.#changed.add(kind);
  }

  /** Writes the kinds that have changed. */
  async save(): Promise<void> {
    for (const kind of this.#changed) {
      const paths = Object.fromEntries([...(this.#kinds.get(kind) ?? [])].sort(([a], [b]) => (a < b ? -1 : 1)));
      await this.#session.write(`${this.#mount}/state/${kind}`, { paths });
      this.#changed.delete(kind);
    }
  }
}
