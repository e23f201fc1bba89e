import { integer } from '../../app/validation/check';
import type { Part } from '../../app/validation/part';
import type { Problems } from '../../app/validation/problems';
import type { VaultServerProps } from '../vault-server-props';

const defaultGraceSeconds = 60;
const defaultPreStopSeconds = 5;

/** How a server stops: first it leaves the Services, then Vault is told, and it hands over its lead. */
export class Shutdown implements Part {
  readonly graceSeconds: number;
  readonly preStopSeconds: number;

  constructor(props: Pick<VaultServerProps, 'terminationGracePeriodSeconds' | 'preStopSleepSeconds'>) {
    this.graceSeconds = props.terminationGracePeriodSeconds ?? defaultGraceSeconds;
    this.preStopSeconds = props.preStopSleepSeconds ?? defaultPreStopSeconds;
  }

  validate(problems: Problems): void {
    const bothGood = [
      problems.check('terminationGracePeriodSeconds', this.graceSeconds, integer(0)),
      problems.check('preStopSleepSeconds', this.preStopSeconds, integer(0)),
    ].every(Boolean);
    if (bothGood && this.graceSeconds < this.preStopSeconds + 15)
      problems.refuse(
        'terminationGracePeriodSeconds',
        this.graceSeconds,
        `at least preStopSleepSeconds (${this.preStopSeconds}) + 15`,
        'give Vault time to hand over: a server that is killed keeps the lock of the table for up to 15 s',
      );
  }
}
