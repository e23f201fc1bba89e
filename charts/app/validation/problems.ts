import { closest, distance } from 'fastest-levenshtein';
import { type Check, type Checks, oneOf, propsCheck } from './check';

/** The props of a group, also of a union of groups, so that TypeScript says when one is missing. */
export type KnownProps<Props> = Readonly<Record<Props extends unknown ? keyof Props & string : never, true>>;

/**
 * Collects what is wrong with a construct's props, so that a run reports everything at once.
 *
 * A construct hands `messages` to `node.addValidation`; the app puts the construct's path before each.
 */
export class Problems {
  private readonly found: string[] = [];

  /** The refusals so far: which prop, what it got, what is allowed, what to write instead. */
  get messages(): string[] {
    return this.found;
  }

  refuse(prop: string, got: unknown, allowed: string, fix: string): void {
    const message = refusal(prop, got, allowed, fix);
    const [what = ''] = message.split('; allowed: ');
    // a value that is wrong alone is not held against others
    if (!this.found.some(other => other.startsWith(`${what};`))) this.found.push(message);
  }

  /** Whether the value is good, so that a rule for several values together can be left out where one alone is wrong. */
  check<T>(prop: string, value: T | undefined, check: Check<T>): boolean {
    const good = value === undefined || check.ok(value);
    if (!good) this.refuse(prop, value, check.allowed, check.fix);
    return good;
  }

  /** For what has no default: also refused where it is missing, as with an unset environment variable behind a `!`. */
  require<T>(prop: string, value: T | undefined, check: Check<T>): boolean {
    if (value !== undefined && value !== null) return this.check(prop, value, check);
    this.refuse(prop, value, check.allowed, check.fix);
    return false;
  }

  /** Holds every prop of a group against its check; a prop without one does not compile. `others` are checked elsewhere. */
  checkAll<Props extends object>(group: string, props: Props | undefined, checks: Checks<Props>, ...others: readonly string[]): void {
    this.checkNames(group, props, { ...checks, ...Object.fromEntries(others.map(name => [name, true])) });
    for (const key of Object.keys(checks) as (keyof Props & string)[]) {
      this.check(`${group}.${key}`, props?.[key] as NonNullable<Props[typeof key]> | undefined, checks[key]);
    }
  }

  /** Whether a value is a group of props, and none of the words that may stand in its place; refused where it is neither. */
  isGroup<Props extends object>(prop: string, value: Props | string | undefined, ...words: readonly string[]): value is Props {
    if (value === undefined) return false;
    if (typeof value === 'string' && words.length > 0) {
      this.check(prop, value, oneOf(...words));
      return false;
    }
    const allowed = [...words.map(word => JSON.stringify(word)), propsCheck.allowed].join(', ');
    return this.check(prop, value as Props, { ...propsCheck, allowed });
  }

  /** The groups of a record, by their names; whatever else stands there is refused. */
  groups<Props extends object>(prop: string, record: Readonly<Record<string, Props>> | undefined): readonly (readonly [string, Props])[] {
    if (!this.isGroup(prop, record)) return [];
    return Object.entries(record).filter(([name, value]) => this.require(`${prop}.${name}`, value, propsCheck));
  }

  /** The groups of a list, each with its place; whatever else stands there is refused. */
  listed<Props extends object>(prop: string, list: readonly Props[] | undefined): readonly (readonly [string, Props])[] {
    if (!this.check(prop, list, { ok: Array.isArray, allowed: 'a list of objects of props', fix: 'leave it out for none' })) return [];
    return (list ?? [])
      .map((value, index) => [`${prop}[${index}]`, value] as const)
      .filter(([at, value]) => this.require(at, value, propsCheck));
  }

  /** A misspelt prop compiles in a spread, and would be ignored. `group` is empty for the props of a chart. */
  checkNames(group: string, props: object | undefined, known: object): void {
    const names = Object.keys(known);
    for (const [name, value] of Object.entries(props ?? {})) {
      if (names.includes(name)) continue;
      this.refuse(group === '' ? name : `${group}.${name}`, value, names.join(', '), suggestion(name, names));
    }
  }
}

function suggestion(name: string, names: readonly string[]): string {
  const nearest = closest(name, names);
  return distance(name, nearest) <= name.length / 2 ? `did you mean ${nearest}?` : 'leave it out: it has no effect';
}

/** As JSON, with what JSON cannot say. */
function shown(value: unknown): string {
  if (value === undefined || value === null) return 'nothing';
  const json = JSON.stringify(value, (_, item: unknown) =>
    item === undefined || (typeof item === 'number' && !Number.isFinite(item)) ? `\u0000${item}` : item,
  );
  return json.replace(/"\\u0000(-?\w+)"/g, '$1');
}

/** One refusal, in the form that all have. */
export const refusal = (prop: string, got: unknown, allowed: string, fix: string): string =>
  oneLine(`${prop}: got ${shown(got)}; allowed: ${allowed}; ${fix}`);

/** Whatever the values named in it hold, control characters and line separators too. */
const oneLine = (text: string): string =>
  text.replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, character => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`);
