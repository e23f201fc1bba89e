import { type Kubernetes, unexpectedStatus } from '../../app/jobs/runtime/kubernetes.mts';
import { list, number, object, optional, parse, record, string } from '../../app/jobs/runtime/shape.mts';

const jobs = object({
  items: list(
    object({
      metadata: object({ name: string, uid: string, annotations: optional(record(string)), deletionTimestamp: optional(string) }),
      status: optional(object({ succeeded: optional(number) })),
    }),
  ),
});

/** The annotation of an init Job that tells keys and custody of one main.ts from those of another. */
const key = 'cdk8s-vault/keys';

/**
 * Other init Jobs of this Vault that are not done and would make other keys, or bring them elsewhere: main.ts made them before, and nobody deleted them. Who
 * initialises first would decide.
 */
export async function rivals(
  kubernetes: Kubernetes,
  labels: Readonly<Record<string, string>>,
  own: { readonly uid: string; readonly keys: string },
): Promise<readonly string[]> {
  const answer = await kubernetes.list('apis/batch/v1', 'jobs', labels);
  if (answer.status !== 200) throw unexpectedStatus('listing the init Jobs', answer);
  return parse(answer.text, jobs, 'the list of Jobs')
    .items.filter(({ metadata, status }) => metadata.uid !== own.uid && metadata.deletionTimestamp === undefined && !status?.succeeded)
    .filter(({ metadata }) => metadata.annotations?.[key] !== own.keys)
    .map(({ metadata }) => metadata.name);
}
