import type { Lease } from '../../app/jobs/runtime/lease.mts';
import type { Pod } from '../../app/jobs/runtime/pod.mts';
import { boolean, object } from '../../app/jobs/runtime/shape.mts';
import type { Stop } from '../../app/jobs/runtime/stop.mts';
import { LoginRefused, login, lookupSelf, type Vault, vaultErrors } from '../../app/jobs/runtime/vault.mts';
import { NotYet, type Say, type Waiter } from '../../app/jobs/runtime/wait.mts';
import type { InitPlan } from '../plan.ts';
import { establish } from './admin-path.mts';
import { parseAnswer } from './answer.mts';
import type { DisruptionBudget } from './budget.mts';
import type { Custody, Holding } from './custody.mts';
import type { KeptAnswer } from './kept.mts';
import { type Progress, type RunRecord, readRecord, unfinished, writeRecord } from './record.mts';
import { rivals } from './rivals.mts';
import { RootTokens } from './root-tokens.mts';

/** Whom the program talks to, and what it was told. */
export interface Surroundings {
  readonly plan: InitPlan;
  readonly pod: Pod;
  readonly vault: Vault;
  readonly custody: Custody;
  readonly lease: Lease;
  readonly budget: DisruptionBudget;
  readonly kept: KeptAnswer;
  readonly waiter: Waiter;
  readonly stop: Stop;
  readonly say: Say;
}

const initState = object({ initialized: boolean });

/**
 * Initialises Vault once, brings the recovery keys into custody, makes an admin path, and revokes the root token.
 *
 * Vault's answer exists once in the world until custody has it: nothing comes before that, and nothing is printed of it.
 */
export class InitRun {
  readonly #with: Surroundings;
  readonly #rootTokens: RootTokens;

  constructor(surroundings: Surroundings) {
    this.#with = surroundings;
    const { vault, waiter, say } = surroundings;
    this.#rootTokens = new RootTokens(vault, waiter, say, () => this.#login());
  }

  async run(): Promise<void> {
    const { kept, lease, waiter, say, budget } = this.#with;
    if (kept.text !== undefined) await this.#storeKept(kept.text);
    // after a kept answer is in custody: a Lease that another holds must not delay it
    await lease.take(waiter);
    try {
      if (kept.text === undefined) await budget.release(waiter);
      const holding = await waiter.until('a valid answer from custody', () => this.#with.custody.holds());
      const initialised = await waiter.until(`a valid answer from ${this.#with.vault.address}`, () => this.#initialised());
      say(`Vault initialised: ${initialised ? 'yes' : 'no'}; keys in custody: ${holding}`);
      if (!initialised) await this.#initialise(holding);
      else if (kept.text !== undefined) await this.#finish(kept.text);
      else await this.#lookAfter(holding);
      say('done');
    } finally {
      await lease.giveBack();
    }
  }

  /** An earlier container of this pod initialised Vault and died before it was done. */
  async #storeKept(answer: string): Promise<void> {
    const { custody, waiter, say } = this.#with;
    say('this pod kept the answer of the initialisation: custody comes before all else');
    this.#holdOn();
    // without end: where the Job was deleted, no container follows this one
    const holding = await waiter.withoutLimit('a valid answer from custody', () => custody.holds());
    if (holding !== 'all') await this.#store(answer);
  }

  async #initialise(holding: Holding): Promise<void> {
    const { plan, kept, custody, lease, waiter, budget, say } = this.#with;
    if (kept.text !== undefined)
      throw new Error(
        'this Vault is not initialised, but this pod initialised one: it reads another table than before, or its table was emptied. Nothing was done',
      );
    if (holding === 'all' || holding === 'some')
      throw new Error(
        `${custody.name} holds recovery keys, but this Vault is not initialised: it reads another table than before, or its table was emptied. Nothing was done; see docs/operations.md, "Custody holds keys"`,
      );
    if (plan.adopt)
      throw new Error('adopt is true, but this Vault is not initialised: it reads another table than the one to adopt. Nothing was done');
    const before = readRecord(lease);
    if (holding === 'unknown' && (before?.progress === 'keys in custody' || before?.progress === 'done'))
      throw new Error(
        `the run of ${before.pod}, since ${before.since}, initialised this Vault, but it is not initialised now: it reads another table than before, or its table was emptied. Nothing was done; see docs/operations.md, "Custody holds keys"`,
      );
    await waiter.until('other init Jobs to be gone', () => this.#assertAlone());
    await budget.protect(waiter);
    await waiter.until('custody to take a write', () => custody.prove(plan.largestAnswer));
    await this.#record('asked Vault to initialise');
    lease.assertHeld();
    say('custody takes writes; initialising Vault');
    const answer = await this.#request(unfinished(before));
    say('Vault is initialised; bringing the recovery keys into custody');
    await this.#store(answer);
    await this.#record('keys in custody');
    await this.#finish(answer);
  }

  async #assertAlone(): Promise<void> {
    const { pod, plan } = this.#with;
    const others = await rivals(pod.kubernetes, plan.budget.pods, { uid: pod.variable('JOB_UID'), keys: plan.keys });
    if (others.length > 0)
      throw new NotYet(
        `${others.join(', ')} would make other keys, or bring them elsewhere. Delete what main.ts no longer makes: kubectl delete job ${others.join(' ')}, or this one, ${pod.variable('JOB_NAME')}`,
      );
  }

  /** Asks Vault to initialise, and keeps what it answers. `again`: an earlier container may have asked, and its request may still run. */
  async #request(again: boolean): Promise<string> {
    const { vault, kept, plan, stop, say } = this.#with;
    stop.signal.throwIfAborted();
    this.#holdOn();
    const waiting = setInterval(() => say('Vault has not answered the request to initialise yet'), 60_000);
    let said: string;
    let answered = false;
    try {
      // no time limit: an answer that is not waited for is lost for good
      const answer = await vault.call('PUT', 'sys/init', {
        body: plan.request,
        timeout: 'none',
        // one server only may be initialised, ever
        followRedirects: false,
        // only what comes with 200 may hold keys; a refusal, Vault's or a proxy's, does not
        onData: (status, chunk) => status === 200 && kept.append(chunk),
      });
      answered = true;
      said = `Vault answered ${answer.status} (${answer.status === 200 ? 'without a word' : vaultErrors(answer)})`;
    } catch (error) {
      said = (error as Error).message;
    } finally {
      clearInterval(waiting);
    }
    kept.complete();
    if (kept.text !== undefined) return kept.text;
    stop.permit();
    return this.#explainRefusal(said, answered && !again);
  }

  /**
   * Vault writes its keyring, seals it by KMS, and unseals before it answers: whatever it answered, only the question tells what came of it. `over`: no request
   * of this Job can still be at work in Vault.
   */
  async #explainRefusal(said: string, over: boolean): Promise<never> {
    const { waiter } = this.#with;
    const what = 'the request to initialise did not bring keys';
    let initialised: boolean;
    try {
      initialised = await waiter.until('a valid answer about what came of it', () => this.#initialised());
    } catch {
      throw new Error(`${what}: ${said}. Vault may be initialised all the same: see docs/operations.md, "The one loss"`);
    }
    const byAnother = initialised && over && said.includes('Vault is already initialized');
    // later runs then do not take what somebody else makes of it for what this one left undone
    if (over && (!initialised || byAnother)) await this.#record('refused');
    if (!initialised) throw new Error(`${what}: ${said}. Vault is not initialised`);
    throw new Error(
      byAnother
        ? `${what}: ${said}. Somebody else initialised it a moment ago, and holds its recovery keys`
        : `${what}: ${said}. But Vault is initialised now, and nobody holds its recovery keys: see docs/operations.md, "The one loss"`,
    );
  }

  async #store(answer: string): Promise<void> {
    const { custody, waiter, say } = this.#with;
    const proof = await waiter.withoutLimit('custody to take the recovery keys, without end', () => custody.store(answer));
    say(`the recovery keys are in custody: ${proof}`);
  }

  /** The keys are in custody. What is left needs the root token of the answer. */
  async #finish(text: string): Promise<void> {
    const { plan, vault, custody, budget, waiter, stop, say, pod } = this.#with;
    await budget.release(waiter);
    const answer = parseAnswer(text);
    if (answer === undefined)
      throw new Error(
        `the answer to the initialisation is not whole; what came of it is in ${custody.name}. See docs/operations.md, "The one loss"`,
      );
    if (plan.rootToken !== 'encrypted') {
      const { root_token: root } = answer;
      stop.forbid(() => 'told to stop, but a root token is live: making the admin path and revoking it first');
      await waiter.until('Vault to unseal itself', () => this.#unsealed());
      // dead where an earlier container had come as far as revoking it
      const alive = await waiter.until('a valid answer about the root token', () => lookupSelf(vault, root));
      if (alive !== undefined)
        await waiter.until('the audit device and the admin path', () => establish(vault, plan.writes, pod.namespace, root));
      await waiter.until('a login through the admin path', () => this.#login());
      say('a login through the admin path succeeded');
      if (plan.rootToken === 'revoke') {
        if (alive !== undefined) await waiter.until('the root token to be revoked', () => this.#revoke(root));
        await this.#revokeAll();
      }
    }
    await this.#record('done');
    this.#with.kept.forget();
    stop.permit();
  }

  /** Vault was initialised before this run, by whomever. What may be said depends on who that was, and on what still works. */
  async #lookAfter(holding: Holding): Promise<void> {
    const { plan, custody, lease, say } = this.#with;
    const before = readRecord(lease);
    if (plan.login === undefined) return this.#lookAfterEncrypted(holding, before);
    if (!(await this.#admitted())) throw new Error(this.#withoutAdminPath(holding, before));
    say('a login through the admin path succeeded');
    if (plan.rootToken === 'revoke') {
      if (unfinished(before) && !plan.adopt) {
        say(`the run of ${before.pod}, since ${before.since}, ended before it had revoked its root token`);
        await this.#revokeAll();
      } else await this.#rootTokens.name();
    }
    if (holding !== 'all' && !plan.adopt)
      throw new Error(
        `Vault is in use: a login through the admin path works. But ${custody.name} holds ${none(holding)} its recovery keys: an earlier Job brought them elsewhere, or people hold them. Bring them there by hand, or set adopt: true; see docs/operations.md, "Keys in other custody"`,
      );
    if (unfinished(before)) await this.#record('done');
    say(
      'what admin names is written when Vault is initialised, and not changed by this Job: see docs/operations.md, "Changing the admin path"',
    );
  }

  /** Nobody can ask such a Vault: its root token went to the owner of a PGP key. */
  async #lookAfterEncrypted(holding: Holding, before: RunRecord | undefined): Promise<void> {
    const { plan, custody, say } = this.#with;
    if (holding === 'all' || plan.adopt) return;
    if (holding === 'unknown' && before !== undefined && before.progress !== 'asked Vault to initialise') {
      say(`the recovery keys, encrypted, are in the log of pod ${before.pod}, since ${before.since}`);
      if (unfinished(before)) await this.#record('done');
      return;
    }
    throw new Error(
      before === undefined
        ? `Vault is initialised, but no run of this Job did it, and ${custody.name} holds ${none(holding)} its recovery keys. Whoever initialised it may hold them: if so, set adopt: true; if nobody does, see docs/operations.md, "The one loss"`
        : `Vault is initialised, and ${none(holding)} its recovery keys came into ${custody.name}: the run of ${before.pod}, since ${before.since}, ended while it initialised, unless that pod is still there: then leave it alone. If its log does not hold them, nobody holds its recovery keys: see docs/operations.md, "The one loss"`,
    );
  }

  #withoutAdminPath(holding: Holding, before: RunRecord | undefined): string {
    const { plan, custody } = this.#with;
    const refused = 'no login through the admin path works';
    if (holding === 'all')
      return unfinished(before)
        ? `Vault is initialised, but ${refused}: an earlier run ended before it was made. A root token is live: ${custody.rootTokenPlace}. See docs/operations.md, "A live root token"`
        : `Vault is initialised, its keys are in custody, but ${refused}: it was changed or taken away since. See docs/operations.md, "A live root token"`;
    if (plan.adopt)
      return `Vault is adopted, but ${refused}, and this Job has no token to make it with: see docs/operations.md, "Adopting a Vault"`;
    if (!unfinished(before))
      return `Vault is initialised, but ${refused}, and ${custody.name} holds ${none(holding)} its recovery keys. No run of this Job left them unstored, so others may hold them and use this Vault: if so, set adopt: true, see docs/operations.md, "Adopting a Vault"`;
    return `Vault is initialised, but nobody holds its recovery keys: the run of ${before.pod}, since ${before.since}, ended before ${custody.name} had them (it holds ${none(holding)} them), and ${refused}. If that pod is still there, it holds them: leave it alone. Else see docs/operations.md, "The one loss"`;
  }

  /** Whether this Job's own login works. An API server that is away makes a good login fail: only a no that stays is one. */
  async #admitted(): Promise<boolean> {
    const { waiter } = this.#with;
    for (let refusals = 0; refusals < 5; refusals++) {
      const refused = await waiter.until('a valid answer about a login through the admin path', () =>
        this.#login().then(
          () => undefined,
          (error: unknown) => {
            if (error instanceof LoginRefused) return error;
            throw error;
          },
        ),
      );
      if (refused === undefined) return true;
      this.#with.say(refused.message);
      await waiter.moment();
    }
    return false;
  }

  async #revoke(root: string): Promise<void> {
    const { vault } = this.#with;
    const answer = await vault.call('PUT', 'auth/token/revoke-self', { token: root });
    if (answer.status !== 204 && answer.status !== 403) throw new NotYet(`Vault answered ${answer.status} (${vaultErrors(answer)})`);
    if ((await lookupSelf(vault, root)) !== undefined) throw new NotYet('the root token still lives');
    this.#with.say('the root token of the initialisation is revoked');
  }

  async #revokeAll(): Promise<void> {
    await this.#rootTokens.revokeAll();
    this.#with.say('no root token is left');
  }

  #login(): Promise<string> {
    const { plan, vault, pod } = this.#with;
    if (plan.login === undefined) throw new Error('this Job has no way in');
    return login(vault, plan.login.mount, plan.login.role, pod.vaultToken);
  }

  /** Only a valid answer counts: an error is never "not initialised". */
  async #initialised(): Promise<boolean> {
    return (await this.#with.vault.read('sys/init', undefined, initState)).initialized;
  }

  /** Vault API documentation, "/sys/health": 200 for the active server and, with standbyok, for a standby. */
  async #unsealed(): Promise<void> {
    const { status } = await this.#with.vault.call('GET', 'sys/health?standbyok=true');
    if (status !== 200) throw new NotYet(`its health is ${status}`);
  }

  /** Writes how far the initialisation has come, under the name of the pod that began it. */
  #record(progress: Progress): Promise<void> {
    const { lease, waiter, pod } = this.#with;
    const begun = progress === 'asked Vault to initialise' ? undefined : readRecord(lease);
    return writeRecord(lease, waiter, { progress, pod: begun?.pod ?? pod.name, since: begun?.since ?? new Date().toISOString() });
  }

  /** From here on this pod may hold the only copy of the keys. */
  #holdOn(): void {
    const { custody, plan, stop } = this.#with;
    stop.forbid(() => {
      const grace = new Date(Date.now() + plan.gracePeriodSeconds * 1000);
      const identityEnds = endOfIdentity(custody);
      const [until, why] =
        identityEnds !== undefined && identityEnds < grace
          ? [identityEnds, 'this pod’s identity ends']
          : [grace, 'this pod’s grace period ends'];
      return `told to stop, but this pod holds the only copy of the recovery keys: storing them first. Custody must take them by ${until.toISOString()}, when ${why}`;
    });
  }
}

/** Undefined too where it cannot be read: it only words a message, and must not end the program that holds the keys. */
function endOfIdentity(custody: Custody): Date | undefined {
  try {
    return custody.identityEnds;
  } catch {
    return undefined;
  }
}

const none = (holding: Holding): string => (holding === 'some' ? 'only some of' : holding === 'unknown' ? 'perhaps none of' : 'none of');
