import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type IamRole, VaultRestore, type VaultServer } from '../../../charts';
import { Installation } from './cluster';

/** Three servers and the CronJob that restores their table. */
export class RestoredInstallation extends Installation {
  apply(): { readonly dist: string; readonly vault: VaultServer; readonly role: IamRole } {
    let restore: VaultRestore | undefined;
    const made = this.synth({}, (app, vault) => {
      restore = new VaultRestore(app, 'restore', { vault, role: `${this.namespace}-restore`, backupVault: 'none' });
    });
    if (restore?.role === undefined) throw new Error('no role');
    return { ...made, role: restore.role };
  }
}

/** What a person writes so that the servers use another table: an overlay of the dist in a folder. */
export function tableOverlay(folder: string, table: string): string {
  const overlay = join(folder, 'overlay');
  mkdirSync(overlay, { recursive: true });
  const container = { name: 'vault', env: [{ name: 'AWS_DYNAMODB_TABLE', value: table }] };
  const patch = {
    apiVersion: 'apps/v1',
    kind: 'StatefulSet',
    metadata: { name: 'vault' },
    spec: { template: { spec: { containers: [container] } } },
  };
  const kustomization = {
    apiVersion: 'kustomize.config.k8s.io/v1beta1',
    kind: 'Kustomization',
    resources: ['../dist'],
    patches: [{ target: { kind: 'StatefulSet', name: 'vault' }, patch: JSON.stringify(patch) }],
  };
  writeFileSync(join(overlay, 'kustomization.yaml'), JSON.stringify(kustomization));
  return overlay;
}
