import { existsSync } from 'node:fs';
import { join } from 'node:path';

export function which(command: string): string {
  const found = (process.env['PATH'] ?? '').split(':').find(folder => existsSync(join(folder, command)));
  if (found === undefined) throw new Error(`these tests need ${command}`);
  return join(found, command);
}
