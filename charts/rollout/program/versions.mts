/** The version in a tag or in a server's answer, such as 1.21.7; undefined where there is none. */
export function versionOf(text: string | undefined): readonly number[] | undefined {
  const [, major, minor, patch] = /(?:^|[:v])(\d+)\.(\d+)\.(\d+)/.exec(text ?? '') ?? [];
  return major === undefined ? undefined : [Number(major), Number(minor), Number(patch)];
}

/** The version in the tag of an image, whose registry may look like one. */
export const versionOfImage = (image: string): readonly number[] | undefined => versionOf(image.split('/').at(-1));

/** Negative where the first is older. */
export function compareVersions(a: readonly number[], b: readonly number[]): number {
  const difference = a.findIndex((part, index) => part !== b[index]);
  return difference < 0 ? 0 : (a[difference] ?? 0) - (b[difference] ?? 0);
}

/** What a step to a version changes that somebody must know before it, with its source. */
const notes: readonly { readonly from: readonly number[]; readonly text: string }[] = [
  {
    from: [2, 0, 0],
    text: 'from 2.0 on, sys/generate-root and sys/rekey need a token, unless enable_unauthenticated_access names them: have an admin path that works (Vault documentation, "Upgrade to Vault 2.0")',
  },
  {
    from: [1, 21, 0],
    text: 'from 1.21 on, roles of Kubernetes auth must have an audience (Vault documentation, "Important changes in 1.21")',
  },
];

/** Those that lie between two versions. */
export const notesBetween = (before: readonly number[], after: readonly number[]): readonly string[] =>
  notes.filter(({ from }) => compareVersions(before, from) < 0 && compareVersions(after, from) >= 0).map(({ text }) => text);
