import { expect } from '@jest/globals';
import { type IamRole, VaultLockWatch, type VaultLockWatchProps, type VaultServer } from '../../../charts';
import type { Manifest } from '../../support/render';
import type { TestCa } from './certificates';
import { enforceIam, Installation, isReady, kubectl } from './cluster';
import { eventually } from './shell';
import { standIn } from './stack';

/** Three servers and the watcher of their lock. */
export class WatchedInstallation extends Installation {
  dist = '';
  root = '';
  private charts: { readonly vault: VaultServer; readonly role: IamRole } | undefined;

  get serverRole(): IamRole {
    return this.made.vault.role;
  }

  /** The watcher's role. A stand-in for AWS knows no fine-grained access to a table, and takes a condition on it for one that does not hold. */
  get watcherRole(): IamRole {
    const { role } = this.made;
    const statements = role
      .statements()
      .map(({ conditions, ...rest }) => ({ ...rest, ...(standIn || conditions === undefined ? {} : { conditions }) }));
    return Object.assign(Object.create(role), { statements: () => statements });
  }

  /** From nothing to three servers that are initialised, under a watcher that runs. */
  async start(ca: TestCa, props: Partial<VaultLockWatchProps> = {}): Promise<void> {
    await this.remove();
    let watch: VaultLockWatch | undefined;
    const { vault, dist } = this.synth({}, (app, server) => {
      watch = new VaultLockWatch(app, 'lock-watch', { vault: server, role: `${this.namespace}-lock-watch`, ...props });
    });
    if (watch?.role === undefined) throw new Error('no role');
    this.dist = dist;
    this.charts = { vault, role: watch.role };
    await this.makeAws(vault);
    await this.makeRole(this.watcherRole);
    await enforceIam();
    await this.makePrerequisites(vault, ca);
    await kubectl(['apply', '-k', dist]);
    const made = await eventually('vault-0 to answer', 120, () => this.exec('vault-0', ['vault', 'operator', 'init', '-format=json']));
    this.root = JSON.parse(made.stdout).root_token;
    await this.settled(3);
    await eventually('the watcher to run', 60, async () => expect(isReady(await this.watcher())).toBe(true));
  }

  /** The watcher's pod. */
  async watcher(): Promise<Manifest> {
    return (await this.get('pods', '-l', 'app.kubernetes.io/component=lock-watch')).items[0];
  }

  /** What the watcher said. */
  async said(): Promise<string> {
    return (await this.kubectl(['logs', 'deploy/vault-lock-watch', '--tail=-1'])).stdout;
  }

  /** Makes the active server keep the lock without leading, as it was seen: it cannot give the lock back, and goes on renewing it. */
  async stickLock(active: string): Promise<void> {
    await this.allow(this.serverRole, 'dynamodb:DeleteItem');
    await this.vault(active, this.root, ['operator', 'step-down']);
    await this.nobodyLeads();
    await this.allow(this.serverRole);
  }

  nobodyLeads(): Promise<void> {
    return eventually('nobody to lead', 60, async () =>
      expect((await this.pods()).filter(({ metadata }) => metadata.labels['vault-active'] === 'true')).toEqual([]),
    );
  }

  private get made() {
    if (this.charts === undefined) throw new Error('not started');
    return this.charts;
  }
}
