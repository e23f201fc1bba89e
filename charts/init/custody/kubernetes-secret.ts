import type { IamStatement } from '../../app/aws/iam-role';
import { dnsSubdomainCheck } from '../../app/validation/names';
import type { Problems } from '../../app/validation/problems';
import type { ClosedCustodyPlace, CustodyContext } from './place';

export class KubernetesSecretCustody implements ClosedCustodyPlace {
  readonly kind = 'kubernetesSecret';
  /** Creating alone: a dry run tells whether the Secret is there, and nothing reads it. RBAC cannot name what is to be created. */
  readonly rules = [{ apiGroups: [''], resources: ['secrets'], verbs: ['create'] }];
  readonly env: Readonly<Record<string, string>>;
  readonly secrets = [];
  readonly uniqueResources = [];

  constructor(private readonly name: string) {
    this.env = { CUSTODY_SECRET: name };
  }

  statements(): readonly IamStatement[] {
    return [];
  }

  validate(problems: Problems, { tlsSecret }: CustodyContext): void {
    if (problems.require('custody: kubernetesSecret', this.name, dnsSubdomainCheck) && this.name === tlsSecret)
      problems.refuse(
        'custody: kubernetesSecret',
        this.name,
        'another Secret than that of the certificate',
        'name one that does not exist',
      );
  }
}
