/** What stops a synth: every problem of the run in one message, before anything is written. */
export class SynthError extends Error {
  constructor(problems: readonly string[]) {
    const count = problems.length === 1 ? '1 problem' : `${problems.length} problems`;
    super(`${count}, nothing was written:\n${problems.map(problem => `  ${problem}`).join('\n')}`);
    this.name = 'SynthError';
  }
}
