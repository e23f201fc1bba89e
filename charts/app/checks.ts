import { BlockList, isIP, isIPv6 } from 'node:net';

/** A rule for one value: when it holds, what is allowed, and what to write instead. */
export interface Check<T> {
  readonly ok: (value: T) => boolean;
  readonly allowed: string;
  readonly fix: string;
}

/** One check for every prop of a group. */
export type Checks<Props> = { readonly [Key in keyof Props]-?: Check<NonNullable<Props[Key]>> };

export const matching = (pattern: RegExp, allowed: string, fix: string): Check<string> => ({
  ok: value => typeof value === 'string' && pattern.test(value),
  allowed,
  fix,
});

export const integer = (
  min: number,
  max: number = Number.MAX_SAFE_INTEGER,
  fix = `write a whole number, such as ${min}`,
): Check<number> => ({
  ok: value => Number.isInteger(value) && value >= min && value <= max,
  allowed: max === Number.MAX_SAFE_INTEGER ? `whole numbers from ${min}` : `whole numbers from ${min} to ${max}`,
  fix,
});

export const oneOf = <T extends string | number>(...values: readonly T[]): Check<T> => ({
  ok: value => values.includes(value),
  allowed: values.map(value => JSON.stringify(value)).join(', '),
  fix: 'write one of these',
});

export const listOf = <T>(check: Check<T>): Check<readonly T[]> => ({
  ok: values => Array.isArray(values) && values.length > 0 && values.every(check.ok) && new Set(values).size === values.length,
  allowed: `a list that is not empty and names nothing twice, each of: ${check.allowed}`,
  fix: `leave the prop out for none; ${check.fix}`,
});

/** For props whose type says everything, held again for callers without types. */
export const boolean: Check<boolean> = { ok: value => typeof value === 'boolean', allowed: 'true, false', fix: 'write true or false' };

export const text: Check<string> = {
  ok: value => value.length > 0 && value.length <= 4096 && isPrintable(value),
  allowed: '1 to 4096 characters without control characters',
  fix: 'leave the prop out for none',
};

/** Vault's durations (parseutil): a number of seconds, whole days, or whole hours, minutes and seconds. */
export const duration = matching(
  /^(\d+d?|(?=\d)(\d+h)?(\d+m)?(\d+s)?)$/,
  'durations as Vault reads them',
  'write for example "30s", "15m", "768h" or "7d"',
);

/** Go's time.Duration, which cert-manager's fields take: no days. */
export const goDuration = matching(/^(?=\d)(\d+h)?(\d+m)?(\d+s)?$/, 'hours, minutes and seconds', 'write for example "2160h"');

const unitSeconds: Readonly<Record<string, number>> = { s: 1, m: 60, h: 3600, d: 86400 };

/** The seconds of a duration. */
export const durationSeconds = (text: string): number =>
  /^\d+$/.test(text)
    ? Number(text)
    : [...text.matchAll(/(\d+)([smhd])/g)].reduce((sum, [, number, unit = '']) => sum + Number(number) * (unitSeconds[unit] ?? 0), 0);

export const port = integer(1, 65535, 'write a port number, such as 8200');

/** Kubernetes documentation, "Object Names and IDs": a name that also serves as a DNS label (RFC 1035). */
export const dnsLabel = (max = 63): Check<string> => ({
  ok: value => value.length <= max && /^[a-z]([-a-z0-9]*[a-z0-9])?$/.test(value),
  allowed: `1 to ${max} characters of a-z, 0-9 and "-", starting with a letter and ending with a letter or digit`,
  fix: 'write a DNS label, such as "vault"',
});

/** Kubernetes documentation, "Object Names and IDs": DNS labels (RFC 1123), which namespaces are. */
export const namespaceName: Check<string> = {
  ok: value => value.length <= 63 && /^[a-z0-9]([-a-z0-9]*[a-z0-9])?$/.test(value),
  allowed: '1 to 63 characters of a-z, 0-9 and "-", starting and ending with a letter or digit',
  fix: 'write a DNS label, such as "vault"',
};

/** Kubernetes documentation, "Object Names and IDs": DNS subdomain names (RFC 1123). */
export const dnsSubdomain: Check<string> = {
  ok: value => value.length <= 253 && value.split('.').every(namespaceName.ok),
  allowed: 'DNS names in lower case, 253 characters at most',
  fix: 'write a DNS name, such as "vault.example.com"',
};

/** A certificate's DNS name: a DNS subdomain whose first label may be a wildcard. */
export const certificateDnsName: Check<string> = {
  ok: value => dnsSubdomain.ok(value.replace(/^\*\./, '')),
  allowed: `${dnsSubdomain.allowed}, the first label may be "*"`,
  fix: dnsSubdomain.fix,
};

export const ipAddress: Check<string> = {
  ok: value => isIP(value) !== 0 && !value.includes('%'),
  allowed: 'addresses of IPv4 or IPv6',
  fix: 'write for example "10.0.0.10"',
};

export const cidr: Check<string> = {
  ok: value => {
    const [address = '', prefix = '', ...rest] = value.split('/');
    return (
      rest.length === 0 &&
      isIP(address) !== 0 &&
      !address.includes('%') &&
      /^\d{1,3}$/.test(prefix) &&
      Number(prefix) <= (isIPv6(address) ? 128 : 32)
    );
  },
  allowed: 'CIDR blocks of IPv4 or IPv6',
  fix: 'write for example "10.0.0.0/16"',
};

export const url: Check<string> = {
  ok: value =>
    /^https?:\/\/[A-Za-z0-9.-]+(:\d{1,5})?(\/[A-Za-z0-9._~/-]*)?$/.test(value) && port.ok(Number(/:(\d+)/.exec(value)?.[1] ?? 443)),
  allowed: 'http or https URLs',
  fix: 'write for example "https://dynamodb.us-east-1.amazonaws.com"',
};

/** A host and a port. */
export const hostPort: Check<string> = {
  ok: value => /^[A-Za-z0-9.-]+:\d{1,5}$/.test(value) && port.ok(Number(value.split(':')[1])),
  allowed: 'host:port',
  fix: 'write for example "statsd.monitoring:8125"',
};

/** Whether a CIDR block holds the whole of another. */
export function holds(block: string, inner: string): boolean {
  if (!cidr.ok(block) || !cidr.ok(inner)) return false;
  const [network = '', prefix = ''] = block.split('/');
  const [address = '', innerPrefix] = inner.split('/');
  if (isIPv6(network) !== isIPv6(address) || Number(innerPrefix) < Number(prefix)) return false;
  const blocks = new BlockList();
  const family = isIPv6(network) ? 'ipv6' : 'ipv4';
  blocks.addSubnet(network, Number(prefix), family);
  return blocks.check(address, family);
}

export const absolutePath = matching(/^(\/[A-Za-z0-9._-]+)+$/, 'absolute paths', 'write for example "/vault/plugins"');

const units: Readonly<Record<string, number>> = {
  n: 1e-9,
  u: 1e-6,
  m: 1e-3,
  '': 1,
  k: 1e3,
  M: 1e6,
  G: 1e9,
  T: 1e12,
  P: 1e15,
  E: 1e18,
  Ki: 2 ** 10,
  Mi: 2 ** 20,
  Gi: 2 ** 30,
  Ti: 2 ** 40,
  Pi: 2 ** 50,
  Ei: 2 ** 60,
};

/** A Kubernetes quantity as a number; NaN where it is none (Kubernetes API reference, "Quantity"). */
export function quantityValue(value: string): number {
  const [, digits, exponent, unit = ''] = /^(\d+\.?\d*|\.\d+)(?:[eE]([+-]?\d+)|([a-zA-Z]*))$/.exec(value) ?? [];
  return digits === undefined
    ? Number.NaN
    : Number(digits) * (exponent === undefined ? (units[unit] ?? Number.NaN) : 10 ** Number(exponent));
}

export const quantity: Check<string> = {
  ok: value => quantityValue(value) > 0,
  allowed: 'Kubernetes quantities greater than zero',
  fix: 'write for example "500m", "2" or "2Gi"',
};

/** A quantity of bytes: one below 1Mi is a typing error, such as "512m", which is half a byte. */
export const bytes: Check<string> = {
  ok: value => quantityValue(value) >= 2 ** 20,
  allowed: 'Kubernetes quantities of 1Mi and more',
  fix: 'write for example "512Mi" or "2Gi"',
};

/** Kubernetes documentation, "Labels and Selectors": an optional DNS prefix and a name of 63 characters at most. */
const qualifiedName = (key: string): boolean => {
  const [prefix, name] = key.includes('/') ? [key.slice(0, key.lastIndexOf('/')), key.slice(key.lastIndexOf('/') + 1)] : [undefined, key];
  return (prefix === undefined || dnsSubdomain.ok(prefix)) && name.length <= 63 && /^[A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?$/.test(name);
};

export const labels: Check<Readonly<Record<string, string>>> = {
  ok: map =>
    Object.entries(map).every(
      ([key, value]) => qualifiedName(key) && value.length <= 63 && /^([A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?)?$/.test(value),
    ),
  allowed: 'label keys with an optional DNS prefix, values of 63 characters at most (a-z, A-Z, 0-9, "-", "_", ".")',
  fix: 'write for example { team: "platform" }',
};

export const annotations: Check<Readonly<Record<string, string>>> = {
  ok: map => Object.keys(map).every(qualifiedName),
  allowed: 'annotation keys with an optional DNS prefix',
  fix: 'write for example { "example.com/owner": "platform" }',
};

function isPrintable(value: string): boolean {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is looked for
  return !/[\u0000-\u001f\u007f]/.test(value);
}
