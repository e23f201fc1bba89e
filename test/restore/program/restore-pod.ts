import { KustomizeApp, VaultRestore, VaultServer } from '../../../charts';
import { startRestore } from '../../../charts/restore/program/start.mts';
import { FakeTables } from '../../support/fakes/fake-tables';
import { JobPod, type Ran } from '../../support/job-pod';
import { minimal, objectsOf } from '../../support/render';

/** The restore Job's pod, and a fake of AWS beside it. */
export class RestorePod {
  private constructor(
    private readonly pod: JobPod,
    readonly aws: FakeTables,
  ) {}

  static async create(): Promise<RestorePod> {
    const app = new KustomizeApp();
    new VaultRestore(app, 'restore', { vault: new VaultServer(app, 'vault', minimal) });
    const aws = new FakeTables();
    await aws.listen();
    return new RestorePod(new JobPod(objectsOf(app.render()), 'vault-restore'), aws);
  }

  run(env: Readonly<Record<string, string>> = {}): Promise<Ran> {
    const { root } = this.pod;
    const pace = { giveUpAfter: 200, shortest: 2, longest: 10 };
    return this.pod.run((...args) => startRestore(...args, { root, pace, endpoint: () => this.aws.address }), env);
  }

  remove(): void {
    this.aws.close();
    this.pod.remove();
  }
}
