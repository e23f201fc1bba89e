import { Construct } from 'constructs';
import { assertNotSynthesized } from '../kustomize/tree-lock';
import { useAlone } from '../kustomize/unique-resource';
import { Problems } from '../validation/problems';
import { type AwsEnvironment, iamArn, parseArn, partitionOf, roleArnCheck, roleNameCheck } from './environment';

/** One statement of an IAM policy that allows something. */
export interface IamStatement {
  /** Says what the statement is for; letters and digits. */
  readonly sid: string;
  /** Actions with their service, such as "dynamodb:GetItem". */
  readonly actions: readonly string[];
  /** ARNs; "*" only for actions that know no other resource. */
  readonly resources: readonly string[];
  /** Operator → key → values, as IAM writes them. */
  readonly conditions?: Readonly<Record<string, Readonly<Record<string, string | readonly string[]>>>>;
}

/** Allows actions of one service on one resource. */
export const allow = (sid: string, service: string, actions: readonly string[], resource: string): IamStatement => ({
  sid,
  actions: actions.map(action => `${service}:${action}`),
  resources: [resource],
});

/** `least`: what is really called. `documented`: what the vendor's documentation lists. */
export type ActionList = 'least' | 'documented';

export interface IamRoleProps {
  readonly aws: AwsEnvironment;
  /** The role's name, or the ARN of a role in the same account. */
  readonly role: string;
  /** Who may assume the role through the cluster's OIDC provider. */
  readonly serviceAccount: { readonly namespace: string; readonly name: string };
  /** What the role may do; asked at synth. */
  readonly statements: (actions: ActionList) => readonly IamStatement[];
  /**
   * Seconds that a session of the role may last at most.
   * @default 3600 (AWS's)
   */
  readonly maxSessionSeconds?: number;
}

/** The annotation by which EKS gives pods an IAM role (EKS User Guide, "IAM roles for service accounts"). */
export const roleAnnotation = 'eks.amazonaws.com/role-arn';

/** An IAM role that a chart needs: declared here, made from the documents in `dist/aws`. */
export class IamRole extends Construct {
  /** The account and region of what the role is for. */
  readonly aws: AwsEnvironment;
  /** The role's name, without its path. */
  readonly name: string;
  /** "/", or the path that the given ARN has. */
  readonly path: string;
  /** The role's ARN, which stands on the ServiceAccount. */
  readonly arn: string;
  /** The only ServiceAccount that gets the role. */
  readonly serviceAccount: { readonly namespace: string; readonly name: string };
  /** Seconds that a session may last at most; AWS's hour where undefined. */
  readonly maxSessionSeconds: number | undefined;
  private readonly own: (actions: ActionList) => readonly IamStatement[];
  private readonly added: IamStatement[] = [];

  constructor(scope: Construct, id: string, props: IamRoleProps) {
    super(scope, id);
    const { accountId, region } = props.aws;
    this.aws = props.aws;
    const given = props.role.startsWith('arn:');
    this.arn = given ? props.role : iamArn(props.aws, `role/${props.role}`);
    const [name = '', ...folders] = (parseArn(this.arn)?.resource ?? '').split('/').slice(1).reverse();
    this.name = name;
    this.path = ['', ...folders.reverse(), ''].join('/');
    this.serviceAccount = props.serviceAccount;
    this.maxSessionSeconds = props.maxSessionSeconds;
    this.own = props.statements;
    useAlone(scope, `the IAM role ${this.arn}`, 'give one of them another role: each ServiceAccount has its own');
    // reported at the chart that declares it
    scope.node.addValidation({
      validate: () => {
        const problems = new Problems();
        problems.check('role', props.role, given ? roleArnCheck : roleNameCheck);
        const arn = parseArn(this.arn);
        if (given && roleArnCheck.ok(props.role) && (arn?.account !== accountId || arn.partition !== partitionOf(region))) {
          problems.refuse(
            'role',
            props.role,
            `roles of account ${accountId} in partition ${partitionOf(region)}`,
            'correct the ARN, or aws.accountId and aws.region',
          );
        }
        const sids = this.statements('documented').map(({ sid }) => sid);
        for (const sid of sids)
          if (!/^[A-Za-z0-9]+$/.test(sid) || sids.indexOf(sid) !== sids.lastIndexOf(sid))
            problems.refuse('statements: sid', sid, 'letters and digits, each sid once', 'name the statement by what it is for');
        return problems.messages;
      },
    });
  }

  /**
   * Lets the role do more than its chart asked for.
   *
   * @throws after `app.synth()`
   */
  addStatements(...statements: readonly IamStatement[]): void {
    assertNotSynthesized(this, 'role.addStatements');
    this.added.push(...statements);
  }

  /** What binds the role to its ServiceAccount; tokens come from the region's own STS. */
  get serviceAccountAnnotations(): Record<string, string> {
    return { [roleAnnotation]: this.arn, 'eks.amazonaws.com/sts-regional-endpoints': 'true' };
  }

  /** Everything that the role may do, in the order in which it was asked for. */
  statements(actions: ActionList = 'least'): readonly IamStatement[] {
    return [...this.own(actions), ...this.added];
  }
}
