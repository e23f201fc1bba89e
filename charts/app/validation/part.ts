import { Problems } from './problems';

/**
 * A piece of a chart, in a file of its own: the type of its props, their defaults, their checks, and what it renders. Its chart holds it in a list and asks it
 * at synth.
 */
export interface Part {
  /** Reports what is wrong with its props: each alone, several together, and beside the parts that it was given. */
  validate(problems: Problems): void;
}

/** Everything that is wrong with a chart: props that it does not know, and what its parts refuse. */
export function problemsOf(props: object, known: object, parts: readonly Part[]): string[] {
  const problems = new Problems();
  problems.checkNames('', props, known);
  for (const part of parts) part.validate(problems);
  return problems.messages;
}
