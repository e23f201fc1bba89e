import { list, object, optional, parse, record, string } from '../../app/jobs/runtime/shape.mts';
import type { Session } from './session.mts';

/** An IAM principal that may no longer log in by a role. */
export interface Leaver {
  /** Where it logged in, such as "aws-people". */
  readonly mount: string;
  readonly principal: string;
}

const accessors = object({ data: object({ keys: list(string) }) });
const token = object({ data: object({ path: string, meta: optional(record(string)) }) });

/** Revokes the tokens of those who left, with all that they were lent, and returns how many there were. */
export async function revokeTokens(session: Session, leavers: readonly Leaver[]): Promise<number> {
  if (leavers.length === 0) return 0;
  const listed = await session.read('auth/token/accessors?list=true');
  const keys = listed === undefined ? [] : parse(listed, accessors, 'the list of tokens').data.keys;
  let revoked = 0;
  for (const accessor of keys) {
    const answer = await session.call('PUT', 'auth/token/lookup-accessor', { accessor });
    // it ended since it was listed
    if (answer.status !== 200) continue;
    const { path, meta } = parse(answer.text, token, 'the answer about an accessor').data;
    if (!leavers.some(leaver => loginPath(leaver.mount) === path && names(leaver.principal, meta?.['canonical_arn']))) continue;
    await session.write('auth/token/revoke-accessor', { accessor });
    revoked += 1;
  }
  return revoked;
}

/** A wildcard names whatever begins so. */
const names = (principal: string, arn: string | undefined): boolean =>
  principal.endsWith('*') ? arn?.startsWith(principal.slice(0, -1)) === true : arn === principal;

const loginPath = (mount: string): string => `auth/${mount}/login`;
