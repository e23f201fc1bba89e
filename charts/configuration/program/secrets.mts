import type { Aws } from '../../app/jobs/runtime/aws.mts';
import { type Kubernetes, unexpectedStatus } from '../../app/jobs/runtime/kubernetes.mts';
import { anything, number, object, parse, record, string } from '../../app/jobs/runtime/shape.mts';
import type { Waiter } from '../../app/jobs/runtime/wait.mts';
import type { SecretField, SecretSource } from '../secret-source.ts';
import { Refused } from './session.mts';

/** A secret as it stands now, and what names this version of it without telling anything of its value. */
interface Secret {
  readonly version: string;
  readonly value: (key: string | undefined) => string;
}

const secretsManagerAnswer = object({ SecretString: string, VersionId: string });
const ssmAnswer = object({ Parameter: object({ Value: string, Version: number }) });
const kubernetesAnswer = object({ metadata: object({ uid: string, resourceVersion: string }), data: record(string) });

/** The secrets that operations name, each read once. */
export class Secrets {
  readonly #aws: Aws;
  readonly #kubernetes: Kubernetes;
  readonly #waiter: Waiter;
  readonly #read = new Map<string, Secret>();
  #patient = true;

  constructor(aws: Aws, kubernetes: Kubernetes, waiter: Waiter) {
    this.#aws = aws;
    this.#kubernetes = kubernetes;
    this.#waiter = waiter;
  }

  async value({ key, ...source }: SecretField): Promise<string> {
    return (await this.#secret(source)).value(key);
  }

  /** Stands for the value where something is hashed or kept. */
  async version({ key, ...source }: SecretField): Promise<string> {
    return `${nameOf(source)} ${key ?? ''} ${(await this.#secret(source)).version}`;
  }

  async #secret(source: SecretSource): Promise<Secret> {
    const name = nameOf(source);
    const known = this.#read.get(name);
    if (known !== undefined) return known;
    try {
      // rights that were given a moment ago take a while to arrive, but not once for each secret
      const secret = this.#patient ? await this.#waiter.until(name, () => this.#fetch(source)) : await this.#fetch(source);
      this.#read.set(name, secret);
      return secret;
    } catch (error) {
      this.#patient = false;
      throw new Refused(`reading ${name}: ${(error as Error).message}`);
    }
  }

  async #fetch(source: SecretSource): Promise<Secret> {
    if (source.secretsManager !== undefined) {
      const body = { SecretId: source.secretsManager };
      const { SecretString: text, VersionId: version } = await this.#aws.call(
        'secretsmanager',
        'GetSecretValue',
        body,
        secretsManagerAnswer,
      );
      return { version, value: key => fieldOf(text, key, nameOf(source)) };
    }
    if (source.ssm !== undefined) {
      const { Parameter } = await this.#aws.call('ssm', 'GetParameter', { Name: source.ssm, WithDecryption: true }, ssmAnswer);
      return { version: String(Parameter.Version), value: key => fieldOf(Parameter.Value, key, nameOf(source)) };
    }
    const answer = await this.#kubernetes.call('GET', 'api/v1', `secrets/${source.kubernetesSecret}`);
    if (answer.status !== 200) throw unexpectedStatus(`reading ${nameOf(source)}`, answer);
    const { metadata, data } = parse(answer.text, kubernetesAnswer, nameOf(source));
    return {
      version: `${metadata.uid} ${metadata.resourceVersion}`,
      value: key => {
        const encoded = data[key ?? ''];
        if (encoded === undefined) throw new Refused(`${nameOf(source)} has no key ${key}`);
        return Buffer.from(encoded, 'base64').toString();
      },
    };
  }
}

/** The whole text, or one value of the JSON object that it is. The errors quote nothing of it. */
function fieldOf(text: string, key: string | undefined, name: string): string {
  if (key === undefined) return text;
  try {
    return string(parse(text, record(anything), 'its text')[key], `its key ${key}`);
  } catch (error) {
    throw new Refused(`${name}: ${(error as Error).message}`);
  }
}

const nameOf = (source: SecretSource): string =>
  source.secretsManager !== undefined
    ? `the secret ${source.secretsManager}`
    : source.ssm !== undefined
      ? `the parameter ${source.ssm}`
      : `Secret ${source.kubernetesSecret}`;
