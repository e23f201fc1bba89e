import { type Check, matching } from '../app/validation/check';
import type { Part } from '../app/validation/part';
import type { Problems } from '../app/validation/problems';

/** IAM User Guide, "Tagging IAM resources"; the narrowest of the services in use. */
const tagsCheck: Check<Readonly<Record<string, string>>> = {
  ok: map => {
    const keys = Object.keys(map);
    return (
      keys.length <= 50 &&
      new Set(keys.map(key => key.toLowerCase())).size === keys.length &&
      keys.every(key => /^[\p{L}\p{Z}\p{N}_.:/=+\-@]{1,128}$/u.test(key) && !/^aws:/i.test(key))
    );
  },
  allowed:
    'up to 50 tags: keys of 1 to 128 letters, digits, spaces and "_.:/=+-@" that differ in more than case and do not start with "aws:"',
  fix: 'write for example { team: "platform" }',
};

const tagValueCheck = matching(
  /^[\p{L}\p{Z}\p{N}_.:/=+\-@]{0,256}$/u,
  'up to 256 letters, digits, spaces and "_.:/=+-@"',
  'write a text, such as "platform"',
);

/** The tags of everything that takes tags. */
export class Tags implements Part {
  constructor(readonly values: Readonly<Record<string, string>> = {}) {}

  validate(problems: Problems): void {
    if (!problems.isGroup('tags', this.values)) return;
    problems.check('tags', this.values, tagsCheck);
    for (const [key, value] of Object.entries(this.values)) problems.require(`tags.${key}`, value, tagValueCheck);
  }
}
