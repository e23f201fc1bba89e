import { afterEach, expect, jest, test } from '@jest/globals';
import { Stop } from '../../../charts/app/jobs/runtime/stop.mts';

afterEach(() => {
  jest.restoreAllMocks();
});

const day = 86_400_000;

test('custody away for three days: it tries at least every minute, and says so in few lines', async () => {
  let now = 0;
  const pauses: number[] = [];
  jest.spyOn(performance, 'now').mockImplementation(() => now);
  jest.doMock('node:timers/promises', () => ({
    setTimeout: async (pause: number) => {
      now += pause;
      pauses.push(pause);
    },
  }));
  const { NotYet, Waiter } = await import('../../../charts/app/jobs/runtime/wait.mts');
  const lines: string[] = [];
  const say = (line: string) => {
    lines.push(line);
  };
  await new Waiter(say, new Stop(say)).withoutLimit('custody', async () => {
    if (now < 3 * day) throw new NotYet('it is away');
  });
  expect([Math.min(...pauses), Math.max(...pauses)]).toEqual([250, 60_000]);
  expect(new Set(lines)).toEqual(new Set(['waiting for custody: it is away']));
  expect(lines.length).toBeLessThan(40);
});

test('told to stop while it loads, a program that finds the only copy of the keys goes on with them all the same', () => {
  const lines: string[] = [];
  const stop = new Stop(line => void lines.push(line));
  stop.tell();
  expect(stop.signal.aborted).toBe(true);
  stop.forbid(() => 'it holds keys');
  expect([stop.signal.aborted, lines]).toEqual([false, ['it holds keys']]);
  stop.permit();
  expect(stop.signal.aborted).toBe(true);
});
