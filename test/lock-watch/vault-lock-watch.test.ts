import { describe, expect, test } from '@jest/globals';
import { KustomizeApp, VaultLockWatch, type VaultLockWatchProps, VaultServer, type VaultServerProps } from '../../charts';
import { danglingReferences, schemaErrors } from '../support/cluster-rules';
import { minimal, objectsOf, problemsOf } from '../support/render';
import { everyLockWatchProp } from './all-props';

type Props = Omit<VaultLockWatchProps, 'vault'>;

function make(props: Props = {}, server: Partial<VaultServerProps> = {}) {
  const app = new KustomizeApp();
  const vault = new VaultServer(app, 'vault', { ...minimal, ...server });
  const watch = new VaultLockWatch(app, 'watch', { vault, ...props });
  return { app, watch };
}
const objects = (props: Props = {}) => objectsOf(make(props).app.render());

describe('the watcher', () => {
  test.each([
    ['with the least', {}],
    ['with all props', everyLockWatchProp],
  ])('is what Kubernetes takes, %s', (_, props) => {
    const all = objects(props);
    for (const object of Object.values(all)) expect(schemaErrors(object)).toEqual([]);
    expect(danglingReferences(Object.values(all))).toEqual([]);
  });

  test('runs once, and never beside itself', () => {
    expect(objects()['Deployment/vault-lock-watch'].spec).toMatchObject({ replicas: 1, strategy: { type: 'Recreate' } });
  });

  test('may read the lock in the table, two attributes of one key, and nothing else of AWS', () => {
    expect(make().watch.role?.statements()).toEqual([
      {
        sid: 'ReadLock',
        actions: ['dynamodb:GetItem'],
        resources: ['arn:aws:dynamodb:eu-west-1:123456789012:table/vault-data'],
        conditions: {
          'ForAllValues:StringEquals': { 'dynamodb:LeadingKeys': ['core'], 'dynamodb:Attributes': ['Path', 'Key', 'Identity', 'Expires'] },
          StringEqualsIfExists: { 'dynamodb:Select': 'SPECIFIC_ATTRIBUTES' },
        },
      },
    ]);
  });

  test('may delete the pods of the servers, which their budget would keep while none of them is ready', () => {
    expect(objects()['Role/vault-lock-watch'].rules.slice(3)).toEqual([
      { apiGroups: [''], resources: ['pods'], verbs: ['list'] },
      {
        apiGroups: [''],
        resources: ['pods'],
        verbs: ['delete'],
        resourceNames: Array.from({ length: 10 }, (_, index) => `vault-${index}`),
      },
      { apiGroups: [''], resources: ['events'], verbs: ['create'] },
    ]);
  });

  test('is refused with a Vault that has no table, a patience shorter than a change of the leader, and a name that is too long', () => {
    const imported = () => {
      const app = new KustomizeApp();
      const vault = VaultServer.fromVaultServerAttributes(app, 'vault', {
        name: 'vault',
        namespace: 'secrets',
        aws: { accountId: '123456789012', region: 'eu-west-1' },
        selector: { component: 'server' },
        services: { active: 'vault-active', internal: 'vault-internal' },
        tlsSecretName: 'vault-server-tls',
        serviceAccountName: 'vault',
      });
      new VaultLockWatch(app, 'watch', { vault });
      return app.render();
    };
    expect(problemsOf(imported)).toEqual([
      '[watch] vault.table: got nothing; allowed: a Vault with a DynamoDB table; leave the watcher out: its lock is another one',
    ]);
    expect(problemsOf(() => make({ patienceSeconds: 5 }).app.render())).toEqual([
      expect.stringContaining('[watch] patienceSeconds: got 5; allowed: whole numbers from 30 to 600'),
    ]);
    expect(problemsOf(() => make({}, { name: 'v'.repeat(42) }).app.render())).toEqual([
      expect.stringContaining('at most 41 characters with a watcher'),
    ]);
  });
});
