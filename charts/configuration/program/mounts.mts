import { object, optional, parse, record, string } from '../../app/jobs/runtime/shape.mts';
import type { EnableOperation } from '../plan.ts';
import type { Report } from './report.mts';
import type { Session } from './session.mts';

interface Mount {
  readonly type: string;
  /** Audit devices have none. */
  readonly accessor: string | undefined;
  readonly options: Readonly<Record<string, string>> | undefined;
}

const lists = ['sys/auth', 'sys/mounts', 'sys/audit'] as const;
const listShape = object({
  data: record(object<Mount>({ type: string, accessor: optional(string), options: optional(record(string)) })),
});

/** What is mounted in Vault: auth methods, secrets engines, audit devices. */
export class Mounts {
  readonly #session: Session;
  readonly #found = new Map<string, Readonly<Record<string, Mount>>>();

  constructor(session: Session) {
    this.#session = session;
  }

  async load(): Promise<void> {
    for (const list of lists) {
      const text = await this.#session.read(list);
      this.#found.set(list, text === undefined ? {} : parse(text, listShape, `the answer to GET ${list}`).data);
    }
  }

  /** What stands where something else is wanted: nothing of it is ever removed. */
  conflicts(wanted: readonly EnableOperation[]): readonly string[] {
    return wanted.flatMap(({ at, name, body }) => {
      const found = this.#at(at, name);
      if (found === undefined) return [];
      const path = `${at}/${name}`;
      if (found.type !== body.type) return [`${path} is of type ${found.type}, not ${body.type}`];
      // what it was not told is Vault's default, as it is here
      const other = Object.entries(body.options ?? {}).find(([key, value]) => (found.options?.[key] ?? value) !== value);
      return other === undefined ? [] : [`${path} has the option ${other[0]} ${found.options?.[other[0]]}, not ${other[1]}`];
    });
  }

  /** Vault enables what is absent. */
  async enable({ at, name, body }: EnableOperation, report: Report, write: boolean): Promise<void> {
    const path = `${at}/${name.replace(/\/$/, '')}`;
    if (this.#at(at, name) !== undefined) return report.add('unchanged', path);
    if (write) await this.#session.write(path, body);
    report.add('created', path);
    if (write) await this.load();
  }

  /** The accessor of an auth method or a secrets engine, such as "auth/aws/". */
  accessor(path: string): string | undefined {
    return path.startsWith('auth/') ? this.#at('sys/auth', path.slice('auth/'.length))?.accessor : this.#at('sys/mounts', path)?.accessor;
  }

  #at(list: string, name: string): Mount | undefined {
    return this.#found.get(list)?.[name];
  }
}
