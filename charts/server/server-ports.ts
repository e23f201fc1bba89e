/** The ports of a server, on its pod and its Services alike. */
export interface ServerPorts {
  readonly api: number;
  /** On which servers speak to each other. */
  readonly cluster: number;
  /** On which metrics need no token; undefined where metrics are off. The port after it is bound too. */
  readonly metrics: number | undefined;
}

export const numbersOf = ({ api, cluster, metrics }: ServerPorts): readonly number[] => [
  api,
  cluster,
  ...(metrics === undefined ? [] : [metrics, metrics + 1]),
];
