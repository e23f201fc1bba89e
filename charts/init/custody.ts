import { type AwsEnvironment, parseArn, partitionOf } from '../app/aws';
import { matching } from '../app/checks';
import type { IamStatement } from '../app/iam-role';
import type { Problems } from '../app/problems';

/** Where the recovery keys go, and what the init Job needs to bring them there. */
export interface Custody {
  /** The script that stores, in charts/init. */
  readonly script: string;
  readonly env: Readonly<Record<string, string>>;
  statements(aws: AwsEnvironment): readonly IamStatement[];
  check(problems: Problems, aws: AwsEnvironment, unsealKey: string): void;
}

/** What a secret of AWS Secrets Manager is encrypted with. */
export interface SecretsManagerCustodyProps {
  /**
   * The id or ARN of the KMS key that encrypts the secret. Not the unseal key: who may unseal must not read the recovery keys.
   * @default AWS's own key for Secrets Manager
   */
  readonly kmsKey?: string;
}

const secretName = matching(
  /^[\w/+=.@-]{1,500}$/,
  'names of secrets: 1 to 500 characters of A-Z, a-z, 0-9 and "/_+=.@-"',
  'write for example "vault/recovery"',
);

class SecretsManagerCustody implements Custody {
  readonly script = 'custody-secrets-manager.sh';
  readonly env: Readonly<Record<string, string>>;

  constructor(
    private readonly secret: string,
    private readonly kmsKey: string | undefined,
  ) {
    this.env = { CUSTODY_SECRET: secret };
  }

  /** Writes and describes, never reads: whoever runs the Job cannot fetch the keys back. */
  statements(aws: AwsEnvironment): readonly IamStatement[] {
    const prefix = `arn:${partitionOf(aws.region)}`;
    // six random characters end the ARN of a secret
    const secret =
      parseArn(this.secret) === undefined
        ? `${prefix}:secretsmanager:${aws.region}:${aws.accountId}:secret:${this.secret}-??????`
        : this.secret;
    const custody = { sid: 'Custody', actions: ['secretsmanager:DescribeSecret', 'secretsmanager:PutSecretValue'], resources: [secret] };
    if (this.kmsKey === undefined) return [custody];
    const key = parseArn(this.kmsKey) === undefined ? `${prefix}:kms:${aws.region}:${aws.accountId}:key/${this.kmsKey}` : this.kmsKey;
    return [custody, { sid: 'CustodyKey', actions: ['kms:Decrypt', 'kms:GenerateDataKey'], resources: [key] }];
  }

  check(problems: Problems, aws: AwsEnvironment, unsealKey: string): void {
    const arn = parseArn(this.secret);
    problems.check('custody: secret', arn === undefined ? this.secret : arn.resource.replace(/^secret:/, ''), secretName);
    if (arn !== undefined && (arn.service !== 'secretsmanager' || arn.region !== aws.region || arn.account !== aws.accountId)) {
      problems.refuse('custody: secret', this.secret, `secrets in region ${aws.region} of account ${aws.accountId}`, 'correct the ARN');
    }
    if (this.kmsKey !== undefined && keyOf(this.kmsKey) === keyOf(unsealKey)) {
      problems.refuse(
        'custody: kmsKey',
        this.kmsKey,
        'another key than the unseal key',
        'who may unseal Vault must not read its recovery keys: make a key for custody',
      );
    } else if (this.kmsKey !== undefined && keyOf(this.kmsKey).startsWith('alias/')) {
      problems.refuse('custody: kmsKey', this.kmsKey, 'key ids and key ARNs', 'IAM names keys, not aliases: write the id of the key');
    }
  }
}

/** A key by its id or alias, however it is named. */
const keyOf = (key: string): string => (parseArn(key)?.resource ?? key).replace(/^key\//, '');

/** Places of custody for recovery keys. */
export const Custody = {
  /** A secret in AWS Secrets Manager that exists, by name or ARN. The Job may write it, not read it. */
  secretsManager: (secret: string, props: SecretsManagerCustodyProps = {}): Custody => new SecretsManagerCustody(secret, props.kmsKey),
};
