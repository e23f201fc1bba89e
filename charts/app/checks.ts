import { BlockList, isIP, isIPv6 } from 'node:net';

/** A rule for one value: when it holds, what is allowed, and what to write instead. */
export interface Check<T> {
  readonly ok: (value: T) => boolean;
  readonly allowed: string;
  readonly fix: string;
}

/** One check for every prop of a group. */
export type Checks<Props> = { readonly [Key in keyof Props]-?: Check<NonNullable<Props[Key]>> };

/** A rule for strings: anything else, such as an element that is undefined behind a `!`, breaks it. */
export const string = (ok: (value: string) => boolean, allowed: string, fix: string): Check<string> => ({
  ok: value => typeof value === 'string' && ok(value),
  allowed,
  fix,
});

export const matching = (pattern: RegExp, allowed: string, fix: string): Check<string> =>
  string(value => pattern.test(value), allowed, fix);

/** What Kubernetes' int32 and an int of Go hold on every platform. */
const maxInteger = 2 ** 31 - 1;

export const integer = (min: number, max: number = maxInteger, fix = `write a whole number, such as ${min}`): Check<number> => ({
  ok: value => Number.isInteger(value) && value >= min && value <= max,
  allowed: `whole numbers from ${min} to ${max}`,
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

export const text = string(
  value => value.length > 0 && value.length <= 4096 && isPrintable(value),
  '1 to 4096 characters without control characters',
  'leave the prop out for none',
);

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
export const dnsLabel = (max = 63): Check<string> =>
  string(
    value => value.length <= max && /^[a-z]([-a-z0-9]*[a-z0-9])?$/.test(value),
    `1 to ${max} characters of a-z, 0-9 and "-", starting with a letter and ending with a letter or digit`,
    'write a DNS label, such as "vault"',
  );

/** Kubernetes documentation, "Object Names and IDs": DNS labels (RFC 1123), which namespaces are. */
export const namespaceName = string(
  value => value.length <= 63 && /^[a-z0-9]([-a-z0-9]*[a-z0-9])?$/.test(value),
  '1 to 63 characters of a-z, 0-9 and "-", starting and ending with a letter or digit',
  'write a DNS label, such as "vault"',
);

/** Kubernetes documentation, "Object Names and IDs": DNS subdomain names (RFC 1123). */
export const dnsSubdomain = string(
  value => value.length <= 253 && value.split('.').every(namespaceName.ok),
  'DNS names in lower case, 253 characters at most',
  'write a DNS name, such as "vault.example.com"',
);

/** A certificate's DNS name: a DNS subdomain whose first label may be a wildcard. */
export const certificateDnsName = string(
  value => dnsSubdomain.ok(value.replace(/^\*\./, '')),
  `${dnsSubdomain.allowed}, the first label may be "*"`,
  dnsSubdomain.fix,
);

export const ipAddress = string(
  value => isIP(value) !== 0 && !value.includes('%'),
  'addresses of IPv4 or IPv6',
  'write for example "10.0.0.10"',
);

export const cidr = string(
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

export const url = string(
  value => /^https?:\/\/[A-Za-z0-9.-]+(:\d{1,5})?(\/[A-Za-z0-9._~/-]*)?$/.test(value) && port.ok(Number(/:(\d+)/.exec(value)?.[1] ?? 443)),
  'http or https URLs',
  'write for example "https://dynamodb.us-east-1.amazonaws.com"',
);

/** A host and a port. */
export const hostPort = string(
  value => /^[A-Za-z0-9.-]+:\d{1,5}$/.test(value) && port.ok(Number(value.split(':')[1])),
  'host:port',
  'write for example "statsd.monitoring:8125"',
);

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

export const quantity = string(
  value => quantityValue(value) > 0,
  'Kubernetes quantities greater than zero',
  'write for example "500m", "2" or "2Gi"',
);

/** A quantity of bytes: one below 1Mi is a typing error, such as "512m", which is half a byte. */
export const bytes = string(
  value => quantityValue(value) >= 2 ** 20,
  'Kubernetes quantities of 1Mi and more',
  'write for example "512Mi" or "2Gi"',
);

/** Kubernetes documentation, "Labels and Selectors": an optional DNS prefix and a name of 63 characters at most. cdk8s takes an object with a key "constructor" for no plain one. */
const qualifiedName = (key: string): boolean => {
  const [prefix, name] = key.includes('/') ? [key.slice(0, key.lastIndexOf('/')), key.slice(key.lastIndexOf('/') + 1)] : [undefined, key];
  return (
    key !== 'constructor' &&
    (prefix === undefined || dnsSubdomain.ok(prefix)) &&
    name.length <= 63 &&
    /^[A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?$/.test(name)
  );
};

export const labels: Check<Readonly<Record<string, string>>> = {
  ok: map =>
    Object.entries(map).every(
      ([key, value]) =>
        qualifiedName(key) &&
        typeof value === 'string' &&
        value.length <= 63 &&
        /^([A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?)?$/.test(value),
    ),
  allowed:
    'label keys with an optional DNS prefix other than "constructor", values of 63 characters at most (a-z, A-Z, 0-9, "-", "_", ".")',
  fix: 'write for example { team: "platform" }',
};

export const annotations: Check<Readonly<Record<string, string>>> = {
  ok: map => Object.entries(map).every(([key, value]) => qualifiedName(key) && typeof value === 'string'),
  allowed: 'annotation keys with an optional DNS prefix other than "constructor", and strings',
  fix: 'write for example { "example.com/owner": "platform" }',
};

/**
 * Whether YAML can hold a text as it is: control characters, the byte order mark and halves of surrogate pairs are refused by its readers, and the line
 * separators of Unicode read as line breaks (YAML 1.1, "Character Set" and "Line Break Characters").
 */
export const isYamlText = (value: string): boolean => !/(?![\t\n\r])\p{Cc}|[\p{Cs}\p{Zl}\p{Zp}\uFEFF\uFFFE\uFFFF]/u.test(value);

const isPrintable = (value: string): boolean => isYamlText(value) && !/[\t\n\r]/.test(value);
