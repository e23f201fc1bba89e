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
    // one line each, whatever the values in it hold
    this.found.push(`${prop}: got ${JSON.stringify(got)}; allowed: ${allowed}; ${fix}`.replace(/\s+/g, ' '));
  }

  check<T>(prop: string, value: T | undefined, check: Check<T>): void {
    if (value !== undefined && !check.ok(value)) this.refuse(prop, value, check.allowed, check.fix);
  }

  /** For what has no default: also refused where it is missing, as with an unset environment variable behind a `!`. */
  require<T>(prop: string, value: T | undefined, check: Check<T>): void {
    if (value === undefined || value === null) this.refuse(prop, 'nothing', check.allowed, check.fix);
    else this.check(prop, value, check);
  }

  /** Holds every prop of a group against its check; a prop without one does not compile. */
  checkAll<Props extends object>(group: string, props: Props | undefined, checks: Checks<Props>): void {
    for (const key of Object.keys(checks) as (keyof Props & string)[]) {
      this.check(`${group}.${key}`, props?.[key] as NonNullable<Props[typeof key]> | undefined, checks[key]);
    }
  }
}
