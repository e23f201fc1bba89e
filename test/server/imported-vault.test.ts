import { describe, expect, test } from '@jest/globals';
import { Custody, KustomizeApp, VaultInit, type VaultInitProps, VaultServer, type VaultServerAttributes } from '../../charts';
import { objectsOf, problemsOf } from '../support/render';

/** A Vault as vault-helm runs it. */
const helm: VaultServerAttributes = {
  name: 'vault',
  namespace: 'secrets',
  aws: { accountId: '123456789012', region: 'eu-west-1' },
  selector: { 'app.kubernetes.io/name': 'vault', 'app.kubernetes.io/instance': 'release', component: 'server' },
  services: { active: 'vault-active', internal: 'vault-internal' },
  tlsSecretName: 'vault-server-tls',
  serviceAccountName: 'release-vault',
};

type InitProps = Omit<VaultInitProps, 'vault' | 'custody'>;

/** An app in which an init Job serves it. */
function render(attributes: VaultServerAttributes, init: InitProps = {}) {
  const app = new KustomizeApp();
  const vault = VaultServer.fromVaultServerAttributes(app, 'vault', attributes);
  new VaultInit(app, 'init', { vault, custody: Custody.secretsManager('vault/recovery'), ...init } as VaultInitProps);
  return app.render();
}

describe('a Vault that somebody else runs', () => {
  const objects = objectsOf(render({ ...helm, port: 8300, images: { mirror: 'registry.example.com' } }));

  test('gets nothing but what belongs to the Job', () => {
    expect(Object.keys(objects).filter(key => /^(StatefulSet|Service|Certificate)\//.test(key))).toEqual([]);
    expect(objects['Job/vault-init'].metadata.namespace).toBe('secrets');
  });

  test('is reached where it is: its first pod, its port, its certificate', () => {
    const { spec } = objects['Job/vault-init'].spec.template;
    expect(spec.containers[0].env).toContainEqual({ name: 'VAULT_ADDR', value: 'https://vault-0.vault-internal.$(NAMESPACE).svc:8300' });
    expect(spec.volumes.find(({ name }: { readonly name: string }) => name === 'ca').projected.sources[0].secret.name).toBe(
      'vault-server-tls',
    );
    expect(spec.containers[0].image).toMatch(/^registry\.example\.com\/library\/node:/);
  });

  test('admits the Job, by its own labels', () => {
    expect(objects['NetworkPolicy/vault-init-servers'].spec.podSelector.matchLabels).toEqual(helm.selector);
    expect(objects['ClusterRoleBinding/secrets-vault-auth-delegator'].subjects).toEqual([
      { kind: 'ServiceAccount', name: 'release-vault', namespace: 'secrets' },
    ]);
  });

  test('has an address for charts of yours', () => {
    const vault = VaultServer.fromVaultServerAttributes(new KustomizeApp(), 'vault', helm);
    expect(vault.address).toBe('https://vault-active.secrets.svc:8200');
  });

  test('without a table has no default for the server id of people', () => {
    const iamPrincipals = ['arn:aws:iam::123456789012:role/admins'];
    expect(problemsOf(() => render(helm, { admin: { iamPrincipals } } as InitProps))).toEqual([
      '[init] admin.serverId: got nothing; allowed: a name that no other Vault has; write one: a Vault without a table has no default',
    ]);
    expect(problemsOf(() => render(helm, { admin: { iamPrincipals, serverId: 'vault.example.com' } } as InitProps))).toEqual([]);
  });

  test('is refused where its attributes cannot be', () => {
    const wrong = { ...helm, selector: {}, port: 0, tlsSecretName: undefined, servics: {} } as unknown as VaultServerAttributes;
    const found = problemsOf(() => render(wrong));
    for (const start of ['servics: got {}', 'selector: got {}', 'port: got 0', 'tlsSecretName: got nothing'])
      expect(found).toContainEqual(expect.stringContaining(`[vault] ${start}; allowed: `));
  });
});
