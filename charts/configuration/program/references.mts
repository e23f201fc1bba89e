import { object, parse, string } from '../../app/jobs/runtime/shape.mts';
import type { Mounts } from './mounts.mts';
import { Refused, type Session } from './session.mts';

const group = object({ data: object({ id: string }) });

/** What only a running Vault knows, as it stands in a request: the accessor of a mount, the id of a group. */
export class References {
  readonly #session: Session;
  readonly #mounts: Mounts;

  constructor(session: Session, mounts: Mounts) {
    this.#session = session;
    this.#mounts = mounts;
  }

  /** The value with every reference replaced. */
  async resolve<T>(value: T): Promise<T> {
    let text = JSON.stringify(value);
    for (const [reference, kind, name = ''] of new Set(text.matchAll(/\$(accessor|groupId)\(([^)]+)\)/g)))
      text = text.replaceAll(reference, kind === 'accessor' ? this.#accessor(name) : await this.#groupId(name));
    return JSON.parse(text) as T;
  }

  #accessor(path: string): string {
    const accessor = this.#mounts.accessor(path);
    if (accessor === undefined) throw new Refused(`nothing is mounted at ${path}`);
    return accessor;
  }

  async #groupId(name: string): Promise<string> {
    const text = await this.#session.read(`identity/group/name/${name}`);
    if (text === undefined) throw new Refused(`there is no group ${name}`);
    return parse(text, group, `group ${name}`).data.id;
  }
}
