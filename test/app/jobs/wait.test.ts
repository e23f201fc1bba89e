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
