import { parse, parseAllDocuments } from 'yaml';
import { Custody, KustomizeApp, SynthError, VaultInit, VaultServer, type VaultServerProps } from '../../charts';

/** What a server cannot do without. */
export const minimal: VaultServerProps = {
  namespace: 'vault',
  aws: { accountId: '123456789012', region: 'eu-west-1' },
  storage: { table: 'vault-data' },
  seal: { kmsKeyId: 'alias/vault-unseal' },
  tls: { certManager: { issuer: { kind: 'ClusterIssuer', name: 'internal-ca' } } },
};

// biome-ignore lint/suspicious/noExplicitAny: manifests are read as the plain JSON that a cluster sees
export type Manifest = any;

/** The files of an app with one server. */
export function renderServer(props: Partial<VaultServerProps> = {}): ReadonlyMap<string, string> {
  const app = new KustomizeApp();
  new VaultServer(app, 'vault', { ...minimal, ...props });
  return app.render();
}

/** The files of an app with one server and its init Job. */
export function renderWithInit(props: Partial<VaultServerProps> = {}): ReadonlyMap<string, string> {
  const app = new KustomizeApp();
  const vault = new VaultServer(app, 'vault', { ...minimal, ...props });
  new VaultInit(app, 'init', { vault, custody: Custody.secretsManager('vault/recovery') });
  return app.render();
}

/** All objects of a rendered tree. */
export const manifestsOf = (files: ReadonlyMap<string, string>): Manifest[] => pathsAndManifests(files).map(([, object]) => object);

/** The same by "Kind/name", with the hash of a name left out. */
export function objectsOf(files: ReadonlyMap<string, string>): Record<string, Manifest> {
  return Object.fromEntries(
    pathsAndManifests(files).map(([path, object]) => {
      const hashed = path.endsWith(`${object.kind}.${object.metadata.name.replace(/-[0-9a-f]{10}$/, '')}.yaml`);
      return [`${object.kind}/${hashed ? object.metadata.name.replace(/-[0-9a-f]{10}$/, '') : object.metadata.name}`, object];
    }),
  );
}

function pathsAndManifests(files: ReadonlyMap<string, string>): [string, Manifest][] {
  const manifests = [...files].filter(([path]) => /(^|\/)(manifests\/|namespace\.yaml)/.test(path));
  return manifests.flatMap(([path, text]) =>
    parseAllDocuments(text, { version: '1.1' }).map((document): [string, Manifest] => [path, document.toJS()]),
  );
}

export const serverObjects = (props: Partial<VaultServerProps> = {}): Record<string, Manifest> => objectsOf(renderServer(props));

export const podSpec = (props: Partial<VaultServerProps> = {}): Manifest => serverObjects(props)['StatefulSet/vault'].spec.template.spec;

export const serverContainer = (props: Partial<VaultServerProps> = {}): Manifest => podSpec(props).containers[0];

/** The text of vault.hcl. */
export const hcl = (props: Partial<VaultServerProps> = {}): string => serverObjects(props)['ConfigMap/vault-config'].data['vault.hcl'];

/** The problems that a synth reports, without the heading. */
export function problemsOf(synth: () => unknown): string[] {
  try {
    synth();
  } catch (error) {
    if (!(error instanceof SynthError)) throw error;
    return error.message
      .split('\n')
      .slice(1)
      .map(line => line.trim());
  }
  return [];
}

export const problems = (props: Partial<VaultServerProps>): string[] => problemsOf(() => renderServer(props));

export const yaml = (text: string | undefined): Manifest => parse(text ?? '', { version: '1.1' });
