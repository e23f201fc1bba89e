import type { Lease } from '../../app/jobs/runtime/lease.mts';
import type { Look, Server, Servers } from '../../app/jobs/runtime/servers.mts';
import { NotYet, type Say, type Waiter } from '../../app/jobs/runtime/wait.mts';
import type { Backup } from './backup.mts';
import { compareVersions, notesBetween, versionOf, versionOfImage } from './versions.mts';

/** Whom the program talks to, and what it was told. */
export interface Surroundings {
  readonly servers: Servers;
  readonly backup: Backup;
  readonly lease: Lease;
  /** Every wait has an end: then it stops, and changes nothing more. */
  readonly waiter: Waiter;
  readonly say: Say;
  /** When the maintenance window ends, in milliseconds: no server is replaced after it. */
  readonly until?: number;
  /** Whether servers may be replaced by an older version. */
  readonly allowOlder: boolean;
  /** Milliseconds for which a server must not serve before it counts as broken: who has just begun to lead, or lost the active one, answers late. */
  readonly brokenAfter: number;
}

const serves = ({ role, leaving }: Server): boolean => !leaving && (role === 'active' || role === 'standby');

/**
 * Replaces servers whose pods are out of date, in HashiCorp's order: after a backup, standbys one at a time, the active one last, each only when all others
 * serve. What does not serve and is out of date goes first: the fix of a broken image must get through.
 */
export class Rollout {
  readonly #with: Surroundings;
  /** Since when servers have not served, by the uids of their pods. */
  #broken: ReadonlyMap<string, number> = new Map();

  constructor(surroundings: Surroundings) {
    this.#with = surroundings;
  }

  async run(): Promise<void> {
    const { lease, waiter, backup, say } = this.#with;
    await lease.take(waiter);
    try {
      const look = await waiter.until('a look at the servers', () => this.#look());
      say(`revision ${look.revision}, image ${look.image}: ${describe(look.servers)}`);
      if (look.servers.every(({ upToDate }) => upToDate) && look.servers.length >= look.replicas)
        return say('all servers are up to date: nothing to do');
      this.#assertStart(look);
      await backup.make(look.revision, waiter);
      const start = performance.now();
      let replaced = 0;
      for (let next = await this.#next(look.revision); next !== undefined; next = await this.#next(look.revision)) {
        if (this.#isOver) return say(`the maintenance window is over: ${next.name} and what follows waits for the next`);
        if (await this.#replace(next, look.revision)) replaced += 1;
      }
      say(`done: ${replaced} servers replaced in ${seconds(start)} s`);
    } finally {
      await lease.giveBack();
    }
  }

  get #isOver(): boolean {
    return Date.now() > (this.#with.until ?? Number.POSITIVE_INFINITY);
  }

  async #look(): Promise<Look> {
    const look = await this.#with.servers.look();
    if (look.replicas === 0) throw new Error('the StatefulSet has 0 replicas: nothing to replace');
    return look;
  }

  /** What must be so before the first server is touched. */
  #assertStart({ servers, image, replicas, table }: Look): void {
    const active = servers.filter(({ role, leaving }) => role === 'active' && !leaving);
    if (active.length > 1)
      throw new Error(
        `${active.map(({ name }) => name).join(' and ')} both say that they are active: nothing was changed. Look at their logs first`,
      );
    const broken = servers.filter(server => !server.upToDate && isBroken(server, servers));
    // with nobody active and nothing to be mended by replacing it, the order cannot be kept
    if (active.length === 0 && broken.length === 0 && replicas > 1)
      throw new Error(`no server is active (${describe(servers)}): nothing was changed. See docs/operations.md, "Symptoms"`);
    this.#with.backup.assertOf(table);
    this.#assertVersion(servers, image);
  }

  #assertVersion(servers: readonly Server[], image: string): void {
    const { say, allowOlder } = this.#with;
    const [before, after] = [newest(servers), versionOfImage(image)];
    if (before !== undefined && after !== undefined) {
      this.#assertNotOlder(before, after, 'nothing was changed');
      for (const note of notesBetween(before, after)) say(`note: ${note}`);
      return;
    }
    if (after === undefined && servers.some(({ version }) => versionOf(version) !== undefined)) {
      say(`the version of ${image} is not in its tag: it is compared when the first server has it`);
      return;
    }
    const what = `the version of ${before === undefined ? 'the servers' : image} cannot be told, neither by health nor by a tag`;
    if (!allowOlder) throw new Error(`${what}: nothing was changed. Set ALLOW_OLDER=true once you know that it is no older one`);
    say(`${what}: allowed by ALLOW_OLDER`);
  }

  #assertNotOlder(before: readonly number[], after: readonly number[], changed: string): void {
    if (compareVersions(after, before) >= 0) return;
    const what = `${after.join('.')} is older than ${before.join('.')}, which serves`;
    if (!this.#with.allowOlder)
      throw new Error(
        `${what}: ${changed}. Vault promises no way back: restore a backup that the older version made, or set ALLOW_OLDER=true`,
      );
    this.#with.say(`${what}: allowed by ALLOW_OLDER`);
  }

  /** The server to be replaced now, once all others are as they should be; undefined when all are up to date. */
  #next(revision: string): Promise<Server | undefined> {
    return this.#with.waiter.until('the servers to be as they should be', async () => {
      const look = await this.#look();
      if (look.revision !== revision)
        throw new Error(`the StatefulSet was changed again (revision ${look.revision}): run the rollout again`);
      const { servers, replicas } = look;
      const stale = servers.filter(({ upToDate }) => !upToDate);
      if (stale.length === 0 && servers.length === replicas && servers.every(serves)) return undefined;
      const stuck = servers.filter(server => server.upToDate && !serves(server));
      if (stuck.length > 0) throw new NotYet(`${describe(stuck)}, with the new revision`);
      // the controller is making one
      if (servers.length < replicas) throw new NotYet(`${servers.length} of ${replicas} pods are there`);
      const broken = this.#longBroken(stale, servers);
      if (broken !== undefined) return broken;
      const silent = stale.filter(server => !serves(server));
      if (silent.length > 0) throw new NotYet(describe(silent));
      if (servers.filter(({ role }) => role === 'active').length !== 1) throw new NotYet(`not one server is active: ${describe(servers)}`);
      this.#assertNewVersion(servers);
      return stale.find(({ role }) => role === 'standby') ?? stale[0];
    });
  }

  /** A server that is out of date and has been broken for long enough. */
  #longBroken(stale: readonly Server[], servers: readonly Server[]): Server | undefined {
    const now = performance.now();
    const broken = stale.filter(server => isBroken(server, servers));
    this.#broken = new Map(broken.map(({ uid }) => [uid, this.#broken.get(uid) ?? now]));
    return broken.find(({ uid }) => now - (this.#broken.get(uid) ?? now) >= this.#with.brokenAfter);
  }

  /** An image whose tag said nothing shows its version once a server runs it. */
  #assertNewVersion(servers: readonly Server[]): void {
    const [before, after] = [false, true].map(upToDate => newest(servers.filter(server => server.upToDate === upToDate)));
    if (before !== undefined && after !== undefined) this.#assertNotOlder(before, after, 'nothing more was changed');
  }

  /** Evicts a server, and waits until another has its place: of the new revision, unsealed, and one that serves. False where it was left alone. */
  async #replace(old: Server, revision: string): Promise<boolean> {
    const { waiter, say } = this.#with;
    const start = performance.now();
    say(`replacing ${old.name}, which is ${old.role}`);
    if (!(await this.#evict(old))) {
      say(`${old.name} is left alone for now: the servers have changed meanwhile, or the maintenance window is over`);
      return false;
    }
    let heard: number | undefined;
    await waiter.until(`${old.name} to serve with the new revision`, async () => {
      const look = await this.#look();
      const now = look.servers.find(({ name }) => name === old.name);
      if (now === undefined || now.uid === old.uid)
        throw new NotYet(now === undefined ? 'its pod is not made yet' : 'the old pod is still there');
      if (!now.upToDate) throw new Error(`${old.name} came back with another revision than ${revision}: run the rollout again`);
      heard ??= now.heard;
      if (!serves(now) || !now.ready) throw new NotYet(`it is ${now.role}${now.ready ? '' : ', not ready'}`);
      if (look.servers.filter(({ role }) => role === 'active').length !== 1) throw new NotYet('no server is active');
      // when it begins it pretends to have heard (vault, vault/request_forwarding_rpc.go): only a later time says that it reaches the active server
      if (now.role === 'standby' && now.heard !== undefined && now.heard < (heard ?? 0) + 1000)
        throw new NotYet('it has not heard from the active server yet');
    });
    say(`${old.name} serves with the new revision after ${seconds(start)} s`);
    return true;
  }

  /** Asks until its budget lets it go, and looks each time: another may lead by then. */
  #evict(old: Server): Promise<boolean> {
    const { servers, lease, waiter } = this.#with;
    return waiter.until(`${old.name} to be evicted`, async () => {
      if (this.#isOver) return false;
      const now = (await this.#look()).servers.find(({ uid }) => uid === old.uid);
      // an eviction whose answer was lost, or a drain
      if (now === undefined) return true;
      if (now.upToDate || now.role !== old.role) return false;
      await lease.confirm();
      await servers.evict(now);
      return true;
    });
  }
}

/** It serves nobody, and will not by itself. Standbys that are cut off only wait, where nobody is active. */
const isBroken = (server: Server, servers: readonly Server[]): boolean =>
  !serves(server) && (server.role !== 'cut off' || servers.some(({ role }) => role === 'active'));

const describe = (servers: readonly Server[]): string =>
  servers
    .map(({ name, role, upToDate, leaving }) => `${name} ${leaving ? 'leaving' : role}${upToDate ? '' : ', out of date'}`)
    .join('; ') || 'no pod';

/** The newest version that serves, or that is there where nobody serves: going below it is going back. */
function newest(servers: readonly Server[]): readonly number[] | undefined {
  const serving = servers.filter(serves);
  return (serving.length > 0 ? serving : servers)
    .flatMap(({ version, image }) => {
      const found = versionOf(version) ?? versionOfImage(image);
      return found === undefined ? [] : [found];
    })
    .sort((a, b) => compareVersions(b, a))[0];
}

const seconds = (start: number): string => ((performance.now() - start) / 1000).toFixed(1);
