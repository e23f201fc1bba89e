/** The name of a table before it was ever restored, and how often it was. */
function lineage(table: string): { readonly base: string; readonly generation: number } {
  const [, base, generation] = /^(.+)-restored-(?:(\d{1,2})-)?[a-z0-9]+$/.exec(table) ?? [];
  return base === undefined ? { base: table, generation: 0 } : { base, generation: Number(generation ?? 1) };
}

/**
 * How the names of tables begin that are restored from a table. One that was restored itself counts on, rather than growing with each restore; and its own
 * name never begins so, since the Job may write what does.
 */
export function restoredPrefix(table: string): string {
  const { base, generation } = lineage(table);
  return generation === 0 ? `${base}-restored-` : `${base}-restored-${generation + 1}-`;
}

/** The longest name that the Job gives to a table that is restored from this one, or from that one, and so on: a number, and the time. */
export const longestRestoredName = (table: string): string => `${lineage(table).base}-restored-99-261126t030000`;
