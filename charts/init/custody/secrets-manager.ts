import { type Arn, type AwsEnvironment, parseArn, partitionOf, secretArn } from '../../app/aws/environment';
import type { IamStatement } from '../../app/aws/iam-role';
import { checkDataKey, kmsKeyArn, viaService } from '../../app/aws/kms';
import type { RequiredSecret } from '../../app/aws/requirement';
import { omitUndefined } from '../../app/kubernetes/omit-undefined';
import { matching } from '../../app/validation/check';
import type { KnownProps, Problems } from '../../app/validation/problems';
import type { ClosedCustodyPlace, CustodyContext } from './place';

/** What secrets of AWS Secrets Manager are encrypted with. */
export interface SecretsManagerCustodyProps {
  /**
   * The id or ARN of the KMS key that encrypts them. Not the unseal key: who may unseal must not read the recovery keys.
   * @default AWS's own key for Secrets Manager
   */
  readonly kmsKey?: string;
}

/** Secrets Manager API reference, "CreateSecret". */
const secretNameCheck = matching(
  /^(?!-)[\w/+=.@-]{1,512}$/,
  'names of secrets: 1 to 512 characters of A-Z, a-z, 0-9 and "/_+=.@-", not beginning with "-"',
  'write for example "vault/recovery"',
);

/** Secrets Manager User Guide, "Quotas": the size of a secret's value. */
const secretBytes = 65_536;

/** The name of a secret that is named by name or ARN. */
const secretNameOf = (secret: string): string => parseArn(secret)?.resource.replace(/^secret:(.*)-[A-Za-z0-9]{6}$/, '$1') ?? secret;

export class SecretsManagerCustody implements ClosedCustodyPlace {
  readonly kind = 'secretsManager';
  readonly rules = [];

  constructor(
    private readonly named: readonly string[],
    private readonly props: SecretsManagerCustodyProps,
  ) {}

  get env(): Record<string, string> {
    return { CUSTODY_SECRETS: this.named.join(' ') };
  }

  get separateShares(): number {
    return this.named.length;
  }

  get uniqueResources(): readonly string[] {
    return this.named.map(secret => `the secret ${secretNameOf(secret)} of Secrets Manager`);
  }

  /** Those named by ARN exist already. */
  get secrets(): readonly RequiredSecret[] {
    const names = this.named.filter(place => parseArn(place) === undefined);
    return names.map(name => ({ type: 'secret', name, ...omitUndefined({ kmsKey: this.props.kmsKey }) }));
  }

  /** Writes and describes, never reads: whoever runs the Job cannot fetch the keys back. */
  statements(aws: AwsEnvironment): readonly IamStatement[] {
    const arns = this.named.map(secret => secretArn(secret, aws));
    const custody = { sid: 'Custody', actions: ['secretsmanager:DescribeSecret', 'secretsmanager:PutSecretValue'], resources: arns };
    if (this.props.kmsKey === undefined) return [custody];
    return [
      custody,
      {
        sid: 'CustodyKey',
        actions: ['kms:Decrypt', 'kms:GenerateDataKey'],
        resources: [kmsKeyArn(this.props.kmsKey, aws)],
        conditions: viaService('secretsmanager', aws.region),
      },
    ];
  }

  validate(problems: Problems, { aws, unsealKey, largestAnswer }: CustodyContext): void {
    problems.checkNames('custody', this.props, { kmsKey: true } satisfies KnownProps<SecretsManagerCustodyProps>);
    if (this.named.length === 0) problems.refuse('custody: secretsManager', undefined, 'a secret, or one for each key', 'name one');
    const names = this.named.map(secretNameOf);
    for (const [index, secret] of this.named.entries()) {
      const arn = parseArn(secret);
      if (!problems.require('custody: secret', arn === undefined ? secret : arn.resource.replace(/^secret:/, ''), secretNameCheck))
        continue;
      if (arn !== undefined && !isSecretOf(arn, aws))
        problems.refuse(
          'custody: secret',
          secret,
          `whole ARNs of secrets in region ${aws.region} of account ${aws.accountId}`,
          'write the name, or the ARN with the six characters at its end',
        );
      if (names.indexOf(secretNameOf(secret)) < index)
        problems.refuse('custody: secret', secret, 'each secret once', 'name another: shares in one place split nothing');
    }
    if (this.named.length === 1 && largestAnswer > secretBytes)
      problems.refuse(
        'custody: secretsManager',
        `an answer of up to ${largestAnswer} bytes`,
        `${secretBytes} bytes in one secret`,
        'name one secret for each recovery key, or fewer PGP keys',
      );
    checkDataKey(problems, 'custody: kmsKey', this.props.kmsKey, {
      aws,
      unsealKeys: unsealKey === undefined ? [] : [unsealKey],
      why: 'who may unseal Vault must not read its recovery keys: make a key for custody',
    });
  }
}

/** Secrets Manager User Guide, "What's in a secret": six random characters end the ARN. */
const isSecretOf = ({ partition, service, region, account, resource }: Arn, aws: AwsEnvironment): boolean =>
  [partition, service, region, account].join() === [partitionOf(aws.region), 'secretsmanager', aws.region, aws.accountId].join() &&
  /^secret:.+-[A-Za-z0-9]{6}$/.test(resource);
