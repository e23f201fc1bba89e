import type { IamStatement } from '../../app/aws/iam-role';
import type { CustodyPlace } from './place';

/** Only ciphertext goes there: the types of VaultInit's props see to it, the checks of its keys, and the program once more. */
export class LogCustody implements CustodyPlace {
  readonly kind = 'log';
  readonly rules = [];
  readonly env = {};
  readonly secrets = [];
  readonly uniqueResources = [];

  statements(): readonly IamStatement[] {
    return [];
  }

  validate(): void {
    // nothing that could be wrong
  }
}
