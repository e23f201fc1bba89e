import { type Checks, listOf, textCheck } from '../app/validation/check';
import type { Part } from '../app/validation/part';
import type { Problems } from '../app/validation/problems';
import { definedName, tokenPolicyCheck, vaultNameCheck } from './names';
import type { WriteOperation } from './plan';
import { accessorOf, groupIdOf } from './references';

/** A group of identities: whoever is in it has its policies (Vault documentation, "Identity: entities and groups"). */
export interface GroupProps {
  /**
   * Policies of its members.
   * @default none
   */
  readonly policies?: readonly string[];
  /**
   * Groups that belong to it, by their names here.
   * @default none
   */
  readonly memberGroups?: readonly string[];
  /**
   * Makes it an external group: whoever an auth method says is in the group of this name is a member.
   * @default none: an internal group
   */
  readonly alias?: {
    /** The auth method, by the path of its mount. */
    readonly mount: string;
    /** The group, as the auth method names it. */
    readonly name: string;
  };
}

/** The identity groups, by their names. */
export class Groups implements Part {
  constructor(
    private readonly props: Readonly<Record<string, GroupProps>> = {},
    private readonly authMounts: readonly string[],
  ) {}

  get names(): readonly string[] {
    return Object.keys(this.props);
  }

  get policies(): readonly { readonly at: string; readonly name: string }[] {
    return Object.entries(this.props).flatMap(([group, { policies = [] }]) =>
      policies.map(name => ({ at: `groups.${group}.policies`, name })),
    );
  }

  validate(problems: Problems): void {
    const names = this.names;
    for (const [name, group] of problems.groups('groups', this.props)) {
      const at = `groups.${name}`;
      // a member is made before the group that it belongs to: those that stand further up
      const above = names.slice(0, names.indexOf(name));
      const checks: Checks<Omit<GroupProps, 'alias'>> = {
        policies: listOf(tokenPolicyCheck),
        memberGroups: listOf(definedName('groups that stand further up', above)),
      };
      problems.check('groups', name, vaultNameCheck);
      problems.checkAll(at, group, checks, 'alias');
      if (!problems.isGroup(`${at}.alias`, group.alias)) continue;
      problems.checkNames(`${at}.alias`, group.alias, { mount: true, name: true });
      problems.require(`${at}.alias.mount`, group.alias.mount, definedName('auth methods', this.authMounts));
      problems.require(`${at}.alias.name`, group.alias.name, textCheck);
      if (group.memberGroups !== undefined)
        problems.refuse(
          `${at}.memberGroups`,
          group.memberGroups,
          'nothing with an alias',
          'leave it out: the auth method says who is in it',
        );
    }
  }

  operations(): readonly WriteOperation[] {
    return Object.entries(this.props).flatMap(([name, { policies = [], memberGroups = [], alias }]): readonly WriteOperation[] => {
      const path = `identity/group/name/${name}`;
      const type = alias === undefined ? 'internal' : 'external';
      const members = alias === undefined ? { member_group_ids: memberGroups.map(groupIdOf) } : {};
      const group: WriteOperation = { do: 'write', kind: 'group', path, body: { type, policies, ...members } };
      if (alias === undefined) return [group];
      return [
        group,
        {
          do: 'write',
          kind: 'group-alias',
          path: 'identity/group-alias',
          readAt: path,
          body: { name: alias.name, mount_accessor: accessorOf(`auth/${alias.mount}`), canonical_id: groupIdOf(name) },
        },
      ];
    });
  }
}
