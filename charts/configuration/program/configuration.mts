import type { Lease } from '../../app/jobs/runtime/lease.mts';
import { object, parse, string } from '../../app/jobs/runtime/shape.mts';
import type { Say, Waiter } from '../../app/jobs/runtime/wait.mts';
import type { ConfigurationPlan, EnableOperation, Operation } from '../plan.ts';
import { Connector } from './connections.mts';
import { type Leaver, revokeTokens } from './leavers.mts';
import { Mounts } from './mounts.mts';
import { byRemoval, isRemovable, Pruner } from './prune.mts';
import { References } from './references.mts';
import { Report } from './report.mts';
import type { Secrets } from './secrets.mts';
import { Refused, type Session } from './session.mts';
import { State } from './state.mts';
import { Writer } from './writes.mts';

const policyAnswer = object({ data: object({ policy: string }) });

/** Whom the program talks to, and what it was told. */
export interface Surroundings {
  readonly plan: ConfigurationPlan;
  /** The operations of each file that the plan names. */
  readonly operations: ReadonlyMap<string, readonly Operation[]>;
  readonly session: Session;
  readonly secrets: Secrets;
  /** The text of a file of the pod. */
  readonly readFile: (path: string) => string;
  readonly lease: Lease;
  readonly waiter: Waiter;
  /** Whether it writes, or only reports what it would. */
  readonly write: boolean;
  readonly say: Say;
}

/** Brings a Vault to what `main.ts` says, a line for each thing, and says what is there besides. */
export class ConfigurationRun {
  readonly #with: Surroundings;
  readonly #report: Report;
  readonly #state: State;
  readonly #mounts: Mounts;
  readonly #writer: Writer;
  readonly #connector: Connector;
  readonly #removed: Leaver[] = [];

  constructor(surroundings: Surroundings) {
    this.#with = surroundings;
    const { plan, session, secrets, readFile, write, say } = surroundings;
    this.#report = new Report(say);
    this.#state = new State(session, plan.state);
    this.#mounts = new Mounts(session);
    const shared = { session, state: this.#state, secrets, write };
    this.#writer = new Writer({ ...shared, report: this.#report, references: new References(session, this.#mounts) });
    this.#connector = new Connector({ ...shared, readFile, writer: this.#writer });
  }

  async run(): Promise<void> {
    const { lease, waiter, session } = this.#with;
    // before the Lease: the init Job holds it while it makes the way in
    await session.login();
    await lease.take(waiter);
    try {
      await this.#apply();
    } finally {
      await lease.giveBack();
    }
    this.#with.say(`done: ${this.#report.summary()}`);
    if (this.#report.count('refused') > 0) throw new Error(`${this.#report.count('refused')} refused: see the lines above`);
    const differing = this.#report.count('created') + this.#report.count('changed') + this.#report.count('drifted');
    if (!this.#with.write && differing > 0) throw new Error(`${differing} paths are not as main.ts says: see the lines above`);
  }

  async #apply(): Promise<void> {
    const { operations, write, say } = this.#with;
    await this.#ownPolicies();
    await this.#mounts.load();
    const all = [...operations.values()].flat();
    const enabled = all.filter(operation => operation.do === 'enable');
    const conflicts = this.#mounts.conflicts(enabled);
    if (conflicts.length > 0) throw new Error(`nothing was changed: ${conflicts.join('; ')}`);
    await this.#enableState(enabled);
    await this.#state.load();
    await this.#policyOfState();
    const unfinished = this.#state.kinds.flatMap(kind =>
      this.#state.paths(kind).filter(path => this.#state.entry(kind, path)?.read === undefined),
    );
    if (unfinished.length > 0) say(`an earlier run left ${unfinished.length} paths unfinished: they are looked at again`);
    const managed = new Set(all.filter(operation => operation.do !== 'enable').map(operation => keyOf(pathOf(operation))));
    if (write) await this.#enterAll(all);
    for (const [file, list] of operations) {
      this.#with.lease.assertHeld();
      for (const operation of list) await this.#attempt(nameOf(operation), () => this.#carryOut(operation));
      say(`${file}: ${list.length} looked at`);
      if (write) await this.#state.save();
    }
    await this.#unmanaged(managed);
    await this.#leavers(all, managed);
    if (write) await this.#state.save();
  }

  /**
   * What this Job's own token may do, before it does it: policies are looked up at each request. What stood in `main.ts` before is known from the state alone, which
   * needs the policy: what an earlier run added to it stays until then.
   */
  async #ownPolicies(): Promise<void> {
    const { plan, session, write } = this.#with;
    for (const [name, policy] of Object.entries(plan.ownPolicies)) {
      const before = await this.#policy(name);
      const there = name === plan.state ? before?.startsWith(policy) : before === policy;
      if (there !== true && write) await session.write(`sys/policies/acl/${name}`, { policy });
      this.#report.add(there === true ? 'unchanged' : before === undefined ? 'created' : 'changed', `sys/policies/acl/${name}`);
    }
  }

  /** The same for engines that only the state knows. */
  async #policyOfState(): Promise<void> {
    const { plan, session, write } = this.#with;
    const base = plan.ownPolicies[plan.state] ?? '';
    const mounts = ['connection', 'database-role', 'static-role'].flatMap(kind =>
      this.#state.paths(kind).map(path => path.replace(/\/(config|roles|static-roles)\/[^/]*$/, '')),
    );
    const left = [...new Set(mounts)].filter(mount => !base.includes(`"${mount}/config/*"`)).sort();
    const policy = [base, ...left.map(mount => plan.databasePolicy.replaceAll('$MOUNT', mount))].join('\n');
    if (write && (await this.#policy(plan.state)) !== policy) await session.write(`sys/policies/acl/${plan.state}`, { policy });
  }

  async #policy(name: string): Promise<string | undefined> {
    const text = await this.#with.session.read(`sys/policies/acl/${name}`);
    return text === undefined ? undefined : parse(text, policyAnswer, `policy ${name}`).data.policy;
  }

  /** The mount of the state is the first of all. */
  async #enableState(enabled: readonly EnableOperation[]): Promise<void> {
    const own = enabled.find(({ at, name }) => at === 'sys/mounts' && name === `${this.#with.plan.state}/`);
    if (own !== undefined) await this.#mounts.enable(own, this.#report, this.#with.write);
  }

  /** Before the first write, so that what a run that was killed may have written is known to the next. */
  async #enterAll(all: readonly Operation[]): Promise<void> {
    for (const operation of all) {
      if (operation.do === 'enable') continue;
      const { kind, path } = pathOf(operation);
      if (this.#state.entry(kind, path) === undefined) this.#state.set(kind, path, {});
    }
    await this.#state.save();
  }

  async #carryOut(operation: Operation): Promise<void> {
    if (operation.do === 'connect') return this.#connector.run(operation);
    if (operation.do === 'write') return this.#writer.run(operation);
    if (operation.name !== `${this.#with.plan.state}/`) await this.#mounts.enable(operation, this.#report, this.#with.write);
  }

  /** What left `main.ts`: listed, or removed if told. */
  async #unmanaged(managed: ReadonlySet<string>): Promise<void> {
    const { plan, session, waiter, write } = this.#with;
    const pruner = new Pruner(session, waiter);
    const left = this.#state.kinds
      .flatMap(kind => this.#state.paths(kind).map(path => ({ kind, path })))
      .filter(each => !managed.has(keyOf(each)));
    for (const { kind, path } of left.sort(byRemoval)) {
      if (!(plan.prune && write && isRemovable(kind))) {
        this.#report.add('unmanaged', path);
        continue;
      }
      await this.#attempt(path, async () => {
        await pruner.remove(kind, path);
        this.#removed.push(...this.#principalsOf(kind, path));
        this.#state.forget(kind, path);
        this.#report.add('removed', path);
      });
    }
  }

  #principalsOf(kind: string, path: string): readonly Leaver[] {
    const [, mount = ''] = /^auth\/(.*)\/role\//.exec(path) ?? [];
    return (this.#state.entry(kind, path)?.principals ?? []).map(principal => ({ mount, principal }));
  }

  /** Those whom a role no longer names lose their tokens; only then the state forgets them. */
  async #leavers(all: readonly Operation[], managed: ReadonlySet<string>): Promise<void> {
    const { session, say, write } = this.#with;
    const roles = all.flatMap(operation =>
      operation.do === 'write' && operation.principals !== undefined && managed.has(keyOf(pathOf(operation)))
        ? [{ ...operation, principals: operation.principals }]
        : [],
    );
    const leavers = [
      ...this.#removed,
      ...roles.flatMap(({ kind, path, principals }) =>
        this.#principalsOf(kind, path).filter(({ principal }) => !principals.includes(principal)),
      ),
    ];
    if (leavers.length === 0 || !write) return;
    const revoked = await revokeTokens(session, leavers);
    say(`${leavers.length} principals left: ${revoked} of their tokens revoked`);
    for (const { kind, path, principals } of roles) {
      const entry = this.#state.entry(kind, path);
      if (entry !== undefined) this.#state.set(kind, path, { ...entry, principals: [...principals].sort() });
    }
  }

  /** One thing that Vault refuses keeps no other from being done. */
  async #attempt(what: string, act: () => Promise<void>): Promise<void> {
    try {
      await act();
    } catch (error) {
      if (!(error instanceof Refused)) throw error;
      this.#report.add('refused', what, error.message);
    }
  }
}

const pathOf = (operation: Exclude<Operation, EnableOperation>): { readonly kind: string; readonly path: string } =>
  operation.do === 'connect'
    ? { kind: 'connection', path: `${operation.mount}/config/${operation.name}` }
    : { kind: operation.kind, path: operation.readAt ?? operation.path };

const nameOf = (operation: Operation): string => (operation.do === 'enable' ? `${operation.at}/${operation.name}` : pathOf(operation).path);

const keyOf = ({ kind, path }: { readonly kind: string; readonly path: string }): string => `${kind} ${path}`;
