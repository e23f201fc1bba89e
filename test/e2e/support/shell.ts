import { type ChildProcess, spawn } from 'node:child_process';

export interface Result {
  readonly status: number;
  readonly stdout: string;
  readonly stderr: string;
}

export interface RunOptions {
  readonly input?: string;
  /** Exit codes that are no error. @default [0] */
  readonly accept?: readonly number[];
}

/** Runs a command and gives back what it said; fails with everything that it said. */
export function run(command: readonly string[], options: RunOptions = {}): Promise<Result> {
  const [program = '', ...args] = command;
  return new Promise((resolve, reject) => {
    // no command of these tests takes so long: one that hangs shall say which it is
    const child = spawn(program, args, { stdio: 'pipe', timeout: 300_000 });
    let stdout = '';
    let stderr = '';
    child.stdout.on('data', chunk => {
      stdout += chunk;
    });
    child.stderr.on('data', chunk => {
      stderr += chunk;
    });
    child.on('error', reject);
    child.on('close', code => {
      const status = code ?? -1;
      if ((options.accept ?? [0]).includes(status)) resolve({ status, stdout, stderr });
      else reject(new Error(`${command.join(' ')} ended with ${status}\n${stdout}\n${stderr}`));
    });
    child.stdin.on('error', () => undefined); // a program that ends early closes its input
    child.stdin.end(options.input ?? '');
  });
}

/**
 * A command that goes on until `stop` is called; gives back its lines. One that is given input is told to stop by the end of it, since a program that runs in
 * a pod outlives the `kubectl exec` that started it.
 */
export function background(command: readonly string[], input?: string): { readonly lines: string[]; readonly stop: () => Promise<void> } {
  const [program = '', ...args] = command;
  // a process group of its own: the command may be a wrapper whose children must stop too
  const child: ChildProcess = spawn(program, args, { stdio: ['pipe', 'pipe', 'inherit'], detached: true });
  const lines: string[] = [];
  let rest = '';
  child.stdout?.on('data', chunk => {
    const parts = (rest + chunk).split('\n');
    rest = parts.pop() ?? '';
    lines.push(...parts);
  });
  if (input === undefined) child.stdin?.end();
  else child.stdin?.write(input);
  const closed = new Promise<void>(resolve => child.on('close', () => resolve()));
  return {
    lines,
    stop: async () => {
      if (input !== undefined) {
        child.stdin?.end();
        await Promise.race([closed, sleep(10_000)]);
      }
      // a log ends with its pod
      if (child.pid !== undefined && child.exitCode === null) process.kill(-child.pid);
      await closed;
    },
  };
}

/** Ends a shell when its input ends, whatever it is doing then. */
export const endWithInput = 'exec 3<&0; (cat <&3 >/dev/null; kill $$) & exec 3<&-';

export const sleep = (milliseconds: number): Promise<void> => new Promise(resolve => setTimeout(resolve, milliseconds));

/** Tries until it succeeds; fails with what it waited for and what it saw last. */
export async function eventually<T>(what: string, seconds: number, attempt: () => Promise<T>): Promise<T> {
  const deadline = Date.now() + seconds * 1000;
  for (;;) {
    try {
      return await attempt();
    } catch (error) {
      if (Date.now() > deadline) throw new Error(`waited ${seconds} s for ${what}; last: ${(error as Error).message}`);
      await sleep(500);
    }
  }
}
