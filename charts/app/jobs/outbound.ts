import type { k8s } from '../../../imports';
import { metadataServices, ports } from '../kubernetes/network-policy';
import { matching } from '../validation/check';
import { dnsSubdomainCheck } from '../validation/names';
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

const proxy = matching(
  /^http:\/\/[A-Za-z0-9.-]+:\d{1,5}$/,
  'http URLs of a host and a port, without a password',
  'write for example "http://proxy.example.com:3128"',
);
const key = matching(/^[\w.-]{1,253}$/, 'keys of a ConfigMap', 'write for example "ca.crt"');

export function checkOutbound(problems: Problems, props: OutboundProps): void {
  problems.checkNames('outbound', props, { proxy: true, ca: true } satisfies KnownProps<OutboundProps>);
  problems.check('outbound.proxy', props.proxy, proxy);
  if (props.ca === undefined) return;
  problems.checkNames('outbound.ca', props.ca, { configMap: true, key: true } satisfies KnownProps<NonNullable<OutboundProps['ca']>>);
  problems.require('outbound.ca.configMap', props.ca.configMap, dnsSubdomainCheck);
  problems.check('outbound.ca.key', props.ca.key, key);
}

const proxyPort = (url: string): number => Number(/:(\d+)$/.exec(url)?.[1] ?? 80);

/** To AWS, or to the proxy. */
export const outboundEgress = (props: OutboundProps): k8s.NetworkPolicyEgressRule => ({
  to: metadataServices.everywhereElse,
  ports: ports([...new Set([443, ...(props.proxy === undefined ? [] : [proxyPort(props.proxy)])])]),
});

const folder = '/outbound-ca';

export const outboundEnv = (props: OutboundProps): k8s.EnvVar[] => [
  ...(props.proxy === undefined
    ? []
    : [
        { name: 'HTTPS_PROXY', value: props.proxy },
        { name: 'NODE_USE_ENV_PROXY', value: '1' },
      ]),
  ...(props.ca === undefined ? [] : [{ name: 'NODE_EXTRA_CA_CERTS', value: `${folder}/ca.crt` }]),
];

export function outboundVolumes({ ca }: OutboundProps): { readonly volumes: k8s.Volume[]; readonly mounts: k8s.VolumeMount[] } {
  if (ca === undefined) return { volumes: [], mounts: [] };
  const items = [{ key: ca.key ?? 'ca.crt', path: 'ca.crt' }];
  return {
    volumes: [{ name: 'outbound-ca', configMap: { name: ca.configMap, items } }],
    mounts: [{ name: 'outbound-ca', mountPath: folder, readOnly: true }],
  };
}
