import { AwsError } from './aws.mts';

/** For what need not be there: undefined where AWS says by this code that it is not. */
export const absent =
  (code: string) =>
  (error: unknown): undefined => {
    if (error instanceof AwsError && error.code === code) return undefined;
    throw error;
  };
