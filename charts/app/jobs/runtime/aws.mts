import { AwsClient } from 'aws4fetch';
import { readMounted } from './https.mts';
import { tokenEnds } from './service-account-token.mts';
import { object, optional, parse, type Shape, string } from './shape.mts';
import type { Stop } from './stop.mts';
import { NotYet, oneLine } from './wait.mts';

/** AWS said no, or not now: its throttling is a 400 like its refusals, so whoever waits tries again. */
export class AwsError extends NotYet {
  readonly code: string;

  constructor(code: string, message: string) {
    super(message);
    this.code = code;
  }
}

interface Session {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken: string;
  readonly ends: Date;
}

export interface AwsOptions {
  readonly region: string;
  /** What the pod identity webhook gives the container; undefined where it gave none. */
  readonly roleArn: string | undefined;
  readonly tokenFile: string | undefined;
  readonly sessionName: string;
  readonly stop: Stop;
  /** Where a service answers, if not at AWS's endpoint of the region. */
  readonly endpoint?: (service: string) => string | undefined;
}

const timeout = 20_000;
/** Seconds: the longest session that a role may give, and the one that every role gives (IAM User Guide, "Maximum session duration"). */
const [longest, shortest] = [43_200, 3_600];
const errorShape = object({ __type: optional(string), message: optional(string), Message: optional(string) });

/** Where the name of a service in its protocol is not that of its endpoint, and the version of AWS's JSON protocol that it speaks if not 1.1. */
const targets: Readonly<Record<string, string>> = {
  ssm: 'AmazonSSM',
  dynamodb: 'DynamoDB_20120810',
  'application-autoscaling': 'AnyScaleFrontendService',
  monitoring: 'GraniteServiceVersion20100801',
};
const versions: Readonly<Record<string, string>> = { dynamodb: '1.0', monitoring: '1.0' };

/** AWS's regional endpoint (AWS General Reference, "Service endpoints"). */
const regional = (region: string) => (service: string) =>
  `https://${service}.${region}.amazonaws.com${region.startsWith('cn-') ? '.cn' : ''}`;

/** AWS as the role of this pod's ServiceAccount. */
export class Aws {
  readonly #options: AwsOptions;
  readonly #endpoint: (service: string) => string;
  #session: Session | undefined;

  constructor(options: AwsOptions) {
    this.#options = options;
    this.#endpoint = service => options.endpoint?.(service) ?? regional(options.region)(service);
  }

  /** One call of a service that speaks AWS's JSON protocol, such as "secretsmanager" and "DescribeSecret". */
  call<T>(service: string, action: string, body: object, shape: Shape<T>): Promise<T> {
    const headers = {
      'content-type': `application/x-amz-json-${versions[service] ?? '1.1'}`,
      'x-amz-target': `${targets[service] ?? service}.${action}`,
    };
    return this.#signed(service, action, '', { method: 'POST', headers, body: JSON.stringify(body) }, shape);
  }

  /** One call of a service that speaks REST, such as "backup" and "/backup-jobs". */
  rest<T>(service: string, method: string, path: string, body: object | undefined, shape: Shape<T>): Promise<T> {
    const content = body === undefined ? {} : { headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) };
    return this.#signed(service, `${method} ${path}`, path, { method, ...content }, shape);
  }

  async #signed<T>(service: string, action: string, path: string, request: RequestInit, shape: Shape<T>): Promise<T> {
    const { ends: _, ...credentials } = await this.#credentials();
    // its own retries are silent, and leave out throttling
    const client = new AwsClient({ ...credentials, service, region: this.#options.region, retries: 0 });
    const { status, text, type } = await this.#send(action, signal =>
      client.fetch(`${this.#endpoint(service)}${path}`, { ...request, signal }),
    );
    // an action without an answer of its own sends nothing (Smithy, "AWS protocols")
    if (status === 200) return parse(text === '' ? '{}' : text, shape, `the answer to ${action}`);
    const error = awsError(action, status, text, type);
    // a session that AWS no longer takes: the next try gets another
    if (/^(Expired|UnrecognizedClient|InvalidClientTokenId)/.test(error.code)) this.#session = undefined;
    throw error;
  }

  /** Until when this pod certainly has an identity, also where kubelet renews its token no more. */
  get identityEnds(): Date | undefined {
    const { tokenFile } = this.#options;
    if (tokenFile === undefined) return undefined;
    return new Date(Math.max(tokenEnds(readToken(tokenFile)).getTime(), this.#session?.ends.getTime() ?? 0));
  }

  async #credentials(): Promise<Session> {
    const left = (this.#session?.ends.getTime() ?? 0) - Date.now();
    if (this.#session !== undefined && left > (shortest / 4) * 1000) return this.#session;
    try {
      this.#session = await this.#assumeRole(longest);
    } catch (error) {
      // what is left of a session is better than none
      if (this.#session !== undefined && left > 0) return this.#session;
      throw error;
    }
    return this.#session;
  }

  /** STS API reference, "AssumeRoleWithWebIdentity": unsigned, and answered in XML. */
  async #assumeRole(duration: number): Promise<Session> {
    const { roleArn, tokenFile, sessionName } = this.#options;
    if (roleArn === undefined || tokenFile === undefined)
      throw new Error(
        'this pod has no AWS identity: its ServiceAccount lacks eks.amazonaws.com/role-arn, or the pod identity webhook was away when the pod was made',
      );
    const body = new URLSearchParams({
      Action: 'AssumeRoleWithWebIdentity',
      Version: '2011-06-15',
      RoleArn: roleArn,
      RoleSessionName: sessionName,
      WebIdentityToken: readToken(tokenFile),
      DurationSeconds: String(duration),
    });
    const { status, text } = await this.#send('AssumeRoleWithWebIdentity', signal =>
      fetch(this.#endpoint('sts'), { method: 'POST', body, signal }),
    );
    if (status === 200) return session(text);
    const code = element(text, 'Code') ?? `status ${status}`;
    // a role that was made with AWS's default of an hour
    if (code === 'ValidationError' && duration > shortest) return this.#assumeRole(shortest);
    throw new AwsError(code, `AssumeRoleWithWebIdentity of ${roleArn}: ${code}: ${oneLine(element(text, 'Message') ?? 'no reason given')}`);
  }

  async #send(
    action: string,
    send: (signal: AbortSignal) => Promise<Response>,
  ): Promise<{ readonly status: number; readonly text: string; readonly type: string | null }> {
    const { stop } = this.#options;
    try {
      const response = await send(AbortSignal.any([AbortSignal.timeout(timeout), stop.signal]));
      return { status: response.status, text: await response.text(), type: response.headers.get('x-amzn-errortype') };
    } catch (error) {
      stop.signal.throwIfAborted();
      const { message, cause } = error as Error;
      throw new NotYet(`${action}: ${cause instanceof Error ? cause.message : message}`);
    }
  }
}

const readToken = (file: string): string => readMounted(file, 'the pod identity webhook gave this pod no token').trim();

/** The first element of this name; STS's answers have each name once. */
const element = (xml: string, name: string): string | undefined => new RegExp(`<${name}>([^<]*)</${name}>`).exec(xml)?.[1];

function session(xml: string): Session {
  const read = (name: string): string => string(element(xml, name), `${name} in the answer to AssumeRoleWithWebIdentity`);
  return {
    accessKeyId: read('AccessKeyId'),
    secretAccessKey: read('SecretAccessKey'),
    sessionToken: read('SessionToken'),
    ends: new Date(read('Expiration')),
  };
}

/** The type may carry a namespace, and comes in a header from services that speak REST; the message is spelt either way (Smithy, "AWS protocols"). */
function awsError(action: string, status: number, text: string, header: string | null): AwsError {
  try {
    const { __type: type, message, Message } = parse(text, errorShape, 'the answer');
    const code = (header ?? type ?? `status ${status}`).replace(/^.*#|:.*$/g, '');
    return new AwsError(code, `${action}: ${code}: ${message ?? Message ?? 'no reason given'}`);
  } catch {
    return new AwsError(`status ${status}`, `${action}: answered with ${status}, which is not AWS’s`);
  }
}
