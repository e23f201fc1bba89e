import { annotationsCheck, labelsCheck } from '../../app/validation/names';
import type { Part } from '../../app/validation/part';
import type { Problems } from '../../app/validation/problems';
import type { ServerIdentity } from '../server-identity';
import type { VaultServerProps } from '../vault-server-props';

const labelsOfVault = ['vault-active', 'vault-initialized', 'vault-sealed', 'vault-perf-standby', 'vault-version'];

/** The pods' labels and annotations. */
export class PodMetadata implements Part {
  constructor(
    private readonly server: ServerIdentity,
    private readonly props: Pick<VaultServerProps, 'podLabels' | 'podAnnotations'>,
  ) {}

  get labels(): Record<string, string> {
    return { ...this.props.podLabels, ...this.server.selector };
  }

  /** Those of the user; the pod adds its own. */
  get annotations(): Record<string, string> {
    return { ...this.props.podAnnotations };
  }

  validate(problems: Problems): void {
    const { podLabels, podAnnotations } = this.props;
    problems.check('podLabels', podLabels, labelsCheck);
    problems.check('podAnnotations', podAnnotations, annotationsCheck);
    for (const key of Object.keys(podLabels ?? {}))
      if (Object.hasOwn(this.server.selector, key) || labelsOfVault.includes(key))
        problems.refuse('podLabels', key, 'labels that neither the chart nor Vault sets', 'choose another key');
    for (const key of Object.keys(podAnnotations ?? {}))
      if (key.startsWith('eks.amazonaws.com/') || key === 'kubectl.kubernetes.io/default-container')
        problems.refuse('podAnnotations', key, 'annotations that the chart does not set', 'leave it out; the role has the prop role');
  }
}
