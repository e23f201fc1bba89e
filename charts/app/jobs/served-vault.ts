import type { IConstruct } from 'constructs';
import { environmentFolder, KustomizeFolder } from '../kustomize/kustomize-folder';
import type { Part } from '../validation/part';
import type { Problems } from '../validation/problems';
import type { IVault } from '../vault';

/** The Vault that a chart's Job serves: in the same environment, and with a name that leaves room for what the names of the Job add to it. */
export class ServedVault implements Part {
  constructor(
    private readonly scope: IConstruct,
    private readonly vault: IVault,
    /**
     * What the Job is called in a refusal, such as "a rollout Job", and how long Vault's name may be: a CronJob's has 52 characters at most (Kubernetes
     * documentation, "CronJob"), a Job's 63.
     */
    private readonly job: { readonly called: string; readonly longestName: number },
  ) {}

  validate(problems: Problems): void {
    const { vault, job } = this;
    const [own, servers] = [this.scope, vault].map(chart => environmentFolder(KustomizeFolder.of(chart)));
    if (own !== servers)
      problems.refuse('vault', `a server in dist/${servers}`, `servers in dist/${own}`, 'make both in the same app.environment(...)');
    if (vault.name.length > job.longestName)
      problems.refuse('vault.name', vault.name, `at most ${job.longestName} characters with ${job.called}`, 'choose a shorter name');
  }
}
