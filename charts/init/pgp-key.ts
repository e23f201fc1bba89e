import type { Check } from '../app/validation/check';

/** The packets of a binary OpenPGP key, as far as their bounds go: their type and the length of their content (RFC 9580, section 4.2). */
function packets(key: Buffer): readonly { readonly type: number; readonly length: number }[] {
  const found: { type: number; length: number }[] = [];
  for (let at = 0; at < key.length; ) {
    const header = key[at] ?? 0;
    if ((header & 0x80) === 0) return [];
    const [type, [start, length]] =
      (header & 0x40) !== 0 ? [header & 0x3f, newLength(key, at + 1)] : [(header >> 2) & 0x0f, oldLength(key, at + 1, header & 0x03)];
    if (Number.isNaN(length) || start + length > key.length) return [];
    found.push({ type, length });
    at = start + length;
  }
  return found;
}

/** Where a packet's content starts, and how long it is; NaN for forms that keys do not have. */
function newLength(key: Buffer, at: number): readonly [number, number] {
  const first = key[at] ?? Number.NaN;
  if (first < 192) return [at + 1, first];
  if (first < 224) return [at + 2, ((first - 192) << 8) + (key[at + 1] ?? Number.NaN) + 192];
  return first === 255 && at + 5 <= key.length ? [at + 5, key.readUInt32BE(at + 1)] : [at, Number.NaN];
}

function oldLength(key: Buffer, at: number, form: number): readonly [number, number] {
  const bytes = 2 ** form;
  return form < 3 && at + bytes <= key.length ? [at + bytes, key.readUIntBE(at, bytes)] : [at, Number.NaN];
}

const publicKey = 6;
const publicSubkey = 14;

const decoded = (key: string): ReturnType<typeof packets> =>
  /^[A-Za-z0-9+/]{64,}={0,2}$/.test(key) ? packets(Buffer.from(key, 'base64')) : [];

export const pgpKeyCheck: Check<string> = {
  ok: value => decoded(value)[0]?.type === publicKey,
  allowed: 'base64 of a binary PGP public key',
  fix: 'take the output of: gpg --export ID | base64 -w0',
};

/**
 * At most so many bytes is what Vault encrypts to the key: a session key encrypted by it, no longer than the key itself, and 512 bytes for the rest (packet
 * headers, at most 100 bytes of content, checksum).
 */
export const ciphertextBytes = (key: string): number =>
  512 + Math.max(0, ...decoded(key).flatMap(({ type, length }) => (type === publicKey || type === publicSubkey ? [length] : [])));
