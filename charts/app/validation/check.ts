/** A rule for one value: when it holds, what is allowed, and what to write instead. */
export interface Check<T> {
  readonly ok: (value: T) => boolean;
  readonly allowed: string;
  readonly fix: string;
}

/** One check for every prop of a group. */
export type Checks<Props> = { readonly [Key in keyof Props]-?: Check<NonNullable<Props[Key]>> };

/** A rule for strings: anything else, such as an element that is undefined behind a `!`, breaks it. */
export const string = (ok: (value: string) => boolean, allowed: string, fix: string): Check<string> => ({
  ok: value => typeof value === 'string' && ok(value),
  allowed,
  fix,
});

export const matching = (pattern: RegExp, allowed: string, fix: string): Check<string> =>
  string(value => pattern.test(value), allowed, fix);

/** What Kubernetes' int32 and an int of Go hold on every platform. */
const maxInteger = 2 ** 31 - 1;

export const integer = (min: number, max: number = maxInteger, fix = `write a whole number, such as ${min}`): Check<number> => ({
  ok: value => Number.isInteger(value) && value >= min && value <= max,
  allowed: `whole numbers from ${min} to ${max}`,
  fix,
});

export const oneOf = <T extends string | number>(...values: readonly T[]): Check<T> => ({
  ok: value => values.includes(value),
  allowed: values.map(value => JSON.stringify(value)).join(', '),
  fix: 'write one of these',
});

export const listOf = <T>(check: Check<T>): Check<readonly T[]> => ({
  ok: values => Array.isArray(values) && values.length > 0 && values.every(check.ok) && new Set(values).size === values.length,
  allowed: `a list that is not empty and names nothing twice, each of: ${check.allowed}`,
  fix: `leave the prop out for none; ${check.fix}`,
});

/** For props whose type says everything, held again for callers without types. */
export const booleanCheck: Check<boolean> = { ok: value => typeof value === 'boolean', allowed: 'true, false', fix: 'write true or false' };

export const textCheck = string(
  value => value.length > 0 && value.length <= 4096 && isPrintable(value),
  '1 to 4096 characters without control characters',
  'leave the prop out for none',
);

/** A group of props, for callers without types. */
export const propsCheck: Check<object> = {
  ok: value => typeof value === 'object' && value !== null && !Array.isArray(value),
  allowed: 'an object of props',
  fix: 'leave it out for the default',
};

/**
 * Whether YAML can hold a text as it is: control characters, the byte order mark and halves of surrogate pairs are refused by its readers, and the line
 * separators of Unicode read as line breaks (YAML 1.1, "Character Set" and "Line Break Characters").
 */
export const isYamlText = (value: string): boolean => !/(?![\t\n\r])\p{Cc}|[\p{Cs}\p{Zl}\p{Zp}\uFEFF\uFFFE\uFFFF]/u.test(value);

const isPrintable = (value: string): boolean => isYamlText(value) && !/[\t\n\r]/.test(value);
