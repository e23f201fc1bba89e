/** Where the servers of a Vault are. */
export interface ServersPlan {
  /** The StatefulSet. */
  readonly statefulSet: string;
  /** The labels of its pods. */
  readonly selector: Readonly<Record<string, string>>;
  /** The headless Service that gives pods their names. */
  readonly internalService: string;
  readonly port: number;
}
