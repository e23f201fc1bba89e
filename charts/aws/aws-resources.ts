import { Construct } from 'constructs';
import type { ActionList } from '../app/aws/iam-role';
import { OutputFolder } from '../app/kustomize/output-file';
import { type Part, problemsOf } from '../app/validation/part';
import type { KnownProps } from '../app/validation/problems';
import type { AwsResource } from './aws-resource';
import { cloudFormation } from './cloudformation';
import { EnvironmentRequirements } from './environment-requirements';
import { Location } from './location';
import { checkNames } from './names';
import { type BackupProps, Backups } from './resources/backup';
import { type EndpointProps, GatewayEndpoint } from './resources/endpoint';
import { type KeyProps, Keys } from './resources/key';
import { Roles } from './resources/role';
import { type SecretProps, Secrets } from './resources/secret';
import { type TableProps, Tables } from './resources/table';
import type { Stack } from './stack';
import { Tags } from './tags';
import { terraform } from './terraform';

/** What AwsResources cannot know from the charts, and how to make what they need. */
export interface AwsResourcesProps {
  /** The cluster's OIDC provider without "https://", such as "oidc.eks.eu-west-1.amazonaws.com/id/0123456789ABCDEF0123456789ABCDEF": `aws eks describe-cluster --query cluster.identity.oidc.issuer`. Roles go to its ServiceAccounts alone. */
  readonly oidcProvider: string;
  /**
   * What the servers' role may do with the table: "least", the six actions that Vault calls, or "documented", the list of Vault's documentation.
   * @default "least"
   */
  readonly actions?: ActionList;
  /**
   * The servers' table: its settings; "existing" where you make it; "created-by-vault" where Vault creates it, which needs CreateTable.
   * @default on demand, with point-in-time recovery and deletion protection
   */
  readonly table?: TableProps | 'existing' | 'created-by-vault';
  /**
   * The unseal key and its alias: its settings, or "existing" where you make them. A key that `seal.kmsKeyId` names by its id exists anyway.
   * @default rotated every 365 days
   */
  readonly key?: KeyProps | 'existing';
  /**
   * The secrets of custody, made empty: their settings, or "existing" where you make them. Those that custody names by ARN exist anyway.
   * @default read by who may break glass alone
   */
  readonly secrets?: SecretProps | 'existing';
  /**
   * AWS Backup of the table, or "off". Point-in-time recovery ends with the table; these backups do not.
   * @default daily, kept for 35 days
   */
  readonly backup?: BackupProps | 'off';
  /**
   * A gateway endpoint for DynamoDB in the cluster's VPC, so that Vault's data does not pass a NAT gateway.
   * @default none
   */
  readonly endpoint?: EndpointProps;
  /**
   * Tags of everything that takes tags. More come at deployment: Terraform's variable `tags`, `aws cloudformation deploy --tags`.
   * @default none
   */
  readonly tags?: Readonly<Record<string, string>>;
}

const known: KnownProps<AwsResourcesProps> = {
  oidcProvider: true,
  actions: true,
  table: true,
  key: true,
  secrets: true,
  backup: true,
  endpoint: true,
  tags: true,
};

/**
 * What the charts of this environment need of AWS, in `dist/aws`: `iam/` with the documents of every role, and the same resources as a Terraform module
 * (`terraform/`) and as a template of CloudFormation (`cloudformation.yaml`). Use one of the three.
 *
 * Tables, keys, secrets of custody and backup vaults outlive a stack. Terraform refuses to destroy or replace them as long as the module names
 * them: before it no longer does, take them out of the state.
 */
export class AwsResources extends Construct {
  constructor(scope: Construct, id: string, props: AwsResourcesProps) {
    super(scope, id);
    this.node.addValidation({ validate: () => validate(this, props) });
    new OutputFolder(this, 'folder', { path: 'aws', files: () => documents(this, props) });
  }
}

/** Everything that is made, from what the charts beside it need at this moment. */
function parts(construct: Construct, props: AwsResourcesProps) {
  const environment = new EnvironmentRequirements(construct);
  const backups = new Backups(environment, props.backup);
  const tables = new Tables(environment, props.table, table => backups.roleArns(table));
  const roles = new Roles(environment, props, { tables, backups });
  const endpoint = new GatewayEndpoint(environment, props.endpoint, roles);
  // their order is that of the documents
  const resources: readonly AwsResource[] = [
    tables,
    new Keys(environment, props.key),
    new Secrets(environment, props.secrets),
    roles,
    backups,
    endpoint,
  ];
  return { environment, tags: new Tags(props.tags), resources, roles, endpoint };
}

function validate(construct: Construct, props: AwsResourcesProps): string[] {
  const { environment, tags, resources } = parts(construct, props);
  const location = new Location(environment, props.oidcProvider, type =>
    type === 'table' ? props.table === 'existing' && props.backup === 'off' : props.key === 'existing',
  );
  const names: Part = { validate: problems => checkNames(problems, environment) };
  return problemsOf(props, known, [location, tags, ...resources, names]);
}

function documents(construct: Construct, props: AwsResourcesProps): ReadonlyMap<string, string> {
  const { environment, tags, resources, roles, endpoint } = parts(construct, props);
  // refused by validation
  if (environment.aws === undefined) return new Map();
  const policies = resources.flatMap(resource => resource.policies);
  const stack: Stack = { aws: environment.aws, tags: tags.values, resources, policies, hasEndpoint: endpoint.isMade };
  const json = (value: unknown) => `${JSON.stringify(value, null, 2)}\n`;
  return new Map([
    ...roles.documents.map(([name, document]): [string, string] => [`iam/${name}`, json(document)]),
    ...Object.entries(terraform(stack)).map(([name, file]): [string, string] => [`terraform/${name}.tf.json`, json(file)]),
    ['cloudformation.yaml', cloudFormation(stack)],
  ]);
}
