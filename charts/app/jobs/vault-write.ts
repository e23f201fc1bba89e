/** One write to Vault that may be repeated; `unless` names a list and what stands in it once the write is done. */
export interface VaultWrite {
  /** The path of the API, without "/v1/". */
  readonly path: string;
  /** Skipped where the list at this path has this key already. */
  readonly unless?: { readonly list: string; readonly has: string };
  /** The body of the request. */
  readonly body: object;
}
