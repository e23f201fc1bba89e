import { NotYet } from './wait.mts';

/** Holds an answer against the shape that is expected of it; `at` names the place for the error. */
export type Shape<T> = (value: unknown, at: string) => T;

/** An answer of another shape than expected. Its message names places, never values: answers hold secrets. */
export class ShapeError extends NotYet {}

const primitive =
  <T,>(type: string): Shape<T> =>
  (value, at) => {
    if (typeof value !== type) throw new ShapeError(`${at} is no ${type}`);
    return value as T;
  };

export const string: Shape<string> = primitive('string');
export const number: Shape<number> = primitive('number');
export const boolean: Shape<boolean> = primitive('boolean');
export const anything: Shape<unknown> = value => value;

export const optional =
  <T,>(shape: Shape<T>): Shape<T | undefined> =>
  (value, at) =>
    value === undefined || value === null ? undefined : shape(value, at);

export const list =
  <T,>(item: Shape<T>): Shape<readonly T[]> =>
  (value, at) => {
    if (!Array.isArray(value)) throw new ShapeError(`${at} is no list`);
    return value.map((element, index) => item(element, `${at}[${index}]`));
  };

const entries = (value: unknown, at: string): Readonly<Record<string, unknown>> => {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw new ShapeError(`${at} is no object`);
  return value as Readonly<Record<string, unknown>>;
};

/** An object with any keys, whose values are alike. */
export const record =
  <T,>(item: Shape<T>): Shape<Readonly<Record<string, T>>> =>
  (value, at) =>
    Object.fromEntries(Object.entries(entries(value, at)).map(([key, element]) => [key, item(element, `${at}.${key}`)]));

/** An object with these keys; others are left out. */
export const object =
  <T extends object>(fields: { readonly [Key in keyof T]: Shape<T[Key]> }): Shape<T> =>
  (value, at) => {
    const given = entries(value, at);
    return Object.fromEntries(Object.keys(fields).map(key => [key, fields[key as keyof T](given[key], `${at}.${key}`)])) as T;
  };

/** Parses JSON of an expected shape. */
export function parse<T>(text: string, shape: Shape<T>, what: string): T {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    // Node.js's own message quotes the text
    throw new ShapeError(`${what} is no JSON`);
  }
  return shape(value, what);
}
