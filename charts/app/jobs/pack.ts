/** The items in parts that are no larger than this, one after the other; one that is larger by itself is a part of its own. */
export function pack<T>(items: readonly T[], sizeOf: (item: T) => number, largest: number): readonly (readonly T[])[] {
  const parts: T[][] = [];
  let left = 0;
  for (const item of items) {
    const size = sizeOf(item);
    if (parts.length === 0 || size > left) {
      parts.push([]);
      left = largest;
    }
    parts.at(-1)?.push(item);
    left -= size;
  }
  return parts;
}
