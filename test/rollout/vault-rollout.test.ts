import { describe, expect, test } from '@jest/globals';
import {
  KustomizeApp,
  VaultRollout,
  type VaultRolloutProps,
  VaultServer,
  type VaultServerAttributes,
  type VaultServerProps,
} from '../../charts';
import { danglingReferences, schemaErrors } from '../support/cluster-rules';
import { type Manifest, minimal, objectsOf, problemsOf } from '../support/render';
import { everyRolloutProp } from './all-props';

type Props = Omit<VaultRolloutProps, 'vault'>;

function make(props: Props = {}, server: Partial<VaultServerProps> = {}) {
  const app = new KustomizeApp();
  const vault = new VaultServer(app, 'vault', { ...minimal, ...server });
  const rollout = new VaultRollout(app, 'rollout', { vault, ...props });
  return { app, rollout };
}
const objects = (props: Props = {}) => objectsOf(make(props).app.render());
const refusals = (props: Props, server: Partial<VaultServerProps> = {}) => problemsOf(() => make(props, server).app.render());
const table = 'arn:aws:dynamodb:eu-west-1:123456789012:table/vault-data';

describe('the CronJob', () => {
  test.each([
    ['with the least', {}],
    ['with all props', everyRolloutProp],
  ])('is what Kubernetes takes, %s', (_, props) => {
    const all = objects(props);
    for (const object of Object.values(all)) expect(schemaErrors(object)).toEqual([]);
    expect(danglingReferences(Object.values(all))).toEqual([]);
  });

  test('never runs by itself, unless a window is given', () => {
    expect(objects()['CronJob/vault-rollout'].spec).toMatchObject({ suspend: true, concurrencyPolicy: 'Forbid' });
    expect(objects({ automatic: { cron: '0 3 * * 6' } })['CronJob/vault-rollout'].spec).not.toHaveProperty('suspend');
    expect(Object.keys(objects()).filter(key => key.startsWith('Job/'))).toEqual([]);
  });

  test('makes up for a start that was missed, as while it was suspended, within its window alone', () => {
    expect(objects({ automatic: { cron: '0 3 * * 6', minutes: 90 } })['CronJob/vault-rollout'].spec.startingDeadlineSeconds).toBe(90 * 60);
  });

  test('reaches the table by the endpoint that the servers use, and its port is open', () => {
    const endpoint = 'https://vpce-1.dynamodb.eu-west-1.vpce.amazonaws.com:8443';
    const all = objectsOf(make({}, { storage: { table: 'vault-data', endpoint } }).app.render());
    const { env } = all['CronJob/vault-rollout'].spec.jobTemplate.spec.template.spec.containers[0];
    expect(env).toContainEqual({ name: 'AWS_ENDPOINT_URL_DYNAMODB', value: endpoint });
    expect(all['NetworkPolicy/vault-rollout'].spec.egress.at(-1).ports.map(({ port }: Manifest) => port)).toEqual([443, 8443]);
  });

  test('is not tried again by itself: somebody looks first', () => {
    expect(objects()['CronJob/vault-rollout'].spec.jobTemplate.spec.backoffLimit).toBe(0);
  });

  test('has parameters with safe values, for one run', () => {
    const { env } = objects()['CronJob/vault-rollout'].spec.jobTemplate.spec.template.spec.containers[0];
    const values = Object.fromEntries(env.map(({ name, value }: Manifest) => [name, value]));
    expect(values).toMatchObject({ ALLOW_OLDER: 'false', BACKUP: 'true', WAIT_SECONDS: '300' });
  });

  test('may look at the servers and ask for evictions of theirs, and no more', () => {
    expect(objects()['Role/vault-rollout'].rules.slice(2)).toEqual([
      { apiGroups: ['apps'], resources: ['statefulsets'], verbs: ['get'], resourceNames: ['vault'] },
      { apiGroups: [''], resources: ['pods'], verbs: ['list'] },
      {
        apiGroups: [''],
        resources: ['pods/eviction'],
        verbs: ['create'],
        resourceNames: Array.from({ length: 10 }, (_, index) => `vault-${index}`),
      },
    ]);
  });
});

describe('its role', () => {
  test('makes backups of its table and looks at them; it deletes none', () => {
    expect(make().rollout.role?.statements()).toEqual([
      { sid: 'BackUp', actions: ['dynamodb:CreateBackup'], resources: [table] },
      { sid: 'LookAtBackups', actions: ['dynamodb:DescribeBackup'], resources: [`${table}/backup/*`] },
    ]);
  });

  test('passes the role of AWS Backup to AWS Backup alone', () => {
    expect(make({ backup: everyRolloutProp.backup }).rollout.role?.statements()).toEqual([
      {
        sid: 'BackUp',
        actions: ['backup:StartBackupJob'],
        resources: ['arn:aws:backup:eu-west-1:123456789012:backup-vault:vault-backups'],
      },
      { sid: 'LookAtBackups', actions: ['backup:DescribeBackupJob'], resources: ['*'] },
      {
        sid: 'PassRole',
        actions: ['iam:PassRole'],
        resources: ['arn:aws:iam::123456789012:role/vault-backup'],
        conditions: { StringEquals: { 'iam:PassedToService': 'backup.amazonaws.com' } },
      },
    ]);
  });

  test('is not there without a backup', () => {
    expect(make({ backup: 'none' }).rollout.role).toBeUndefined();
    expect(refusals({ backup: 'none', role: 'mine' })).toEqual([
      '[rollout] role: got "mine"; allowed: nothing without a backup; leave it out: the Job calls no AWS',
    ]);
  });
});

describe('a Vault that somebody else runs', () => {
  const helm: VaultServerAttributes = {
    name: 'vault',
    namespace: 'secrets',
    aws: { accountId: '123456789012', region: 'eu-west-1' },
    selector: { component: 'server' },
    services: { active: 'vault-active', internal: 'vault-internal' },
    tlsSecretName: 'vault-server-tls',
    serviceAccountName: 'vault',
  };
  const render = (props: Props) => {
    const app = new KustomizeApp();
    new VaultRollout(app, 'rollout', { vault: VaultServer.fromVaultServerAttributes(app, 'vault', helm), ...props });
    return app.render();
  };

  test('is rolled where it is; without a table nobody backs it up but its owner', () => {
    expect(objectsOf(render({ backup: 'none' }))['CronJob/vault-rollout'].metadata.namespace).toBe('secrets');
    expect(problemsOf(() => render({}))).toEqual([
      `[rollout] backup: got "dynamodb"; allowed: "none" with a Vault that has no table; write backup: 'none', and back up its storage before you start a rollout`,
    ]);
  });
});

describe('what is wrong is refused', () => {
  test.each([
    ['a backup of another kind', { backup: 'rds' as never }, 'backup: got "rds"; allowed: "dynamodb", "none"; write one of these'],
    [
      'a backup vault that cannot be',
      { backup: { backupVault: 'a b', role: 'arn:aws:iam::123456789012:role/x' } },
      'backup.backupVault: got "a b";',
    ],
    ['a role that is none', { backup: { backupVault: 'ab', role: 'x' } }, 'backup.role: got "x"; allowed: ARNs of IAM roles;'],
    ['a window without a time', { automatic: { cron: 'at night' } }, 'automatic.cron: got "at night"; allowed: times of a CronJob'],
    ['a window that is too short', { automatic: { cron: '@daily', minutes: 1 } }, 'automatic.minutes: got 1;'],
    ['a wait that is too short', { waitSeconds: 1 }, 'waitSeconds: got 1; allowed: whole numbers from 30 to 3600;'],
  ])('%s', (_, props: Props, message) => {
    expect(refusals(props)).toEqual([expect.stringContaining(`[rollout] ${message}`)]);
  });

  test('a name that is too long for a CronJob', () => {
    expect(refusals({}, { name: 'v'.repeat(45) })).toEqual([expect.stringContaining('allowed: at most 44 characters with a rollout Job')]);
  });
});
