/** All of a list that AWS answers in pages; `read` is given what the page before said is next. */
export async function allPages<Item, Token>(
  read: (from: Token | undefined) => Promise<{ readonly items: readonly Item[]; readonly next: Token | undefined }>,
): Promise<readonly Item[]> {
  const all: Item[] = [];
  let from: Token | undefined;
  do {
    const { items, next } = await read(from);
    all.push(...items);
    from = next;
  } while (from !== undefined);
  return all;
}
