import { type Stop, Stopped, stopOnSignals } from './stop.mts';
import type { Say } from './wait.mts';

/** Runs a program to its end: signals are heard before the rest of it is loaded, and its last line says why it failed. */
export async function run(
  name: string,
  load: () => Promise<(env: NodeJS.ProcessEnv, stop: Stop, say: Say) => Promise<void>>,
): Promise<void> {
  const say = (line: string): void => console.log(`${name}: ${line}`);
  const stop = stopOnSignals(say);
  try {
    const start = await load();
    await start(process.env, stop, say);
  } catch (error) {
    say((error as Error).message);
    // 143: as a process that SIGTERM ended
    process.exitCode = error instanceof Stopped ? 143 : 1;
  }
}
