import { type AwsEnvironment, partitionOf, region } from '../app/aws';
import type { AwsNeed } from '../app/aws-need';
import { type Check, oneOf } from '../app/checks';
import type { IamRole } from '../app/iam-role';
import { Problems } from '../app/problems';
import type { AwsResourcesProps } from './aws-resources-props';
import { backupRoleName, checkBackup } from './backup';
import { awsOf } from './build-model';
import { needed } from './collect';
import { checkKey } from './key';
import { confused } from './names';
import { checkTable } from './table';

// issuers of clusters, the second that of clusters with IPv6 (EKS User Guide, "Create an IAM OIDC provider for your cluster")
const issuer =
  /^oidc(?:\.eks\.([a-z0-9-]+)\.amazonaws\.com(?:\.cn)?|-eks\.([a-z0-9-]+)\.api\.(?:aws|amazonwebservices\.com\.cn))\/id\/[A-Z0-9]+$/;
const issuerRegion = (oidcProvider: string): string | undefined => {
  const [, one, other] = issuer.exec(oidcProvider) ?? [];
  return one ?? other;
};

const oidcProviderCheck: Check<string> = {
  ok: value => region.ok(issuerRegion(value) ?? ''),
  allowed: 'OIDC providers of EKS clusters, without "https://"',
  fix: 'write for example "oidc.eks.eu-west-1.amazonaws.com/id/0123456789ABCDEF0123456789ABCDEF"',
};

/** IAM User Guide, "Tagging IAM resources"; the narrowest of the services in use. */
const tags: Check<Readonly<Record<string, string>>> = {
  ok: map =>
    Object.keys(map).length <= 50 &&
    new Set(Object.keys(map).map(key => key.toLowerCase())).size === Object.keys(map).length &&
    Object.entries(map).every(
      ([key, value]) =>
        /^[\p{L}\p{Z}\p{N}_.:/=+\-@]{1,128}$/u.test(key) && !/^aws:/i.test(key) && /^[\p{L}\p{Z}\p{N}_.:/=+\-@]{0,256}$/u.test(value),
    ),
  allowed:
    'up to 50 tags: keys of 1 to 128 characters that differ in more than case and do not start with "aws:", values of 256 at most, of letters, digits, spaces and "_.:/=+-@"',
  fix: 'write for example { team: "platform" }',
};

export function validateAws(props: AwsResourcesProps, roles: readonly IamRole[], needs: readonly AwsNeed[]): string[] {
  const problems = new Problems();
  const aws = awsOf(roles, needs);
  problems.require('oidcProvider', props.oidcProvider, oidcProviderCheck);
  problems.check('actions', props.actions, oneOf('least', 'documented'));
  problems.check('secrets', props.secrets, oneOf('made', 'existing'));
  problems.check('tags', props.tags, tags);
  problems.check('endpoint.policy', props.endpoint?.policy, oneOf('open', 'onlyThisTable'));
  if (typeof props.table === 'string') problems.check('table', props.table, oneOf('existing', 'made-by-vault'));
  if (typeof props.key === 'string') problems.check('key', props.key, oneOf('existing'));
  if (typeof props.backup === 'string') problems.check('backup', props.backup, oneOf('off'));
  const unsealKeys = needed(needs, 'key').map(({ name }) => name);
  if (typeof props.table === 'object') checkTable(problems, props.table, unsealKeys, aws);
  if (typeof props.key === 'object') checkKey(problems, props.key);
  if (props.backup !== 'off')
    checkBackup(
      problems,
      typeof props.backup === 'object' ? props.backup : {},
      needed(needs, 'table').map(({ name }) => name),
    );
  if (aws === undefined) {
    problems.refuse('oidcProvider', props.oidcProvider, 'a base with a VaultServer', 'put AwsResources where the VaultServer stands');
    return problems.messages;
  }
  checkPlace(problems, props, aws, roles, needs);
  if (typeof props.key === 'object' && needed(needs, 'key').every(({ exists }) => exists))
    problems.refuse(
      'key',
      props.key,
      'nothing where seal.kmsKeyId names a key by its id',
      'leave it out, or let seal.kmsKeyId name an alias',
    );
  for (const type of ['table', 'key', 'secret'] as const)
    for (const name of confused(needed(needs, type).map(resource => resource.name)))
      problems.refuse(type, name, `names that differ in letters and digits from every other ${type}'s`, 'rename it');
  const backedUp = props.backup === 'off' ? [] : needed(needs, 'table').map(({ name }) => backupRoleName(name));
  for (const name of confused([...backedUp, ...roles.map(role => role.name)]))
    problems.refuse('role', name, 'names that differ in letters and digits from every other role', 'rename it');
  return problems.messages;
}

/** One stack is in one account and region. */
function checkPlace(
  problems: Problems,
  props: AwsResourcesProps,
  aws: AwsEnvironment,
  roles: readonly IamRole[],
  needs: readonly AwsNeed[],
): void {
  const ofIssuer = issuerRegion(props.oidcProvider ?? '');
  if (ofIssuer !== undefined && region.ok(ofIssuer) && ofIssuer !== aws.region)
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
