import { list, object, parse, string } from '../../app/jobs/runtime/shape.mts';

/** What an initialisation answers (Vault API documentation, "/sys/init"). The hex copy of the keys is left out: it doubles what custody must hold. */
export interface InitAnswer {
  readonly recovery_keys_base64: readonly string[];
  readonly root_token: string;
}

const shape = object<InitAnswer>({ recovery_keys_base64: list(string), root_token: string });

/** The answer, or undefined where it is not whole: the connection broke off, or it is none of Vault's. */
export function parseAnswer(text: string): InitAnswer | undefined {
  try {
    const answer = parse(text, shape, 'the answer to the initialisation');
    return answer.recovery_keys_base64.length > 0 && answer.root_token !== '' ? answer : undefined;
  } catch {
    return undefined;
  }
}

/** What custody holds of an answer; one that is not whole is held as it is, since it may hold a key. */
export function custodyText(text: string): string {
  const answer = parseAnswer(text);
  return answer === undefined ? text : JSON.stringify(answer);
}

/** As long as the longest answer, and nothing secret. */
export const canary = (bytes: number): string => JSON.stringify({ canary: 'x'.repeat(Math.max(bytes - 13, 0)) });
