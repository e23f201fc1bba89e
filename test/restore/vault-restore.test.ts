import { describe, expect, test } from '@jest/globals';
import { AwsResources, KustomizeApp, VaultRestore, type VaultRestoreProps, VaultServer, type VaultServerProps } from '../../charts';
import { whatToChange } from '../../charts/restore/program/report.mts';
import { safe } from '../../charts/restore/program/settings.mts';
import { danglingReferences, schemaErrors } from '../support/cluster-rules';
import { type Manifest, minimal, objectsOf, problemsOf, yaml } from '../support/render';
import { everyRestoreProp } from './all-props';

type Props = Omit<VaultRestoreProps, 'vault'>;

function make(props: Props = {}, server: Partial<VaultServerProps> = {}) {
  const app = new KustomizeApp();
  const vault = new VaultServer(app, 'vault', { ...minimal, ...server });
  const restore = new VaultRestore(app, 'restore', { vault, ...props });
  return { app, restore };
}
const objects = (props: Props = {}) => objectsOf(make(props).app.render());
const statements = (props: Props = {}) => make(props).restore.role?.statements() ?? [];
const table = 'arn:aws:dynamodb:eu-west-1:123456789012:table/vault-data';

describe('the CronJob', () => {
  test.each([
    ['with the least', {}],
    ['with all props', everyRestoreProp],
  ])('is what Kubernetes takes, %s', (_, props) => {
    const all = objects(props);
    for (const object of Object.values(all)) expect(schemaErrors(object)).toEqual([]);
    expect(danglingReferences(Object.values(all))).toEqual([]);
  });

  test('runs when somebody makes a Job from it, and is not tried again by itself', () => {
    const { spec } = objects()['CronJob/vault-restore'];
    expect([spec.suspend, spec.jobTemplate.spec.backoffLimit]).toEqual([true, 0]);
    const values = Object.fromEntries(
      spec.jobTemplate.spec.template.spec.containers[0].env.map(({ name, value }: Manifest) => [name, value]),
    );
    expect(values).toMatchObject({ FROM: 'newest', NEW_TABLE: 'auto', WAIT_SECONDS: '14400' });
  });

  test('may do nothing in the cluster but hold the Lease of all Jobs', () => {
    expect(objects()['Role/vault-restore'].rules.flatMap(({ resources }: Manifest) => resources)).toEqual(['leases', 'leases']);
  });
});

describe('its role', () => {
  test('writes into new tables alone, and deletes nothing', () => {
    const writes = statements().filter(({ actions }) =>
      actions.some(action => action.startsWith('dynamodb:') && !/:(Describe|List|Get|Query|Scan|Restore)/.test(action)),
    );
    expect(writes.flatMap(({ resources }) => resources)).toEqual([`${table}-restored-*`, `${table}-restored-*`]);
    expect(
      statements()
        .flatMap(({ actions }) => actions)
        .filter(action => /Delete/.test(action)),
    ).toEqual(['dynamodb:DeleteItem']);
  });

  test.each([
    ['vault-data-restored-261126t030000', 'vault-data-restored-2-'],
    ['vault-data-restored-2-261126t030000', 'vault-data-restored-3-'],
  ])('of %s, which was restored itself, counts on and does not reach that table', (name, prefix) => {
    const role = make({}, { storage: { table: name } }).restore.role;
    const written = role?.statements().filter(({ sid }) => ['NewTable', 'Settings'].includes(sid));
    const target = `arn:aws:dynamodb:eu-west-1:123456789012:table/${prefix}*`;
    expect(written?.flatMap(({ resources }) => resources)).toEqual([target, target]);
    expect(name.startsWith(prefix)).toBe(false);
  });

  test('a name from which no restored table could be told to AwsResources is refused before it is needed', () => {
    const refused = (name: string, props: Props = {}) => problemsOf(() => make(props, { storage: { table: name } }).app.render());
    for (const name of ['t'.repeat(24), `${'t'.repeat(24)}-restored-261126t030000`, `${'t'.repeat(24)}-restored-7-261126t030000`])
      expect(refused(name)).toEqual([]);
    expect(refused('t'.repeat(25))).toEqual([
      expect.stringMatching(
        /^\[restore\] vault\.table\.name: got "t+"; allowed: at most 24 characters: the backup vault of a restored table/,
      ),
    ]);
    expect(refused('t'.repeat(25), { backupVault: 'backups' })).toEqual([]);
  });

  test('knows AWS Backup only where there is a backup vault', () => {
    const ofBackup = (props: Props) =>
      statements(props)
        .flatMap(({ actions }) => actions)
        .filter(action => /^(backup|iam):/.test(action));
    expect(ofBackup({})).toEqual([
      'backup:ListRecoveryPointsByBackupVault',
      'backup:GetRecoveryPointRestoreMetadata',
      'backup:StartRestoreJob',
      'backup:DescribeRestoreJob',
      'iam:PassRole',
    ]);
    expect(ofBackup({ backupVault: 'none' })).toEqual([]);
  });
});

test('finds copies of another region’s backups by the table that they are of', () => {
  const other = 'arn:aws:dynamodb:ap-northeast-1:123456789012:table/vault-data';
  const plan = (props: Props) => JSON.parse(objects(props)['ConfigMap/vault-restore-program'].data['plan.json']);
  expect(plan({ copiesOf: other, backupVault: 'copies' }).source).toMatchObject({ backupsOf: other, tableArn: table });
  expect(plan({}).source.backupsOf).toBe(table);
});

test('AwsResources makes the role that AWS Backup restores with, which the backup role cannot', () => {
  const { app } = make();
  new AwsResources(app, 'aws', { oidcProvider: 'oidc.eks.eu-west-1.amazonaws.com/id/EXAMPLE' });
  const files = app.render();
  const document = (name: string): Manifest => JSON.parse(files.get(`aws/iam/vault-data-restore.${name}.json`) ?? '{}');
  expect(document('trust').Statement[0].Principal).toEqual({ Service: 'backup.amazonaws.com' });
  expect(document('policy').Statement.map(({ Resource }: Manifest) => Resource)).toEqual([
    [`${table}-restored-*`],
    [`${table}/backup/*`],
    [`${table}-restored-*`],
  ]);
  const roles =
    JSON.parse(files.get('aws/terraform/iam.tf.json') ?? files.get('aws/terraform/main.tf.json') ?? '{}').resource?.aws_iam_role ?? {};
  expect(Object.keys(roles)).toEqual(expect.arrayContaining(['vault_data_backup', 'vault_data_restore', 'vault_restore']));
  expect(files.get('aws/cloudformation.yaml')).toContain('RoleName: vault-data-restore');
});

test.each(['vault-data', 'Vault.data_1', '3-vaults'])(
  'what it says of Terraform and CloudFormation is what the documents say of a table restored from %s',
  table => {
    const documents = (name: string): ReadonlyMap<string, string> => {
      const app = make({ backupVault: 'none' }, { storage: { table: name } }).app;
      new AwsResources(app, 'aws', { oidcProvider: 'oidc.eks.eu-west-1.amazonaws.com/id/EXAMPLE', backup: 'off' });
      return app.render();
    };
    const plan = JSON.parse(objectsOf(documents(table))['ConfigMap/vault-restore-program'].data['plan.json']);
    const restored = `${table}-restored-20261126t030000z`;
    const lines = whatToChange(plan, restored, safe);
    const after = documents(restored);
    const [, label] = /to = aws_dynamodb_table\.(\w+)/.exec(lines.join('\n')) ?? [];
    expect(Object.keys(JSON.parse(after.get('aws/terraform/main.tf.json') ?? '').resource.aws_dynamodb_table)).toEqual([label]);
    const [{ LogicalResourceId: id }] = JSON.parse(lines.at(-1)?.replace('cloudformation | ', '') ?? '');
    expect(yaml(after.get('aws/cloudformation.yaml')).Resources[id].Properties.TableName).toBe(restored);
  },
);

describe('what is wrong is refused', () => {
  test.each([
    ['a backup vault that cannot be', { backupVault: 'a b' }, 'backupVault: got "a b"; allowed: names of backup vaults'],
    ['copies of what is no table', { copiesOf: 'vault-data' }, 'copiesOf: got "vault-data"; allowed: ARNs of DynamoDB tables;'],
    [
      'copies of its own table',
      { copiesOf: table, backupVault: 'copies' },
      `copiesOf: got "${table}"; allowed: another table than that of the Vault;`,
    ],
    [
      'copies that are nowhere',
      { copiesOf: 'arn:aws:dynamodb:us-east-1:123456789012:table/vault-data' },
      'backupVault: got nothing; allowed: the backup vault that the copies are in;',
    ],
    ['a wait that is too short', { waitSeconds: 1 }, 'waitSeconds: got 1; allowed: whole numbers from 60 to 86400;'],
  ])('%s', (_, props: Props, message) => {
    expect(problemsOf(() => make(props).app.render())).toEqual([expect.stringContaining(`[restore] ${message}`)]);
  });

  test('a table whose name is too long for the role that AWS Backup is given', () => {
    const storage = { table: 't'.repeat(60) };
    expect(problemsOf(() => make({ backupVault: 'backups' }, { storage }).app.render())).toEqual([
      `[restore] vault.table.name: got "${storage.table}"; allowed: at most 56 characters: AWS Backup's role is named after it; write backupVault: 'none' and restore DynamoDB's own backups, or give the table a shorter name`,
    ]);
    expect(problemsOf(() => make({ backupVault: 'none' }, { storage }).app.render())).toEqual([]);
  });

  test('a name that is too long for a CronJob, and a Vault without a table', () => {
    expect(problemsOf(() => make({}, { name: 'v'.repeat(45) }).app.render())).toEqual([
      expect.stringContaining('allowed: at most 44 characters with a restore Job'),
    ]);
    const app = new KustomizeApp();
    const vault = VaultServer.fromVaultServerAttributes(app, 'vault', {
      name: 'vault',
      namespace: 'secrets',
      aws: minimal.aws,
      selector: { component: 'server' },
      services: { active: 'vault-active', internal: 'vault-internal' },
      tlsSecretName: 'tls',
      serviceAccountName: 'vault',
    });
    new VaultRestore(app, 'restore', { vault });
    expect(problemsOf(() => app.render())).toEqual([
      '[restore] vault.table: got nothing; allowed: a Vault with a DynamoDB table; restore its storage by its own means',
    ]);
  });
});
