import { expect, test } from '@jest/globals';
import type { Look } from '../../../charts/app/jobs/runtime/servers.mts';
import { Diagnosis } from '../../../charts/lock-watch/program/diagnosis.mts';

const standby = {
  uid: 'x',
  upToDate: true,
  ready: true,
  leaving: false,
  role: 'standby',
  image: '',
  version: '1.21.7',
  heard: undefined,
} as const;
const leaderless: Look = {
  replicas: 2,
  revision: 'r',
  image: '',
  table: undefined,
  servers: ['vault-0', 'vault-1'].map(name => ({ ...standby, name })),
};

/** What is said every 5 seconds of a lock with these times, in seconds of its holder's clock; `undefined`: none. */
function said(expires: readonly (number | undefined)[], patience = 20): readonly (number | undefined)[] {
  const diagnosis = new Diagnosis();
  return expires.map((time, index) => {
    const lock = time === undefined ? undefined : { identity: 'somebody', expires: time * 1000 };
    const stuck = diagnosis.stuckFor({ at: index * 5_000, lock, look: leaderless }, patience * 1000);
    return stuck === undefined ? undefined : stuck / 1000;
  });
}

test('a lock that is renewed for as long as the patience is stuck', () => {
  expect(said([15, 20, 25, 30, 35, 40])).toEqual([undefined, undefined, undefined, undefined, 20, 25]);
});

test('whatever the clock of its holder says', () => {
  expect(said([-9000, -8995, -8990, -8985, -8980])[4]).toBe(20);
  expect(said([9e6, 9e6 + 5, 9e6 + 10, 9e6 + 15, 9e6 + 20])[4]).toBe(20);
});

test('one that was renewed, and is no more, is not: others take it', () => {
  expect(said([15, 20, 20, 20, 20, 20])).toEqual([undefined, undefined, undefined, undefined, undefined, undefined]);
});

test('one that is never renewed is not', () => {
  expect(said([15, 15, 15, 15, 15, 15, 15])).not.toContainEqual(expect.any(Number));
});

test('one that was away for a moment is looked at anew', () => {
  expect(said([15, 20, 25, undefined, 35, 40, 45, 50, 55])).toEqual([...Array(8).fill(undefined), 20]);
});
