import { createHash } from 'node:crypto';
import type { Aws } from '../../app/jobs/runtime/aws.mts';
import { anything, list, object, optional, record, string } from '../../app/jobs/runtime/shape.mts';
import { NotYet } from '../../app/jobs/runtime/wait.mts';
import { canary, custodyText, parseAnswer } from './answer.mts';
import type { Custody, Holding } from './custody.mts';

/** The stage that marks the version with the keys, and how the ids of such versions begin: now, and as the first version of this Job wrote them. */
const stage = 'vault-recovery-keys';
const isKeys = (version: string): boolean => /^(cdk8s-)?vault-recovery-keys-/.test(version);

const described = object({
  DeletedDate: optional(anything),
  VersionIdsToStages: optional(record(list(string))),
});
const stored = object({ VersionId: string, VersionStages: list(string) });

/** One secret for the whole answer, or one for each recovery key. Writes and describes, never reads. */
export class SecretsManagerCustody implements Custody {
  readonly name: string;
  readonly rootTokenPlace: string;
  readonly #aws: Aws;
  readonly #secrets: readonly string[];

  constructor(aws: Aws, secrets: readonly string[]) {
    this.#aws = aws;
    this.#secrets = secrets;
    this.name = `custody (${secrets.join(', ')})`;
    this.rootTokenPlace =
      secrets.length === 1 ? `in secret ${secrets[0]}` : 'nobody holds it: make another with the recovery keys, which can revoke it';
  }

  get identityEnds(): Date | undefined {
    return this.#aws.identityEnds;
  }

  async holds(): Promise<Holding> {
    const holding = await Promise.all(this.#secrets.map(secret => this.#hasKeys(secret)));
    if (holding.every(has => has)) return 'all';
    return holding.some(has => has) ? 'some' : 'none';
  }

  async #hasKeys(secret: string): Promise<boolean> {
    const { DeletedDate: deleted, VersionIdsToStages: versions = {} } = await this.#aws.call(
      'secretsmanager',
      'DescribeSecret',
      { SecretId: secret },
      described,
    );
    if (deleted !== undefined)
      throw new NotYet(`secret ${secret} is being deleted: bring it back with "aws secretsmanager restore-secret --secret-id ${secret}"`);
    if (Object.values(versions).some(stages => stages.includes(stage))) return true;
    const unmarked = Object.keys(versions).find(isKeys);
    if (unmarked !== undefined)
      throw new NotYet(
        `version ${unmarked} of secret ${secret} holds recovery keys, but its stage ${stage} was taken away: give it back with "aws secretsmanager update-secret-version-stage --secret-id ${secret} --version-stage ${stage} --move-to-version-id ${unmarked}"`,
      );
    return false;
  }

  async prove(largest: number): Promise<void> {
    const text = canary(largest);
    for (const secret of this.#secrets) await this.#put(secret, `vault-canary-${digest(text)}`, text, ['vault-canary']);
  }

  async store(answer: string): Promise<string> {
    const whole = parseAnswer(answer);
    const texts =
      whole === undefined || this.#secrets.length === 1
        ? [custodyText(answer)]
        : whole.recovery_keys_base64.map((key, index) => JSON.stringify({ share: index + 1, recovery_key_base64: key }));
    const proofs: string[] = [];
    for (const [index, text] of texts.entries()) {
      const secret = this.#secrets[index];
      if (secret === undefined) throw new Error(`${texts.length} recovery keys for ${this.#secrets.length} secrets`);
      const version = `${stage}-${digest(text)}`;
      await this.#put(secret, version, text, ['AWSCURRENT', stage]);
      proofs.push(`version ${version} of ${secret}`);
    }
    return proofs.join(', ');
  }

  /** True once AWS says that this very version carries the last of these stages. */
  async #put(secret: string, version: string, text: string, stages: readonly string[]): Promise<void> {
    const { VersionId, VersionStages } = await this.#aws.call(
      'secretsmanager',
      'PutSecretValue',
      // the token follows the content: repeated it does no harm, and AWS refuses one token with two contents for ever
      { SecretId: secret, ClientRequestToken: version, SecretString: text, VersionStages: stages },
      stored,
    );
    if (VersionId !== version || !stages.every(wanted => VersionStages.includes(wanted)))
      throw new NotYet(
        `secret ${secret} has version ${VersionId} with the stages ${VersionStages.join(', ')} instead of ${version} with ${stages.join(', ')}`,
      );
  }
}

const digest = (text: string): string => createHash('sha256').update(text).digest('hex').slice(0, 40);
