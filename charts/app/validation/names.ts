import { type Check, matching, string } from './check';

/** Kubernetes documentation, "Object Names and IDs": a name that also serves as a DNS label (RFC 1035). */
export const dnsLabelCheck = (max = 63): Check<string> =>
  string(
    value => value.length <= max && /^[a-z]([-a-z0-9]*[a-z0-9])?$/.test(value),
    `1 to ${max} characters of a-z, 0-9 and "-", starting with a letter and ending with a letter or digit`,
    'write a DNS label, such as "vault"',
  );

/** Kubernetes documentation, "Object Names and IDs": DNS labels (RFC 1123), which namespaces are. */
export const namespaceCheck = string(
  value => value.length <= 63 && /^[a-z0-9]([-a-z0-9]*[a-z0-9])?$/.test(value),
  '1 to 63 characters of a-z, 0-9 and "-", starting and ending with a letter or digit',
  'write a DNS label, such as "vault"',
);

/** Kubernetes documentation, "Object Names and IDs": DNS subdomain names (RFC 1123). */
export const dnsSubdomainCheck = string(
  value => value.length <= 253 && value.split('.').every(namespaceCheck.ok),
  'DNS names in lower case, 253 characters at most',
  'write a DNS name, such as "vault.example.com"',
);

/** Kubernetes documentation, "Labels and Selectors": an optional DNS prefix and a name of 63 characters at most. cdk8s takes an object with a key "constructor" for no plain one. */
const qualifiedName = (key: string): boolean => {
  const [prefix, name] = key.includes('/') ? [key.slice(0, key.lastIndexOf('/')), key.slice(key.lastIndexOf('/') + 1)] : [undefined, key];
  return (
    key !== 'constructor' &&
    (prefix === undefined || dnsSubdomainCheck.ok(prefix)) &&
    name.length <= 63 &&
    /^[A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?$/.test(name)
  );
};

export const labelsCheck: Check<Readonly<Record<string, string>>> = {
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

export const annotationsCheck: Check<Readonly<Record<string, string>>> = {
  ok: map => Object.entries(map).every(([key, value]) => qualifiedName(key) && typeof value === 'string'),
  allowed: 'annotation keys with an optional DNS prefix other than "constructor", and strings',
  fix: 'write for example { "example.com/owner": "platform" }',
};

export const absolutePathCheck = matching(/^(\/[A-Za-z0-9._-]+)+$/, 'absolute paths', 'write for example "/vault/plugins"');
