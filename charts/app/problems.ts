import type { Check, Checks } from './checks';

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
    // NaN and Infinity are none of JSON's
    const value = typeof got === 'number' ? String(got) : JSON.stringify(got);
    const what = `${prop}: got ${got === undefined || got === null ? 'nothing' : value};`;
    // a value that is wrong alone is not held against others
    if (this.found.some(message => message.startsWith(what))) return;
    // one line each, whatever the values named in it hold
    this.found.push(`${what} ${`allowed: ${allowed}; ${fix}`.replace(/[\r\n]+/g, ' ')}`);
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

  /** Holds every prop of a group against its check; a prop without one does not compile. */
  checkAll<Props extends object>(group: string, props: Props | undefined, checks: Checks<Props>): void {
    for (const key of Object.keys(checks) as (keyof Props & string)[]) {
      this.check(`${group}.${key}`, props?.[key] as NonNullable<Props[typeof key]> | undefined, checks[key]);
    }
  }
}
