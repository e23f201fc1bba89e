import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import { App } from 'cdk8s';
import { AwsResources, Custody, KustomizeApp, OutputFile, VaultInit, VaultServer } from '../../charts';
import { filesOf } from '../support/files';
import { manifestsOf, minimal, yaml } from '../support/render';

/** The charts of a Vault in any app. */
function addVault(app: App): void {
  const vault = new VaultServer(app, 'vault', minimal);
  new VaultInit(app, 'init', { vault, custody: Custody.secretsManager('vault/recovery') });
}

const inFolder = (use: (outdir: string) => void): void => {
  const outdir = mkdtempSync(join(tmpdir(), 'plain-'));
  try {
    use(outdir);
  } finally {
    rmSync(outdir, { recursive: true });
  }
};

test("charts in an App of cdk8s make the same objects as in a KustomizeApp, in that app's own files", () => {
  const ours = new KustomizeApp();
  addVault(ours);
  inFolder(outdir => {
    const app = new App({ outdir });
    addVault(app);
    app.synth();
    const theirs = [...filesOf(outdir).values()].flatMap(text => text.split(/^---$/m)).map(yaml);
    const byName = (objects: readonly { readonly kind: string; readonly metadata: { readonly name: string } }[]) =>
      new Map(objects.map(object => [`${object.kind}/${object.metadata.name}`, object]));
    expect(byName(theirs).size).toBeGreaterThan(15);
    expect(byName(theirs)).toEqual(byName(manifestsOf(ours.render())));
  });
});

test('two Vaults on one table are refused there too', () => {
  const app = new App({ outdir: join(tmpdir(), 'never-written') });
  new VaultServer(app, 'one', minimal);
  new VaultServer(app, 'two', { ...minimal, name: 'other' });
  expect(() => app.synth()).toThrow('[two] the DynamoDB table vault-data of account 123456789012 in eu-west-1 is already taken by [one]');
});

test('what makes files says which app writes them', () => {
  const app = new App({ outdir: join(tmpdir(), 'never-written') });
  addVault(app);
  new AwsResources(app, 'aws', { oidcProvider: 'oidc.eks.eu-west-1.amazonaws.com/id/ABC' });
  new OutputFile(app, 'notes', { path: 'notes.txt', content: () => '' });
  const message = 'makes files that are no manifests, which an App of cdk8s does not write: use KustomizeApp';
  expect(() => app.synth()).toThrow(`[aws] ${message}`);
  expect(() => app.synth()).toThrow(`[notes] ${message}`);
});
