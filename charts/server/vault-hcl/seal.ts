import { type AwsEnvironment, parseArn, partitionOf, regionCheck, roleArnCheck } from '../../app/aws/environment';
import type { IamStatement } from '../../app/aws/iam-role';
import { kmsKeyCheck, kmsKeyName } from '../../app/aws/kms';
import type { RequiredKey } from '../../app/aws/requirement';
import { unsealStatement } from '../../app/aws/vault-actions';
import { attributesOf, type HclBlock } from '../../app/hcl';
import { urlCheck } from '../../app/validation/addresses';
import { type Checks, matching } from '../../app/validation/check';
import type { Part } from '../../app/validation/part';
import type { Problems } from '../../app/validation/problems';
import type { ServerIdentity } from '../server-identity';

/** A `seal "awskms"` stanza, in the terms of Vault's documentation ("AWS KMS seal"). Credentials come from the pod's role. */
export interface AwsKmsKeyProps {
  /** The unseal key: its id, ARN, "alias/..." or an alias's ARN. An overlay changes it with VAULT_AWSKMS_SEAL_KEY_ID. */
  readonly kmsKeyId: string;
  /**
   * The key's region. An overlay changes it with AWS_REGION.
   * @default the region of the key's ARN, else the region of `aws`
   */
  readonly region?: string;
  /**
   * Another endpoint than AWS's public one, such as an interface endpoint.
   * @default AWS's endpoint of the region
   */
  readonly endpoint?: string;
  /**
   * A role that uses the key instead of the pod's own, such as one of the key's account. Vault assumes it directly, by the pod's web identity:
   * it must trust the cluster's OIDC provider for the servers' ServiceAccount.
   * @default the pod's own role uses the key
   */
  readonly roleArn?: string;
  /**
   * The name of the session of `roleArn`, as CloudTrail shows it.
   * @default the AWS SDK's
   */
  readonly roleSessionName?: string;
}

/** The unseal key, and the one before it during a migration. */
export interface AwsKmsSealProps extends AwsKmsKeyProps {
  /**
   * The key that sealed this Vault so far. It is written as a second, disabled seal, and `vault operator unseal -migrate` moves to the new one
   * (Vault documentation, "Seal migration", which names limits from awskms to awskms: try it on a copy of the table). Same region as the new key: AWS_REGION overrides the region of both.
   * @default no migration
   */
  readonly migrateFrom?: AwsKmsKeyProps;
}

const checks: Checks<AwsKmsKeyProps> = {
  region: regionCheck,
  kmsKeyId: kmsKeyCheck,
  endpoint: {
    ...urlCheck,
    ok: value => urlCheck.ok(value) && value.startsWith('https:'),
    allowed: 'https URLs: the root key passes there',
  },
  roleArn: roleArnCheck,
  roleSessionName: matching(/^[\w+=,.@-]{2,64}$/, '2 to 64 characters of A-Z, a-z, 0-9 and "_+=,.@-"', 'write for example "vault"'),
};

/** The unseal key: the stanza, what the servers' role may do with it, and what AWS must have. */
export class AwsKmsSeal implements Part {
  readonly kmsKeyId: string;
  readonly region: string;

  constructor(
    private readonly server: ServerIdentity,
    private readonly props: AwsKmsSealProps,
  ) {
    this.kmsKeyId = props.kmsKeyId;
    this.region = this.regionOf(props);
  }

  get endpoints(): readonly (string | undefined)[] {
    return [this.props.endpoint, this.props.migrateFrom?.endpoint];
  }

  /** The key as AWS must have it. */
  get requirement(): RequiredKey {
    const name = kmsKeyName(this.kmsKeyId);
    return { type: 'key', name, exists: !name.startsWith('alias/') || this.props.roleArn !== undefined };
  }

  validate(problems: Problems): void {
    const { migrateFrom } = this.props;
    validateKey(problems, 'seal', this.props, this.server.aws);
    if (migrateFrom === undefined) return;
    validateKey(problems, 'seal.migrateFrom', migrateFrom, this.server.aws);
    if (this.regionOf(migrateFrom) !== this.region)
      problems.refuse(
        'seal.migrateFrom.region',
        this.regionOf(migrateFrom),
        `${this.region}, the region of the new key`,
        'migrate within one region: AWS_REGION in the pod overrides the region of both seals',
      );
    if (migrateFrom.kmsKeyId === this.kmsKeyId)
      problems.refuse(
        'seal.migrateFrom.kmsKeyId',
        migrateFrom.kmsKeyId,
        'another key than seal.kmsKeyId',
        'leave migrateFrom out once the migration is done',
      );
  }

  /** One stanza; with a migration two, the old one disabled. */
  blocks(): readonly HclBlock[] {
    const { migrateFrom } = this.props;
    const block = (key: AwsKmsKeyProps, disabled: Record<string, string>): HclBlock => ({
      type: 'seal',
      labels: ['awskms'],
      body: { attributes: { ...attributesOf({ ...key, region: this.regionOf(key) }, checks), ...disabled } },
    });
    return [block(this.props, {}), ...(migrateFrom === undefined ? [] : [block(migrateFrom, { disabled: 'true' })])];
  }

  /** What the servers' role may do with the key; one with a role of its own is used by that role. */
  statements(): readonly IamStatement[] {
    const { migrateFrom } = this.props;
    const keys: readonly (readonly [string, AwsKmsKeyProps])[] = [
      ['Unseal', this.props],
      ...(migrateFrom === undefined ? [] : [['UnsealMigration', migrateFrom] as const]),
    ];
    return keys
      .filter(([, key]) => key.roleArn === undefined)
      .map(([sid, key]) => unsealStatement(sid, { kmsKeyId: key.kmsKeyId, region: this.regionOf(key) }, this.server.aws));
  }

  private regionOf(key: AwsKmsKeyProps): string {
    return key.region ?? (parseArn(key.kmsKeyId)?.region || this.server.aws.region);
  }
}

function validateKey(problems: Problems, group: string, props: AwsKmsKeyProps, aws: AwsEnvironment): void {
  if (props.kmsKeyId === undefined) problems.require(`${group}.kmsKeyId`, props.kmsKeyId, kmsKeyCheck);
  problems.checkAll(group, props, checks, 'migrateFrom');
  if (props.roleSessionName !== undefined && props.roleArn === undefined) {
    problems.refuse(
      `${group}.roleSessionName`,
      props.roleSessionName,
      `nothing without ${group}.roleArn`,
      `add ${group}.roleArn or leave this out`,
    );
  }
  const arn = props.kmsKeyId !== undefined && kmsKeyCheck.ok(props.kmsKeyId) ? parseArn(props.kmsKeyId) : undefined;
  const role = props.roleArn !== undefined && roleArnCheck.ok(props.roleArn) ? parseArn(props.roleArn) : undefined;
  const partition = partitionOf(aws.region);
  for (const [prop, parts] of [
    ['kmsKeyId', arn],
    ['roleArn', role],
  ] as const) {
    if (parts !== undefined && (parts.partition !== partition || (parts.region !== '' && partitionOf(parts.region) !== partition)))
      problems.refuse(
        `${group}.${prop}`,
        props[prop],
        `ARNs of partition ${partition}, as aws.region ${aws.region} is`,
        'correct one of the two',
      );
  }
  if (arn !== undefined && props.region !== undefined && arn.region !== props.region) {
    problems.refuse(`${group}.region`, props.region, `${arn.region}, the region of the key's ARN`, 'leave it out, or correct the ARN');
  }
  const account = role?.account ?? aws.accountId;
  if (arn !== undefined && arn.account !== account) {
    problems.refuse(
      `${group}.kmsKeyId`,
      props.kmsKeyId,
      `keys of account ${account}`,
      `correct the ARN or aws.accountId, or name a role of account ${arn.account} in ${group}.roleArn`,
    );
  }
  if (props.region !== undefined && partitionOf(props.region) !== partition) {
    problems.refuse(
      `${group}.region`,
      props.region,
      `regions of partition ${partition}, as aws.region ${aws.region} is`,
      'correct one of the two',
    );
  }
}
