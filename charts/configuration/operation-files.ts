import { pack } from '../app/jobs/pack';
import type { Operation } from './plan';

/** Characters of a file, so that several fit into a ConfigMap. */
const largest = 120_000;

/** The operations as the Job reads them: a file for each kind, or several where there are many. The order is that in which they are carried out. */
export function operationFiles(kinds: Readonly<Record<string, readonly Operation[]>>): Readonly<Record<string, string>> {
  const files = Object.entries(kinds).flatMap(([kind, operations]) =>
    pack(operations, operation => text([operation]).length, largest).map(
      (list, index) => [`operations/${kind}${index === 0 ? '' : `-${index + 1}`}.json`, text(list)] as const,
    ),
  );
  return Object.fromEntries(files);
}

const text = (operations: readonly Operation[]): string => `${JSON.stringify(operations, null, 1)}\n`;
