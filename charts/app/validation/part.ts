import type { Problems } from './problems';

/**
 * A piece of a chart, in a file of its own: the type of its props, their defaults, their checks, and what it renders. Its chart holds it in a list and asks it
 * at synth.
 */
export interface Part {
  /** Reports what is wrong with its props: each alone, several together, and beside the parts that it was given. */
  validate(problems: Problems): void;
}
