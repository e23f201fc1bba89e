import { type AwsEnvironment, parseArn, partitionOf, secretArn } from '../app/aws/environment';
import type { IamStatement } from '../app/aws/iam-role';
import { kmsKeyArn, kmsKeyCheck, kmsKeyName, viaService } from '../app/aws/kms';
import { matching } from '../app/validation/check';
import { dnsSubdomainCheck } from '../app/validation/names';
import type { Problems } from '../app/validation/problems';
import type { SecretSource } from './secret-source';

const secretNameCheck = matching(
  /^(?!-)[\w/+=.@!-]{1,512}$/,
  'names of secrets: 1 to 512 characters of A-Z, a-z, 0-9 and "/_+=.@!-", not beginning with "-"',
  'write for example "databases/orders/master"',
);
const parameterCheck = matching(/^\/?[\w.-]+(\/[\w.-]+)*$/, 'names of parameters', 'write for example "/databases/orders/master"');

export function checkSecretSource(problems: Problems, prop: string, source: SecretSource | undefined, aws: AwsEnvironment): void {
  const named = Object.keys(source ?? {}).filter(key => ['secretsManager', 'ssm', 'kubernetesSecret'].includes(key));
  if (named.length !== 1) {
    const fix = 'write for example { secretsManager: "databases/orders/master" }';
    problems.refuse(prop, source, 'one of secretsManager, ssm, kubernetesSecret', fix);
    return;
  }
  problems.check(`${prop}.kubernetesSecret`, source?.kubernetesSecret, dnsSubdomainCheck);
  problems.check(`${prop}.ssm`, source?.ssm, parameterCheck);
  const arn = parseArn(source?.secretsManager ?? '');
  problems.check(
    `${prop}.secretsManager`,
    arn === undefined ? source?.secretsManager : arn.resource.replace(/^secret:/, ''),
    secretNameCheck,
  );
  if (arn !== undefined && (arn.service !== 'secretsmanager' || arn.region !== aws.region || arn.partition !== partitionOf(aws.region)))
    problems.refuse(
      `${prop}.secretsManager`,
      source?.secretsManager,
      `ARNs of secrets in region ${aws.region}`,
      'correct the ARN: the Job asks its own region',
    );
  if (
    problems.check(`${prop}.kmsKey`, source?.kmsKey, kmsKeyCheck) &&
    source?.kmsKey !== undefined &&
    kmsKeyName(source.kmsKey).startsWith('alias/')
  )
    problems.refuse(`${prop}.kmsKey`, source.kmsKey, 'key ids and key ARNs', 'IAM names keys, not aliases: write the id of the key');
}

/** What the Job's IAM role may read: each secret by its name, each key for its service alone. */
export function secretStatements(sources: readonly SecretSource[], aws: AwsEnvironment): readonly IamStatement[] {
  const prefix = `arn:${partitionOf(aws.region)}`;
  const unique = (values: readonly string[]): readonly string[] => [...new Set(values)].sort();
  const secrets = unique(sources.flatMap(({ secretsManager: name }) => (name === undefined ? [] : [secretArn(name, aws)])));
  const parameters = unique(
    sources.flatMap(({ ssm }) =>
      ssm === undefined ? [] : [`${prefix}:ssm:${aws.region}:${aws.accountId}:parameter/${ssm.replace(/^\//, '')}`],
    ),
  );
  const keys = (service: string, named: readonly SecretSource[]): readonly IamStatement[] => {
    const resources = unique(named.flatMap(({ kmsKey }) => (kmsKey === undefined ? [] : [kmsKeyArn(kmsKey, aws)])));
    const sid = service === 'ssm' ? 'ParameterKeys' : 'SecretKeys';
    return resources.length === 0 ? [] : [{ sid, actions: ['kms:Decrypt'], resources, conditions: viaService(service, aws.region) }];
  };
  return [
    ...(secrets.length === 0 ? [] : [{ sid: 'Secrets', actions: ['secretsmanager:GetSecretValue'], resources: secrets }]),
    ...keys(
      'secretsmanager',
      sources.filter(({ secretsManager }) => secretsManager !== undefined),
    ),
    ...(parameters.length === 0 ? [] : [{ sid: 'Parameters', actions: ['ssm:GetParameter'], resources: parameters }]),
    ...keys(
      'ssm',
      sources.filter(({ ssm }) => ssm !== undefined),
    ),
  ];
}

/** Secrets of the cluster that the Job's ServiceAccount may read. */
export const secretNames = (sources: readonly SecretSource[]): readonly string[] =>
  [...new Set(sources.flatMap(({ kubernetesSecret }) => (kubernetesSecret === undefined ? [] : [kubernetesSecret])))].sort();
