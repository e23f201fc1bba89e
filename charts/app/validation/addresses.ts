import { BlockList, isIP, isIPv6 } from 'node:net';
import { integer, string } from './check';
import { dnsSubdomainCheck } from './names';

export const portCheck = integer(1, 65535, 'write a port number, such as 8200');

/** A certificate's DNS name: a DNS subdomain whose first label may be a wildcard. */
export const certificateDnsNameCheck = string(
  value => dnsSubdomainCheck.ok(value.replace(/^\*\./, '')),
  `${dnsSubdomainCheck.allowed}, the first label may be "*"`,
  dnsSubdomainCheck.fix,
);

export const ipAddressCheck = string(
  value => isIP(value) !== 0 && !value.includes('%'),
  'addresses of IPv4 or IPv6',
  'write for example "10.0.0.10"',
);

export const cidrCheck = string(
  value => {
    const [address = '', prefix = '', ...rest] = value.split('/');
    return (
      rest.length === 0 &&
      isIP(address) !== 0 &&
      !address.includes('%') &&
      /^\d{1,3}$/.test(prefix) &&
      Number(prefix) <= (isIPv6(address) ? 128 : 32)
    );
  },
  'CIDR blocks of IPv4 or IPv6',
  'write for example "10.0.0.0/16"',
);

/** A DNS name or an address. */
export const hostnameCheck = string(
  value => dnsSubdomainCheck.ok(value) || ipAddressCheck.ok(value),
  'DNS names in lower case, or addresses',
  'write for example "orders.cluster-abc.eu-west-1.rds.amazonaws.com"',
);

export const urlCheck = string(
  value =>
    /^https?:\/\/[A-Za-z0-9.-]+(:\d{1,5})?(\/[A-Za-z0-9._~/-]*)?$/.test(value) && portCheck.ok(Number(/:(\d+)/.exec(value)?.[1] ?? 443)),
  'http or https URLs',
  'write for example "https://dynamodb.us-east-1.amazonaws.com"',
);

/** A host and a port. */
export const hostPortCheck = string(
  value => /^[A-Za-z0-9.-]+:\d{1,5}$/.test(value) && portCheck.ok(Number(value.split(':')[1])),
  'host:port',
  'write for example "statsd.monitoring:8125"',
);

/** Whether a CIDR block holds the whole of another. */
export function cidrContains(block: string, inner: string): boolean {
  if (!cidrCheck.ok(block) || !cidrCheck.ok(inner)) return false;
  const [network = '', prefix = ''] = block.split('/');
  const [address = '', innerPrefix] = inner.split('/');
  if (isIPv6(network) !== isIPv6(address) || Number(innerPrefix) < Number(prefix)) return false;
  const blocks = new BlockList();
  const family = isIPv6(network) ? 'ipv6' : 'ipv4';
  blocks.addSubnet(network, Number(prefix), family);
  return blocks.check(address, family);
}
