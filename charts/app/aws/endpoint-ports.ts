/** The ports of AWS's endpoints: HTTPS, and whatever port an endpoint of the user's names. */
export function endpointPorts(endpoints: readonly (string | undefined)[]): readonly number[] {
  const ports = endpoints
    .flatMap(endpoint => endpoint ?? [])
    .map(endpoint => /^(https?):\/\/[^/:]+(?::(\d+))?/.exec(endpoint))
    .map(match => Number(match?.[2] ?? (match?.[1] === 'http' ? 80 : 443)));
  return [...new Set([443, ...ports])].sort((a, b) => a - b);
}
