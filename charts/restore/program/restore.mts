import type { Say, Waiter } from '../../app/jobs/runtime/wait.mts';
import type { RestorePlan } from '../plan.ts';
import type { Backups, Source } from './backups.mts';
import { whatToChange } from './report.mts';
import { type Settings, safe, type TableSettings } from './settings.mts';

/** Whom the program talks to, and what it was told. */
export interface Surroundings {
  readonly plan: RestorePlan;
  readonly backups: Backups;
  readonly settings: TableSettings;
  /** For answers that come at once, and for the restore itself, which takes as long as the table is large. */
  readonly waiter: Waiter;
  readonly patient: Waiter;
  readonly say: Say;
  /** "newest", the ARN of a backup, a time, or "now". */
  readonly from: string;
  /** The new table, or "auto" for one that has the time in its name. */
  readonly newTable: string;
  /** Whether the new table gets the settings of the one in use, or what is safe. */
  readonly bringsSettings: boolean;
}

/** Restores a backup into a new table, which gets what a restore loses. Neither the table that is there nor a pod is touched. */
export class Restore {
  readonly #with: Surroundings;

  constructor(surroundings: Surroundings) {
    this.#with = surroundings;
  }

  async run(): Promise<void> {
    const { plan, backups, settings, waiter, patient, say } = this.#with;
    const { table, tableArn } = plan.source;
    const into = this.#newTable();
    const kept = (await this.#settings()) ?? safe;
    if ((await waiter.until(`an answer about table ${into}`, () => backups.state(into))) === undefined)
      await backups.restore(await this.#source(), into, kept, waiter, patient);
    else {
      say(`table ${into} is there: an earlier run ordered it, and this one goes on`);
      await backups.finished(into, patient);
    }
    await settings.bring(kept, table, into, tableArn.replace(/[^/]+$/, into), waiter);
    say(`done: table ${into} is whole. Nothing uses it yet`);
    for (const line of whatToChange(plan, into, kept)) say(line);
  }

  async #settings(): Promise<Settings | undefined> {
    const { plan, settings, waiter, say, bringsSettings } = this.#with;
    const { table } = plan.source;
    const found = bringsSettings ? await waiter.until(`the settings of table ${table}`, () => settings.read(table)) : undefined;
    if (found === undefined)
      say(
        `${bringsSettings ? `table ${table} is gone: its tags, policy, scaling, alarms and key are not known` : 'SETTINGS=false'}. The new table gets what is safe`,
      );
    return found;
  }

  async #source(): Promise<Source> {
    const { from, backups, waiter } = this.#with;
    if (from === 'newest') return backups.newest(waiter);
    if (from === 'now') return { kind: 'time', at: 'now' };
    if (from.startsWith('arn:')) return backups.named(from, waiter);
    // a time without a zone is another one on another machine
    const at = /^\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d)?(Z|[+-]\d\d:\d\d)$/.test(from) ? Date.parse(from) : Number.NaN;
    if (Number.isNaN(at))
      throw new Error(`FROM is ${from}: write newest, now, the ARN of a backup, or a time with its zone such as 2026-11-26T03:00:00Z`);
    return { kind: 'time', at: Math.floor(at / 1000) };
  }

  #newTable(): string {
    const { newTable, plan } = this.#with;
    const name =
      newTable === 'auto'
        ? `${plan.prefix}${new Date()
            .toISOString()
            .replace(/^\d\d|[-:]|\.\d+Z$/g, '')
            .toLowerCase()}`
        : newTable;
    if (!name.startsWith(plan.prefix) || !/^[a-z0-9]+$/.test(name.slice(plan.prefix.length)))
      throw new Error(
        `NEW_TABLE is ${newTable}: write ${plan.prefix} and small letters and digits behind it, since the role may make no other`,
      );
    // DynamoDB Developer Guide, "Naming rules"
    if (name.length > 255) throw new Error(`${name} is longer than the 255 characters that a table's name may have: set NEW_TABLE`);
    return name;
  }
}
