/** Whether the program may end where it stands. Node.js is the container's first process: a signal that it does not handle is lost. */
export class Stop {
  /** Whether the program was told to stop. */
  told = false;
  readonly #say: (line: string) => void;
  #controller = new AbortController();
  #forbidden: (() => string) | undefined;

  constructor(say: (line: string) => void) {
    this.#say = say;
  }

  /** Aborted once the program was told to stop and may. */
  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  /** From here on a signal is answered by saying why the program goes on, also one that came while the program was loading. */
  forbid(why: () => string): void {
    this.#forbidden = why;
    if (this.#controller.signal.aborted) this.#controller = new AbortController();
    if (this.told) this.#say(why());
  }

  permit(): void {
    this.#forbidden = undefined;
    if (this.told) this.#controller.abort(new Stopped('told to stop'));
  }

  get forbidden(): boolean {
    return this.#forbidden !== undefined;
  }

  tell(): void {
    this.told = true;
    if (this.#forbidden === undefined) this.permit();
    else this.#say(this.#forbidden());
  }
}

/** The program was told to stop, and may. */
export class Stopped extends Error {}

/** What kubelet, and a person with Ctrl-C, send. */
export function stopOnSignals(say: (line: string) => void): Stop {
  const stop = new Stop(say);
  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.on(signal, () => stop.tell());
  return stop;
}
