import type { IConstruct } from 'constructs';
import { attributesOf, type HclBlock, type HclBody } from '../../app/hcl';
import { omitUndefined } from '../../app/kubernetes/omit-undefined';
import { assertNotSynthesized } from '../../app/kustomize/tree-lock';
import { cidrCheck, portCheck } from '../../app/validation/addresses';
import { booleanCheck, type Check, type Checks, integer, listOf, matching, oneOf, textCheck } from '../../app/validation/check';
import { durationCheck } from '../../app/validation/durations';
import type { Part } from '../../app/validation/part';
import type { Problems } from '../../app/validation/problems';
import { cipherSuiteCheck } from './cipher-suites';

/** Response headers by status ("default", "2xx" to "5xx", or one code): header → values. */
export type CustomResponseHeaders = Readonly<Record<string, Readonly<Record<string, readonly string[]>>>>;

/**
 * The `listener "tcp"` stanza that clients use, in the terms of Vault's documentation ("TCP listener").
 *
 * TLS is always on, with the certificate of `tls`; settings that would break kubelet's probes are refused.
 */
export interface ListenerProps {
  /**
   * The port of the API, on pods and Services alike. Servers speak to each other on the next port up.
   * @default 8200
   */
  readonly port?: number;
  /**
   * Largest request body, in bytes.
   * @default 33554432 (Vault's)
   */
  readonly maxRequestSize?: number;
  /**
   * Longest time for one request.
   * @default "90s" (Vault's)
   */
  readonly maxRequestDuration?: string;
  /**
   * Largest token in a header, in bytes. Vault 1.21.0 does not know it yet and says so in its log.
   * @default 8192 (Vault's)
   */
  readonly maxTokenHeaderSize?: number;
  /**
   * Deepest nesting of a JSON body.
   * @default 300 (Vault's)
   */
  readonly maxJsonDepth?: number;
  /**
   * Longest string in a JSON body, in bytes.
   * @default 1048576 (Vault's)
   */
  readonly maxJsonStringValueLength?: number;
  /**
   * Most entries of an object in a JSON body.
   * @default 10000 (Vault's)
   */
  readonly maxJsonObjectEntryCount?: number;
  /**
   * Most elements of an array in a JSON body.
   * @default 10000 (Vault's)
   */
  readonly maxJsonArrayElementCount?: number;
  /**
   * Longest time to read a whole request.
   * @default "30s" (Vault's)
   */
  readonly httpReadTimeout?: string;
  /**
   * Longest time to read a request's headers.
   * @default "10s" (Vault's)
   */
  readonly httpReadHeaderTimeout?: string;
  /**
   * Longest time to write an answer; "0" is no limit.
   * @default "0" (Vault's)
   */
  readonly httpWriteTimeout?: string;
  /**
   * How long an idle connection is kept.
   * @default "5m" (Vault's)
   */
  readonly httpIdleTimeout?: string;
  /**
   * Whether the limiter of concurrent requests is off for this listener.
   * @default false (Vault's)
   */
  readonly disableRequestLimiter?: boolean;
  /**
   * Lowest TLS version that clients may use.
   * @default "tls12"
   */
  readonly tlsMinVersion?: 'tls12' | 'tls13';
  /**
   * Highest TLS version that clients may use.
   * @default "tls13" (Vault's)
   */
  readonly tlsMaxVersion?: 'tls12' | 'tls13';
  /**
   * Cipher suites of TLS 1.2, by Go's names; TLS 1.3 takes no choice.
   * @default Go's
   */
  readonly tlsCipherSuites?: readonly string[];
  /**
   * Whether clients are not asked for certificates at all. The cert auth method then cannot work.
   * @default false (Vault's)
   */
  readonly tlsDisableClientCerts?: boolean;
  /**
   * How the PROXY protocol is taken. "use_always" and "deny_unauthorized" would break kubelet's probes and are not offered.
   * @default off
   */
  readonly proxyProtocolBehavior?: 'allow_authorized';
  /**
   * CIDR blocks of load balancers that may speak the PROXY protocol.
   * @default none
   */
  readonly proxyProtocolAuthorizedAddrs?: readonly string[];
  /**
   * CIDR blocks of proxies whose X-Forwarded-For is believed. Charts that put a load balancer in front add theirs.
   * @default none
   */
  readonly xForwardedForAuthorizedAddrs?: readonly string[];
  /**
   * How many addresses to skip from the right end of X-Forwarded-For.
   * @default 0 (Vault's)
   */
  readonly xForwardedForHopSkips?: number;
  /**
   * Whether X-Forwarded-For from elsewhere than the trusted proxies ends in an error.
   * @default true (Vault's)
   */
  readonly xForwardedForRejectNotAuthorized?: boolean;
  /**
   * Whether requests without X-Forwarded-For are refused. Must be false where kubelet, pods or NLBs call Vault directly.
   * @default false, as soon as proxies are trusted
   */
  readonly xForwardedForRejectNotPresent?: false;
  /**
   * The header in which a trusted proxy hands on the client's certificate.
   * @default none
   */
  readonly xForwardedForClientCertHeader?: string;
  /**
   * Whether sys/replication/status is off for clients without a token.
   * @default false (Vault's)
   */
  readonly disableReplicationStatusEndpoints?: boolean;
  /**
   * Whether addresses are left out of unauthenticated answers.
   * @default false (Vault's)
   */
  readonly redactAddresses?: boolean;
  /**
   * Whether the cluster's name is left out of unauthenticated answers.
   * @default false (Vault's)
   */
  readonly redactClusterName?: boolean;
  /**
   * Whether the version is left out of unauthenticated answers.
   * @default false (Vault's)
   */
  readonly redactVersion?: boolean;
  /**
   * Headers that Vault adds to its answers, such as { default: { "Strict-Transport-Security": ["max-age=31536000"] } }.
   * @default Vault's own
   */
  readonly customResponseHeaders?: CustomResponseHeaders;
}

const customResponseHeadersCheck: Check<CustomResponseHeaders> = {
  ok: headers =>
    Object.entries(headers).every(
      ([status, values]) =>
        /^(default|[1-5]xx|[1-5]\d\d)$/.test(status) &&
        Object.entries(values).every(
          ([name, list]) =>
            /^[A-Za-z0-9-]+$/.test(name) && !/^x-vault-/i.test(name) && Array.isArray(list) && list.length > 0 && list.every(textCheck.ok),
        ),
    ),
  allowed: 'statuses "default", "2xx" or a code; header names that do not start with X-Vault-; lists of values',
  fix: 'write for example { default: { "Strict-Transport-Security": ["max-age=31536000"] } }',
};

const checks: Checks<Omit<ListenerProps, 'port'>> = {
  maxRequestSize: integer(1),
  maxRequestDuration: durationCheck,
  maxTokenHeaderSize: integer(1),
  maxJsonDepth: integer(1),
  maxJsonStringValueLength: integer(1),
  maxJsonObjectEntryCount: integer(1),
  maxJsonArrayElementCount: integer(1),
  httpReadTimeout: durationCheck,
  httpReadHeaderTimeout: durationCheck,
  httpWriteTimeout: durationCheck,
  httpIdleTimeout: durationCheck,
  disableRequestLimiter: booleanCheck,
  tlsMinVersion: oneOf('tls12', 'tls13'),
  tlsMaxVersion: oneOf('tls12', 'tls13'),
  tlsCipherSuites: listOf(cipherSuiteCheck),
  tlsDisableClientCerts: booleanCheck,
  proxyProtocolBehavior: {
    ...oneOf('allow_authorized'),
    fix: 'write "allow_authorized": the others refuse kubelet, whose probes carry no PROXY header',
  },
  proxyProtocolAuthorizedAddrs: listOf(cidrCheck),
  xForwardedForAuthorizedAddrs: listOf(cidrCheck),
  xForwardedForHopSkips: integer(0),
  xForwardedForRejectNotAuthorized: booleanCheck,
  xForwardedForRejectNotPresent: { ok: value => !value, allowed: 'false', fix: "leave it out: kubelet's probes carry no X-Forwarded-For" },
  xForwardedForClientCertHeader: matching(/^[A-Za-z0-9-]+$/, 'names of headers', 'write for example "X-Forwarded-Client-Cert"'),
  disableReplicationStatusEndpoints: booleanCheck,
  redactAddresses: booleanCheck,
  redactClusterName: booleanCheck,
  redactVersion: booleanCheck,
  customResponseHeaders: customResponseHeadersCheck,
};

export const defaultApiPort = 8200;
const defaultTlsMinVersion = 'tls12';

/** Props that mean something behind trusted proxies alone. */
const proxyProps = [
  'xForwardedForHopSkips',
  'xForwardedForRejectNotAuthorized',
  'xForwardedForRejectNotPresent',
  'xForwardedForClientCertHeader',
] as const;

/** The listener for clients; later charts add the proxies that they put in front of it. */
export class ServerListener implements Part {
  /** The port of the API, on pods and Services alike. */
  readonly port: number;
  private readonly proxies: string[] = [];

  constructor(
    private readonly scope: IConstruct,
    private readonly props: ListenerProps = {},
  ) {
    this.port = props.port ?? defaultApiPort;
  }

  /** Servers speak to each other, by their own mutual TLS, on the port after the API's. */
  get clusterPort(): number {
    return this.port + 1;
  }

  /**
   * Lets Vault believe the X-Forwarded-For of these proxies.
   *
   * @throws after `app.synth()`
   */
  trustProxies(...cidrs: readonly string[]): void {
    assertNotSynthesized(this.scope, 'listener.trustProxies');
    this.proxies.push(...cidrs);
  }

  validate(problems: Problems): void {
    const { props } = this;
    problems.checkAll('listener', props, checks, 'port');
    for (const proxy of this.proxies) problems.check('listener.trustProxies', proxy, cidrCheck);
    problems.check('listener.port', props.port, portCheck);
    if (this.port === 65535)
      problems.refuse('listener.port', this.port, 'ports up to 65534: the next one is the cluster port', 'choose a lower port');
    if (this.port < 1024 && this.port > 0)
      problems.refuse('listener.port', this.port, 'ports from 1024, as Vault runs without root', 'leave it out, or choose a higher port');
    if (props.tlsMinVersion === 'tls13' && props.tlsMaxVersion === 'tls12')
      problems.refuse('listener.tlsMaxVersion', 'tls12', 'not less than listener.tlsMinVersion "tls13"', 'leave it out');
    if ((props.proxyProtocolBehavior === undefined) !== (props.proxyProtocolAuthorizedAddrs === undefined))
      problems.refuse(
        'listener.proxyProtocolBehavior',
        props.proxyProtocolBehavior,
        'only together with listener.proxyProtocolAuthorizedAddrs',
        'set both or neither',
      );
    const needsProxies = proxyProps.find(key => props[key] !== undefined);
    if (needsProxies !== undefined && this.trusted.length === 0)
      problems.refuse(
        `listener.${needsProxies}`,
        props[needsProxies],
        'only with trusted proxies',
        'set listener.xForwardedForAuthorizedAddrs',
      );
  }

  /**
   * The suites that a client must have one of, where TLS ends at 1.2; undefined where nothing restricts them.
   *
   * @internal
   */
  get requiredSuites(): readonly string[] | undefined {
    return this.props.tlsMaxVersion === 'tls12' ? this.props.tlsCipherSuites : undefined;
  }

  /** @internal */
  block(): HclBlock {
    const trusted = this.trusted.length === 0 ? {} : { xForwardedForAuthorizedAddrs: this.trusted, xForwardedForRejectNotPresent: false };
    return tcpListener(this.port, attributesOf({ ...this.values, ...trusted }, checks));
  }

  /**
   * What holds on every listener of the server: its TLS, and what its answers show.
   *
   * @internal
   */
  get sharedAttributes(): HclBody['attributes'] {
    const { tlsMinVersion, tlsMaxVersion, tlsCipherSuites } = this.values;
    const { redactAddresses, redactClusterName, redactVersion, customResponseHeaders: headers } = this.values;
    const redacted = { redactAddresses, redactClusterName, redactVersion, customResponseHeaders: headers };
    return attributesOf({ tlsMinVersion, tlsMaxVersion, tlsCipherSuites, ...redacted }, checks);
  }

  /** The trusted proxies, those of later charts too. */
  private get trusted(): readonly string[] {
    return [...new Set([...(this.props.xForwardedForAuthorizedAddrs ?? []), ...this.proxies])];
  }

  /** The props with their defaults; Vault reads the list of suites as one string. */
  private get values() {
    const { props } = this;
    return { tlsMinVersion: defaultTlsMinVersion, ...omitUndefined(props), tlsCipherSuites: props.tlsCipherSuites?.join(',') };
  }
}

/** A `listener "tcp"` stanza on a port and the one after it, with the certificate where the pod mounts it. */
export const tcpListener = (port: number, attributes: HclBody['attributes'], blocks: readonly HclBlock[] = []): HclBlock => ({
  type: 'listener',
  labels: ['tcp'],
  body: {
    attributes: {
      address: `[::]:${port}`,
      cluster_address: `[::]:${port + 1}`,
      tls_cert_file: '/vault/tls/tls.crt',
      tls_key_file: '/vault/tls/tls.key',
      ...attributes,
    },
    blocks,
  },
});
