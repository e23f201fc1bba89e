import { list, object, optional, parse, string } from '../../app/jobs/runtime/shape.mts';
import { NotYet, type Waiter } from '../../app/jobs/runtime/wait.mts';
import type { Kind } from '../plan.ts';
import { Refused, type Session } from './session.mts';

/** What may go, in the order in which it can: nothing that holds data. */
const removable: readonly Kind[] = ['auth-role', 'group', 'static-role', 'database-role', 'connection', 'policy', 'password-policy'];

export const isRemovable = (kind: string): boolean => (removable as readonly string[]).includes(kind);

export const byRemoval = (a: { readonly kind: string }, b: { readonly kind: string }): number =>
  (removable as readonly string[]).indexOf(a.kind) - (removable as readonly string[]).indexOf(b.kind);

const keysShape = object({ data: object({ keys: list(string) }) });
const roleShape = object({ data: object({ db_name: optional(string) }) });

/** Removes what an earlier run made. What users hold by it ends first; where it does not, the thing stays. */
export class Pruner {
  readonly #session: Session;
  readonly #waiter: Waiter;

  constructor(session: Session, waiter: Waiter) {
    this.#session = session;
    this.#waiter = waiter;
  }

  async remove(kind: string, path: string): Promise<void> {
    if (kind === 'database-role') await this.#endLeases(path.replace('/roles/', '/creds/'));
    if (kind === 'connection') await this.#assertUnused(path);
    await this.#session.delete(path);
  }

  /** Users of a database that were made by a role go before the role: without it, nothing would know how. */
  async #endLeases(prefix: string): Promise<void> {
    const count = async () => (await this.#keys(`sys/leases/lookup/${prefix}`)).length;
    if ((await count()) === 0) return;
    await this.#session.write(`sys/leases/revoke-prefix/${prefix}`, {});
    try {
      await this.#waiter.until(`the leases of ${prefix} to end`, async () => {
        const left = await count();
        if (left > 0) throw new NotYet(`${left} left`);
      });
    } catch (error) {
      throw new Refused((error as Error).message);
    }
  }

  async #assertUnused(path: string): Promise<void> {
    const [, mount = '', name = ''] = /^(.*)\/config\/(.*)$/.exec(path) ?? [];
    const using: string[] = [];
    for (const roles of ['roles', 'static-roles'])
      for (const role of await this.#keys(`${mount}/${roles}`)) {
        const text = await this.#session.read(`${mount}/${roles}/${role}`);
        if (text !== undefined && parse(text, roleShape, `${roles}/${role}`).data.db_name === name) using.push(`${roles}/${role}`);
      }
    if (using.length > 0) throw new Refused(`in use by ${using.join(', ')}`);
  }

  async #keys(path: string): Promise<readonly string[]> {
    const text = await this.#session.read(`${path}?list=true`);
    return text === undefined ? [] : parse(text, keysShape, `the list of ${path}`).data.keys;
  }
}
