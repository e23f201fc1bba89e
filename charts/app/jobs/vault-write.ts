/** One write to Vault that may be repeated; `unless` names a list and what stands in it once the write is done. */
export interface VaultWrite {
  readonly path: string;
  readonly unless?: { readonly list: string; readonly has: string };
  readonly body: object;
}
