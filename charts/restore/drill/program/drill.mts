import type { Lease } from '../../../app/jobs/runtime/lease.mts';
import { anything, boolean, object, parse, string } from '../../../app/jobs/runtime/shape.mts';
import { Stopped } from '../../../app/jobs/runtime/stop.mts';
import { login, type Vault, vaultErrors } from '../../../app/jobs/runtime/vault.mts';
import { NotYet, type Say, type Waiter } from '../../../app/jobs/runtime/wait.mts';
import { type Backups, describe } from '../../program/backups.mts';
import { safe } from '../../program/settings.mts';
import type { DrillPlan } from '../plan.ts';
import type { DrillServer } from './drill-server.mts';
import type { ScratchTable } from './scratch-table.mts';

/** Whom the program talks to, and what it was told. */
export interface Surroundings {
  readonly plan: DrillPlan;
  readonly backups: Backups;
  readonly scratch: ScratchTable;
  readonly server: DrillServer;
  readonly production: Vault;
  /** The drill's Vault, once its pod has an address. */
  readonly at: (address: string) => Vault;
  /** The ServiceAccount token by which the Job logs in to both. */
  readonly token: () => string;
  readonly lease: Lease;
  /** For answers that come soon, and for the restore. */
  readonly waiter: Waiter;
  readonly patient: Waiter;
  readonly say: Say;
}

/** What must be the same in a Vault and in its copy. */
interface Identity {
  readonly clusterId: string;
  /** What the canary holds; it is compared and never said. */
  readonly canary: string;
}

const health = object({ initialized: boolean, sealed: boolean, cluster_id: string });

/** Restores the newest backup into a table that is deleted again, starts a Vault on it that can hurt nobody, and sees whether it is alive. */
export class Drill {
  readonly #with: Surroundings;

  constructor(surroundings: Surroundings) {
    this.#with = surroundings;
  }

  async run(): Promise<void> {
    const { lease, waiter } = this.#with;
    await lease.take(waiter);
    try {
      await this.#drill();
    } finally {
      await lease.giveBack();
    }
  }

  async #drill(): Promise<void> {
    const { plan, backups, scratch, server, production, at, lease, waiter, patient, say } = this.#with;
    const start = performance.now();
    // what a drill left that was killed, however production is: its Vault holds what production's does
    await this.#clean();
    const original = await this.#identity('production', production);
    const source = await backups.newest(waiter);
    try {
      await backups.restore(source, plan.scratch, safe, waiter, patient);
      await scratch.makeHarmless(waiter);
      // another drill may have come while the API server was away, and have restored the table anew
      await lease.confirm();
      const copy = await this.#identity('the drill', at(await server.start(waiter)));
      if (copy.clusterId !== original.clusterId)
        throw new Error(`the backup is of another Vault: its cluster_id is ${copy.clusterId}, that of production ${original.clusterId}`);
      if (copy.canary !== original.canary) throw new Error(`${plan.canary} holds something else in the backup than in production`);
    } catch (error) {
      say(`the drill failed: ${(error as Error).message}`);
      // told to stop there is no time to wait, nor AWS to call: the next drill deletes the table
      if (error instanceof Stopped) await server.scale(0);
      // else the table and the Vault are those of another drill
      else if (!lease.lost) await this.#clean();
      throw error;
    }
    await this.#clean();
    say(`passed: ${describe(source)} is a Vault that is alive, after ${((performance.now() - start) / 1000).toFixed(0)} s`);
  }

  /** Unsealed, who it is, and what a login of its own reads. */
  async #identity(name: string, vault: Vault): Promise<Identity> {
    const { plan, token, waiter, say } = this.#with;
    const { cluster_id: clusterId } = await waiter.until(`the Vault of ${name} to be unsealed`, () =>
      vault.read('sys/health', undefined, health),
    );
    const own = await waiter.until(`a login to the Vault of ${name}`, () => login(vault, plan.login.mount, plan.login.role, token()));
    const canary = await waiter.until(`${plan.canary} in the Vault of ${name}`, async () => {
      const answer = await vault.call('GET', plan.canary, { token: own });
      if (answer.status === 404) throw new Error(`there is nothing at ${plan.canary} in the Vault of ${name}: write a canary there`);
      if (answer.status !== 200) throw new NotYet(`Vault answered ${answer.status} (${vaultErrors(answer)})`);
      return JSON.stringify(parse(answer.text, object({ data: anything }), 'the canary').data);
    });
    await waiter.until(`the token of ${name} to be revoked`, () => vault.write('auth/token/revoke-self', {}, own));
    say(`the Vault of ${name} is unsealed, is cluster ${clusterId}, and lets the drill read ${plan.canary}`);
    return { clusterId, canary };
  }

  async #clean(): Promise<void> {
    const { server, scratch, waiter } = this.#with;
    await server.stop(waiter);
    await scratch.remove(waiter);
  }
}
