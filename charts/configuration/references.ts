/**
 * Stands for the accessor of a mount, which only a running Vault knows: in a templated policy, `identity.entity.aliases.<accessor>.name`. The Job puts it in.
 *
 * @param mount an auth method as "auth/<path>", or a secrets engine by its path
 */
export const accessorOf = (mount: string): string => `$accessor(${mount}/)`;

/** Stands for the id of an identity group: in a templated policy, `identity.groups.ids.<id>.name`. The Job puts it in. */
export const groupIdOf = (name: string): string => `$groupId(${name})`;

/** The references in a text: what must be there. */
export const referencesIn = (text: string): readonly { readonly kind: 'accessor' | 'groupId'; readonly name: string }[] =>
  [...text.matchAll(/\$(accessor|groupId)\(([^)]*)\)/g)].map(([, kind, name = '']) => ({
    kind: kind as 'accessor' | 'groupId',
    name: name.replace(/\/$/, ''),
  }));
