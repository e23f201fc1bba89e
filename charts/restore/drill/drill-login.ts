import { type Checks, matching, oneOf, textCheck } from '../../app/validation/check';
import type { Part } from '../../app/validation/part';
import type { Problems } from '../../app/validation/problems';
import type { IVault } from '../../app/vault';
import type { DrillPlan } from './plan';

/** How the drill logs in: by the token of its ServiceAccount `<name>-drill`, as a role that may read the canary and nothing else. */
export interface DrillLoginProps {
  /**
   * The auth method. With "kubernetes" the drill's Vault may ask the API server whose a token is; with "jwt" it verifies tokens by itself.
   * @default "kubernetes"
   */
  readonly type?: 'kubernetes' | 'jwt';
  /**
   * Where it is mounted.
   * @default its type
   */
  readonly mount?: string;
  /**
   * The role.
   * @default "<name>-drill"
   */
  readonly role?: string;
  /**
   * The audience that the role wants.
   * @default the name of the Vault
   */
  readonly audience?: string;
}

const checks: Checks<DrillLoginProps> = {
  type: oneOf('kubernetes', 'jwt'),
  mount: matching(/^[A-Za-z0-9_-]+(\/[A-Za-z0-9_-]+)*$/, 'paths of auth mounts without "auth/"', 'write for example "kubernetes"'),
  role: matching(/^[A-Za-z0-9_-]+$/, 'names of roles', 'write for example "vault-drill"'),
  audience: textCheck,
};

/** The login of the drill, in production and in the copy alike. */
export class DrillLogin implements Part {
  constructor(
    private readonly vault: IVault,
    private readonly props: DrillLoginProps = {},
  ) {}

  validate(problems: Problems): void {
    if (problems.isGroup('login', this.props)) problems.checkAll('login', this.props, checks);
  }

  get plan(): DrillPlan['login'] {
    const { type = 'kubernetes', mount = type, role = `${this.vault.name}-drill` } = this.props;
    return { mount, role };
  }

  get audience(): string {
    return this.props.audience ?? this.vault.name;
  }

  /** Whether the API server is asked whose a token is. */
  get isReviewed(): boolean {
    return (this.props.type ?? 'kubernetes') === 'kubernetes';
  }
}
