import type { k8s } from '../../../imports';
import { metadataServices, ports } from '../kubernetes/network-policy';
import { matching } from '../validation/check';
import { dnsSubdomainCheck } from '../validation/names';
import type { Part } from '../validation/part';
import type { KnownProps, Problems } from '../validation/problems';

/** How a Job reaches AWS from a network that has its own ways out. Calls of Vault and of the API server know neither. */
export interface OutboundProps {
  /**
   * The proxy for calls of AWS, such as "http://proxy.example.com:3128". The Job's NetworkPolicy opens its port.
   * @default none
   */
  readonly proxy?: string;
  /**
   * A ConfigMap in the same namespace with further authorities, as PEM, that the Job trusts for calls of AWS: those of a proxy that opens TLS.
   * @default those of Node.js and of the image
   */
  readonly ca?: {
    /** The name of the ConfigMap. */
    readonly configMap: string;
    /**
     * Its key.
     * @default "ca.crt"
     */
    readonly key?: string;
  };
}

const proxyCheck = matching(
  /^http:\/\/[A-Za-z0-9.-]+:\d{1,5}$/,
  'http URLs of a host and a port, without a password',
  'write for example "http://proxy.example.com:3128"',
);
const keyCheck = matching(/^[\w.-]{1,253}$/, 'keys of a ConfigMap', 'write for example "ca.crt"');

const folder = '/outbound-ca';
const defaultKey = 'ca.crt';

/** The way out of a Job: what its container, its pod and its NetworkPolicy say of it. */
export class Outbound implements Part {
  constructor(private readonly props: OutboundProps = {}) {}

  validate(problems: Problems): void {
    const { props } = this;
    problems.checkNames('outbound', props, { proxy: true, ca: true } satisfies KnownProps<OutboundProps>);
    problems.check('outbound.proxy', props.proxy, proxyCheck);
    if (props.ca === undefined) return;
    problems.checkNames('outbound.ca', props.ca, { configMap: true, key: true } satisfies KnownProps<NonNullable<OutboundProps['ca']>>);
    problems.require('outbound.ca.configMap', props.ca.configMap, dnsSubdomainCheck);
    problems.check('outbound.ca.key', props.ca.key, keyCheck);
  }

  get env(): readonly k8s.EnvVar[] {
    const { proxy: url, ca } = this.props;
    return [
      ...(url === undefined
        ? []
        : [
            { name: 'HTTPS_PROXY', value: url },
            { name: 'NODE_USE_ENV_PROXY', value: '1' },
          ]),
      ...(ca === undefined ? [] : [{ name: 'NODE_EXTRA_CA_CERTS', value: `${folder}/ca.crt` }]),
    ];
  }

  get volumes(): readonly k8s.Volume[] {
    const { ca } = this.props;
    if (ca === undefined) return [];
    return [{ name: 'outbound-ca', configMap: { name: ca.configMap, items: [{ key: ca.key ?? defaultKey, path: 'ca.crt' }] } }];
  }

  get volumeMounts(): readonly k8s.VolumeMount[] {
    return this.props.ca === undefined ? [] : [{ name: 'outbound-ca', mountPath: folder, readOnly: true }];
  }

  /** To AWS by these ports, and to the proxy. */
  egress(aws: readonly number[]): k8s.NetworkPolicyEgressRule {
    const { proxy: url } = this.props;
    return { to: metadataServices.everywhereElse, ports: ports([...new Set([...aws, ...(url === undefined ? [] : [proxyPort(url)])])]) };
  }
}

const proxyPort = (url: string): number => Number(/:(\d+)$/.exec(url)?.[1] ?? 80);
