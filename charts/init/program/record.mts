import type { Lease } from '../../app/jobs/runtime/lease.mts';
import { object, parse, type Shape, ShapeError, string } from '../../app/jobs/runtime/shape.mts';
import type { Waiter } from '../../app/jobs/runtime/wait.mts';

/** How far the run that initialised this Vault has come. */
export type Progress = 'asked Vault to initialise' | 'refused' | 'keys in custody' | 'done';

export interface RunRecord {
  readonly progress: Progress;
  /** The pod that initialised. */
  readonly pod: string;
  /** When it began. */
  readonly since: string;
}

const key = 'cdk8s-vault/initialisation';
const progress: Shape<Progress> = (value, at) => {
  if (value === 'asked Vault to initialise' || value === 'refused' || value === 'keys in custody' || value === 'done') return value;
  throw new ShapeError(`${at} is none that this program knows`);
};
const shape = object<RunRecord>({ progress, pod: string, since: string });

/** Whether a run began to initialise this Vault and is not known to have come to its end. */
export const unfinished = (record: RunRecord | undefined): record is RunRecord =>
  record !== undefined && record.progress !== 'done' && record.progress !== 'refused';

/** The record of that run, on the Lease: later runs know by it what was left undone, and revoke nobody's token otherwise. */
export const readRecord = (lease: Lease): RunRecord | undefined => {
  const text = lease.annotation(key);
  return text === undefined ? undefined : parse(text, shape, `the annotation ${key} of the Lease`);
};

export const writeRecord = (lease: Lease, waiter: Waiter, record: RunRecord): Promise<void> =>
  waiter.until(`the Lease to take the record "${record.progress}"`, () => lease.annotate(key, JSON.stringify(record)));
