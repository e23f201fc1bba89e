import { booleanCheck, type Checks, matching, oneOf } from '../app/validation/check';
import type { Part } from '../app/validation/part';
import type { Problems } from '../app/validation/problems';
import { mountPathCheck } from './names';
import type { EnableOperation } from './plan';

/** An audit device of type file (Vault documentation, "File audit device"). Once it is enabled, only a person changes it. */
export interface AuditDeviceProps {
  /** "stdout", or a file on the servers' audit volume, such as "/vault/audit/audit.log". */
  readonly filePath: string;
  /**
   * The format of entries.
   * @default "json"
   */
  readonly format?: 'json' | 'jsonx';
  /**
   * Whether the accessors of tokens are hashed too.
   * @default true
   */
  readonly hmacAccessor?: boolean;
  /**
   * Whether lists in answers are cut down to their length.
   * @default false
   */
  readonly elideListResponses?: boolean;
}

const checks: Checks<AuditDeviceProps> = {
  filePath: matching(
    /^(stdout|\/vault\/audit(\/[\w.-]+)+)$/,
    '"stdout", or files in /vault/audit',
    'write for example "/vault/audit/audit.log"',
  ),
  format: oneOf('json', 'jsonx'),
  hmacAccessor: booleanCheck,
  elideListResponses: booleanCheck,
};

/** The audit devices, by the paths of their mounts. Vault stops where none of them can be written: two are better than one. */
export class AuditDevices implements Part {
  constructor(private readonly props: Readonly<Record<string, AuditDeviceProps>> = {}) {}

  validate(problems: Problems): void {
    for (const [path, device] of problems.groups('audit', this.props)) {
      problems.check('audit', path, mountPathCheck);
      problems.require(`audit.${path}.filePath`, device.filePath, checks.filePath);
      problems.checkAll(`audit.${path}`, device, checks);
    }
  }

  enable(): readonly EnableOperation[] {
    return Object.entries(this.props).map(([path, { filePath, format, hmacAccessor, elideListResponses }]) => ({
      do: 'enable',
      at: 'sys/audit',
      name: `${path}/`,
      body: {
        type: 'file',
        options: {
          file_path: filePath,
          format: format ?? 'json',
          hmac_accessor: String(hmacAccessor ?? true),
          elide_list_responses: String(elideListResponses ?? false),
        },
      },
    }));
  }
}
