import { KustomizeApp, VaultRestore, VaultServer } from '../../../charts';
import { startRestore } from '../../../charts/restore/program/start.mts';
import { FakeTables } from '../../support/fakes/fake-tables';
import { JobPod, type Ran, renderedOnce } from '../../support/job-pod';
import { minimal, objectsOf } from '../../support/render';

/** The restore Job's pod, and a fake of AWS beside it. */
export class RestorePod extends JobPod {
  readonly aws = new FakeTables();

  static async create(): Promise<RestorePod> {
    const pod = new RestorePod('vault-restore');
    await pod.aws.listen();
    pod.take(
      renderedOnce(RestorePod, () => {
        const app = new KustomizeApp();
        new VaultRestore(app, 'restore', { vault: new VaultServer(app, 'vault', minimal) });
        return objectsOf(app.render());
      }),
    );
    return pod;
  }

  run(env: Readonly<Record<string, string>> = {}): Promise<Ran> {
    return this.runProgram(
      (...[variables, stop, say, elsewhere]) => startRestore(variables, stop, say, { ...elsewhere, endpoint: () => this.aws.address }),
      env,
    );
  }

  override remove(): void {
    this.aws.close();
    super.remove();
  }
}
