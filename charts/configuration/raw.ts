import type { AwsEnvironment } from '../app/aws/environment';
import { isYamlText } from '../app/validation/check';
import type { Part } from '../app/validation/part';
import type { KnownProps, Problems } from '../app/validation/problems';
import { apiPathCheck } from './names';
import type { WriteOperation } from './plan';
import type { SecretField, SecretSource } from './secret-source';
import { checkSecretSource } from './secrets';

/** A path of Vault's API that no prop knows: written, read back and reported as all others. */
export interface RawOperation {
  /** The path, without "/v1/". It must answer a read with what stands there; a list, or what has no read, cannot be brought to a state. */
  readonly path: string;
  /** The body of the request: whole, since Vault keeps what a request leaves out. */
  readonly body: Readonly<Record<string, unknown>>;
  /**
   * Fields of the body that are secret: where the Job reads them.
   * @default none
   */
  readonly secrets?: Readonly<Record<string, SecretField>>;
}

/** What no other part knows. */
export class RawOperations implements Part {
  constructor(
    private readonly aws: AwsEnvironment,
    private readonly props: readonly RawOperation[] = [],
  ) {}

  get sources(): readonly SecretSource[] {
    return this.props.flatMap(({ secrets }) => Object.values(secrets ?? {}));
  }

  get paths(): readonly string[] {
    return this.props.map(({ path }) => path);
  }

  validate(problems: Problems): void {
    for (const [at, operation] of problems.listed('raw', this.props)) {
      problems.checkNames(at, operation, { path: true, body: true, secrets: true } satisfies KnownProps<RawOperation>);
      problems.require(`${at}.path`, operation.path, apiPathCheck);
      problems.require(`${at}.body`, operation.body, {
        ok: body => typeof body === 'object' && body !== null && !Array.isArray(body) && isYamlText(JSON.stringify(body)),
        allowed: 'objects that JSON can hold',
        fix: 'write the fields of the request',
      });
      for (const [field, source] of problems.groups(`${at}.secrets`, operation.secrets)) {
        checkSecretSource(problems, `${at}.secrets.${field}`, source, this.aws);
        if (source.kubernetesSecret !== undefined && source.key === undefined)
          problems.refuse(`${at}.secrets.${field}.key`, undefined, 'the key of the Kubernetes Secret', 'write it');
        if (operation.body !== undefined && field in operation.body)
          problems.refuse(`${at}.body.${field}`, operation.body[field], 'nothing that is secret too', 'leave it out of the body');
      }
    }
  }

  operations(): readonly WriteOperation[] {
    return this.props.map(({ path, body, secrets }) => ({
      do: 'write',
      kind: 'raw',
      path,
      body,
      ...(secrets === undefined ? {} : { secrets }),
    }));
  }
}
