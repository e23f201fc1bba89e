import { type AwsEnvironment, parseArn, partitionOf } from '../app/aws';
import { matching } from '../app/checks';
import type { IamStatement } from '../app/iam-role';
import type { Problems } from '../app/problems';
import type { Custody, CustodyContext } from './custody';

/** What secrets of AWS Secrets Manager are encrypted with. */
export interface SecretsManagerCustodyProps {
  /**
   * The id or ARN of the KMS key that encrypts them. Not the unseal key: who may unseal must not read the recovery keys.
   * @default AWS's own key for Secrets Manager
   */
  readonly kmsKey?: string;
}

/** Secrets Manager API reference, "CreateSecret". */
const secretName = matching(
  /^[\w/+=.@-]{1,512}$/,
  'names of secrets: 1 to 512 characters of A-Z, a-z, 0-9 and "/_+=.@-"',
  'write for example "vault/recovery"',
);

export class SecretsManagerCustody implements Custody {
  readonly script = 'custody-secrets-manager.sh';
  readonly rules = [];

  constructor(
    private readonly secrets: readonly string[],
    private readonly kmsKey: string | undefined,
  ) {}

  get env(): Record<string, string> {
    return { CUSTODY_SECRETS: this.secrets.join(' ') };
  }

  get separateShares(): number {
    return this.secrets.length;
  }

  /** Writes and describes, never reads: whoever runs the Job cannot fetch the keys back. */
  statements(aws: AwsEnvironment): readonly IamStatement[] {
    const prefix = `arn:${partitionOf(aws.region)}`;
    const arns = this.secrets.map(secret =>
      // six random characters end the ARN of a secret
      parseArn(secret) === undefined ? `${prefix}:secretsmanager:${aws.region}:${aws.accountId}:secret:${secret}-??????` : secret,
    );
    const custody = { sid: 'Custody', actions: ['secretsmanager:DescribeSecret', 'secretsmanager:PutSecretValue'], resources: arns };
    if (this.kmsKey === undefined) return [custody];
    const key = parseArn(this.kmsKey) === undefined ? `${prefix}:kms:${aws.region}:${aws.accountId}:key/${this.kmsKey}` : this.kmsKey;
    return [custody, { sid: 'CustodyKey', actions: ['kms:Decrypt', 'kms:GenerateDataKey'], resources: [key] }];
  }

  check(problems: Problems, { aws, unsealKey }: CustodyContext): void {
    if (this.secrets.length === 0) problems.refuse('custody: secrets', this.secrets, 'a secret, or one for each key', 'name one');
    for (const [index, secret] of this.secrets.entries()) {
      const arn = parseArn(secret);
      problems.check('custody: secret', arn === undefined ? secret : arn.resource.replace(/^secret:/, ''), secretName);
      if (arn !== undefined && (arn.service !== 'secretsmanager' || arn.region !== aws.region || arn.account !== aws.accountId))
        problems.refuse('custody: secret', secret, `secrets in region ${aws.region} of account ${aws.accountId}`, 'correct the ARN');
      if (this.secrets.indexOf(secret) < index)
        problems.refuse('custody: secret', secret, 'each secret once', 'name another: shares in one place split nothing');
    }
    if (this.kmsKey === undefined) return;
    if (keyOf(this.kmsKey) === keyOf(unsealKey)) {
      problems.refuse(
        'custody: kmsKey',
        this.kmsKey,
        'another key than the unseal key',
        'who may unseal Vault must not read its recovery keys: make a key for custody',
      );
    } else if (keyOf(this.kmsKey).startsWith('alias/')) {
      problems.refuse('custody: kmsKey', this.kmsKey, 'key ids and key ARNs', 'IAM names keys, not aliases: write the id of the key');
    }
  }
}

/** A key by its id or alias, however it is named. */
const keyOf = (key: string): string => (parseArn(key)?.resource ?? key).replace(/^key\//, '');
