import { AwsResources, type AwsResourcesProps, Custody, KustomizeApp, VaultInit, VaultServer, type VaultServerProps } from '../../charts';
import { partitionOf } from '../../charts/app/aws/environment';
import { type Manifest, minimal, problemsOf, yaml } from '../support/render';

export const oidcProvider = 'oidc.eks.eu-west-1.amazonaws.com/id/0123456789ABCDEF0123456789ABCDEF';

/** The files below aws/ of an app with a server, its init Job, and AwsResources. */
export function awsFiles(
  props: Partial<AwsResourcesProps> = {},
  server: Partial<VaultServerProps> = {},
  custody = Custody.secretsManager('vault/recovery'),
) {
  const app = new KustomizeApp();
  // before what it collects: order does not matter
  new AwsResources(app, 'aws', { oidcProvider, ...props } as AwsResourcesProps);
  const vault = new VaultServer(app, 'vault', { ...minimal, ...server });
  new VaultInit(app, 'init', { vault, custody });
  return new Map([...app.render()].filter(([path]) => path.startsWith('aws/')).map(([path, text]) => [path.replace('aws/', ''), text]));
}

export type Files = ReturnType<typeof awsFiles>;

export const json = (files: Files, path: string): Manifest => JSON.parse(files.get(path) ?? 'null');

export const template = (files: Files): Manifest => yaml(files.get('cloudformation.yaml'));

/** The resources of a template of one type. */
export const ofType = (files: Files, type: string): Manifest[] =>
  Object.values<Manifest>(template(files).Resources).filter(({ Type }) => Type === type);

/** All files of the Terraform module as one. */
export function terraformModule(files: Files): Manifest {
  const parts = [...files].filter(([path]) => path.startsWith('terraform/')).map(([, text]) => JSON.parse(text));
  return Object.assign({}, ...parts);
}

export const problems = (props: Partial<AwsResourcesProps>, server: Partial<VaultServerProps> = {}): string[] =>
  problemsOf(() => awsFiles(props, server));

export const topic = (region = 'eu-west-1') => `arn:${partitionOf(region)}:sns:${region}:123456789012:alarms`;

export const dataKey = '1234abcd-12ab-34cd-56ef-1234567890ab';

/** Everything that is made, with every prop there is, where what stands in another region stands in one of the same partition. */
export function everythingMade(region = 'eu-west-1'): Omit<Required<AwsResourcesProps>, 'oidcProvider'> {
  const another = { aws: 'eu-central-1', 'aws-cn': 'cn-northwest-1', 'aws-us-gov': 'us-gov-east-1' }[partitionOf(region)];
  return {
    actions: 'documented',
    table: {
      billingMode: 'PROVISIONED',
      readCapacity: 10,
      writeCapacity: 20,
      autoscaling: { maxReadCapacity: 40, maxWriteCapacity: 80, targetUtilization: 60 },
      pointInTimeRecovery: true,
      deletionProtection: true,
      kmsKey: dataKey,
      restrictAccess: true,
    },
    key: { rotationDays: 180, restrictAccess: true, multiRegion: true },
    secrets: { restrictAccess: true, replicas: [{ region: another }] },
    backup: {
      schedule: { hour: 3, minute: 30, weekdays: ['SUN'] },
      retentionDays: 90,
      failureTopic: topic(region),
      copyTo: { backupVaultArn: `arn:${partitionOf(region)}:backup:${another}:123456789012:backup-vault:vault-data`, retentionDays: 365 },
      lock: { minRetentionDays: 30, maxRetentionDays: 400, changeableForDays: 3 },
      kmsKey: dataKey,
    },
    endpoint: { policy: 'vault-table-only' },
    tags: { team: 'platform', 'cost-center': '42' },
  };
}

/** Everything that can be asked for, in few sets of props. */
export const variants: Readonly<Record<string, Partial<AwsResourcesProps>>> = {
  minimal: {},
  'everything made': everythingMade(),
  'everything exists': { table: 'existing', key: 'existing', secrets: 'existing', backup: 'off', endpoint: { policy: 'full-access' } },
  'secrets open to IAM': { secrets: { restrictAccess: false } },
  'a table that Vault makes': { table: 'created-by-vault' },
};
