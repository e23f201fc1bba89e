import { string } from './check';

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

export const quantityCheck = string(
  value => quantityValue(value) > 0,
  'Kubernetes quantities greater than zero',
  'write for example "500m", "2" or "2Gi"',
);

/** A quantity of bytes: one below 1Mi is a typing error, such as "512m", which is half a byte. */
export const bytesCheck = string(
  value => quantityValue(value) >= 2 ** 20,
  'Kubernetes quantities of 1Mi and more',
  'write for example "512Mi" or "2Gi"',
);
