type Undefinable<T> = { [Key in keyof T]-?: undefined extends T[Key] ? Key : never }[keyof T];

/** The same object with keys that may be undefined made optional. */
export type Defined<T> = Omit<T, Undefinable<T>> & { [Key in Undefinable<T>]?: Exclude<T[Key], undefined> };

/** Leaves out undefined values: Kubernetes types say "absent", never "present and undefined". */
export function omitUndefined<T extends object>(object: T): Defined<T> {
  return Object.fromEntries(Object.entries(object).filter(([, value]) => value !== undefined)) as Defined<T>;
}

/** The same for all that lies within: records by names, and lists of groups. */
export function omitAllUndefined<T>(value: T): T {
  if (Array.isArray(value)) return value.map(omitAllUndefined) as T;
  if (typeof value !== 'object' || value === null || Object.getPrototypeOf(value) !== Object.prototype) return value;
  return Object.fromEntries(
    Object.entries(value).flatMap(([key, item]) => (item === undefined ? [] : [[key, omitAllUndefined(item)]])),
  ) as T;
}
