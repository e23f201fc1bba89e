import { type AwsEnvironment, partitionOf, regionCheck } from '../app/aws/environment';
import type { IamRole } from '../app/aws/iam-role';
import type { AwsRequirement } from '../app/aws/requirement';
import { type Check, matching, oneOf, propsCheck } from '../app/validation/check';
import { type KnownProps, Problems } from '../app/validation/problems';
import type { AwsResourcesProps, EndpointProps } from './aws-resources-props';
import { backupRoleName, checkBackup } from './backup';
import { awsOf } from './build-model';
import { required } from './collect';
import { checkKey } from './key';
import { confused, hasLogicalId } from './names';
import { checkSecrets } from './secret';
import { checkTable } from './table';

// issuers of clusters, the second that of clusters with IPv6 (EKS User Guide, "Create an IAM OIDC provider for your cluster")
const issuer =
  /^oidc(?:\.eks\.([a-z0-9-]+)\.amazonaws\.com(?:\.cn)?|-eks\.([a-z0-9-]+)\.api\.(?:aws|amazonwebservices\.com\.cn))\/id\/[A-Z0-9]+$/;
const issuerRegion = (oidcProvider: string): string | undefined => {
  const [, one, other] = issuer.exec(oidcProvider) ?? [];
  return one ?? other;
};

const oidcProviderCheck: Check<string> = {
  ok: value => regionCheck.ok(issuerRegion(value) ?? ''),
  allowed: 'OIDC providers of EKS clusters, without "https://"',
  fix: 'write for example "oidc.eks.eu-west-1.amazonaws.com/id/0123456789ABCDEF0123456789ABCDEF"',
};

/** IAM User Guide, "Tagging IAM resources"; the narrowest of the services in use. */
const tags: Check<Readonly<Record<string, string>>> = {
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

const tagValue = matching(
  /^[\p{L}\p{Z}\p{N}_.:/=+\-@]{0,256}$/u,
  'up to 256 letters, digits, spaces and "_.:/=+-@"',
  'write a text, such as "platform"',
);

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

export function validateAws(props: AwsResourcesProps, roles: readonly IamRole[], needs: readonly AwsRequirement[]): string[] {
  const problems = new Problems();
  const aws = awsOf(roles, needs);
  problems.checkNames('', props, known);
  problems.require('oidcProvider', props.oidcProvider, oidcProviderCheck);
  problems.check('actions', props.actions, oneOf('least', 'documented'));
  if (isGroup(problems, 'tags', props.tags)) {
    problems.check('tags', props.tags, tags);
    for (const [key, value] of Object.entries(props.tags)) problems.require(`tags.${key}`, value, tagValue);
  }
  if (isGroup(problems, 'endpoint', props.endpoint)) {
    problems.checkNames('endpoint', props.endpoint, { policy: true } satisfies KnownProps<EndpointProps>);
    problems.require('endpoint.policy', props.endpoint.policy, oneOf('open', 'onlyThisTable'));
  }
  const unsealKeys = required(needs, 'key').map(({ name }) => name);
  if (isGroup(problems, 'table', props.table, 'existing', 'made-by-vault')) checkTable(problems, props.table, unsealKeys, aws);
  const key = isGroup(problems, 'key', props.key, 'existing') ? props.key : undefined;
  if (key !== undefined) checkKey(problems, key);
  if (isGroup(problems, 'secrets', props.secrets, 'existing')) checkSecrets(problems, props.secrets);
  const backup = isGroup(problems, 'backup', props.backup, 'off') ? props.backup : {};
  if (props.backup !== 'off')
    checkBackup(
      problems,
      backup,
      required(needs, 'table').map(({ name }) => name),
      aws,
    );
  if (aws === undefined) {
    problems.refuse('oidcProvider', props.oidcProvider, 'a base with a VaultServer', 'put AwsResources where the VaultServer stands');
    return problems.messages;
  }
  checkPlace(problems, props, aws, roles, needs);
  if (key !== undefined && required(needs, 'key').every(({ exists }) => exists))
    problems.refuse(
      'key',
      props.key,
      'nothing where seal.kmsKeyId names a key by its id',
      'leave it out, or let seal.kmsKeyId name an alias',
    );
  for (const type of ['table', 'key', 'secret'] as const) {
    const names = required(needs, type).map(resource => resource.name);
    for (const name of confused(names))
      problems.refuse(type, name, `names that differ in letters and digits from every other ${type}'s`, 'rename it');
    for (const name of names.filter(long => !hasLogicalId(long)))
      problems.refuse(
        type,
        name,
        'names of about 240 letters and digits, which go into the ids of CloudFormation',
        type === 'table'
          ? 'choose a shorter name'
          : `choose a shorter name, or make it yourself: ${type === 'key' ? 'key' : 'secrets'}: "existing"`,
      );
  }
  const backedUp = props.backup === 'off' ? [] : required(needs, 'table').map(({ name }) => backupRoleName(name));
  for (const name of confused([...backedUp, ...roles.map(role => role.name)]))
    problems.refuse('role', name, 'names that differ in letters and digits from every other role', 'rename it');
  return problems.messages;
}

/** Whether a value is a group of props, and none of the words that may stand in its place. */
function isGroup<T extends object>(
  problems: Problems,
  prop: string,
  value: T | string | undefined,
  ...words: readonly string[]
): value is T {
  if (value === undefined) return false;
  if (typeof value === 'string' && words.length > 0) {
    problems.check(prop, value, oneOf(...words));
    return false;
  }
  const allowed = [...words.map(word => JSON.stringify(word)), propsCheck.allowed].join(', ');
  return problems.check(prop, value as T, { ...propsCheck, allowed });
}

/** One stack is in one account and region. */
function checkPlace(
  problems: Problems,
  props: AwsResourcesProps,
  aws: AwsEnvironment,
  roles: readonly IamRole[],
  needs: readonly AwsRequirement[],
): void {
  const ofIssuer = issuerRegion(props.oidcProvider ?? '');
  if (ofIssuer !== undefined && regionCheck.ok(ofIssuer) && ofIssuer !== aws.region)
    problems.refuse('oidcProvider', props.oidcProvider, `a provider of ${aws.region}, the region of aws`, 'correct one of the two');
  else if (ofIssuer !== undefined && /\.cn\//.test(props.oidcProvider) !== (partitionOf(aws.region) === 'aws-cn'))
    problems.refuse(
      'oidcProvider',
      props.oidcProvider,
      `a domain of partition ${partitionOf(aws.region)}`,
      'copy the issuer of the cluster',
    );
  for (const { aws: other, node } of [...roles, ...needs])
    if (other.accountId !== aws.accountId || other.region !== aws.region)
      problems.refuse(
        `aws of ${node.path}`,
        `${other.accountId} ${other.region}`,
        `${aws.accountId} ${aws.region}, as the other charts of this base`,
        'put what lies in another account or region into its own app.base(...)',
      );
  for (const { resource, region: at } of needs) {
    if (at === aws.region || resource.type === 'secret' || (resource.type === 'key' && resource.exists)) continue;
    const left = resource.type === 'table' ? props.table === 'existing' && props.backup === 'off' : props.key === 'existing';
    if (!left)
      problems.refuse(
        resource.type,
        resource.name,
        `${resource.type}s in ${aws.region}: a stack is in one region, and this ${resource.type} is in ${at}`,
        resource.type === 'table'
          ? 'make it and its backups yourself: table: "existing", backup: "off"'
          : 'make it yourself: key: "existing"',
      );
  }
}
