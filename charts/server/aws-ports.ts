import type { VaultServerProps } from './vault-server-props';

/** HTTPS, and whatever port an endpoint names. */
export function awsPorts({ storage, seal }: VaultServerProps): readonly number[] {
  const endpoints = [storage.endpoint, seal.endpoint, seal.migrateFrom?.endpoint].flatMap(endpoint => endpoint ?? []);
  const ports = endpoints
    .map(endpoint => /^(https?):\/\/[^/:]+(?::(\d+))?/.exec(endpoint))
    .map(match => Number(match?.[2] ?? (match?.[1] === 'http' ? 80 : 443)));
  return [...new Set([443, ...ports])].sort((a, b) => a - b);
}
