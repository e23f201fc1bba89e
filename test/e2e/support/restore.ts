import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type IamRole, VaultRestore, type VaultServer } from '../../../charts';
import { rolePolicy } from '../../../charts/aws/iam';
import { aws, Installation } from './cluster';
import { standIn } from './stack';

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

  /** The Job's role. A stand-in for AWS knows no resources of CloudWatch and autoscaling, and calls the first by the name that requests are signed with. */
  async makeRestoreRole(role: IamRole): Promise<void> {
    await this.makeRole(role);
    if (!standIn) return;
    const statements = role
      .statements()
      .map(statement =>
        statement.actions.some(action => /^(cloudwatch|application-autoscaling):/.test(action))
          ? { sid: statement.sid, actions: statement.actions.map(action => action.replace('cloudwatch:', 'monitoring:')), resources: ['*'] }
          : statement,
      );
    await this.putPolicy(role, JSON.stringify(rolePolicy(statements)));
  }

  private putPolicy(role: IamRole, document: string): Promise<string> {
    return aws(['iam', 'put-role-policy', '--role-name', role.name, '--policy-name', role.name, '--policy-document', document]);
  }

  /** What a person writes so that the servers use another table: an overlay, and the policy of their role. */
  async moveTo(table: string, server: VaultServer): Promise<string> {
    const overlay = join(this.folder, 'overlay');
    mkdirSync(overlay, { recursive: true });
    const environment = {
      spec: { template: { spec: { containers: [{ name: 'vault', env: [{ name: 'AWS_DYNAMODB_TABLE', value: table }] }] } } },
    };
    writeFileSync(
      join(overlay, 'kustomization.yaml'),
      JSON.stringify({
        apiVersion: 'kustomize.config.k8s.io/v1beta1',
        kind: 'Kustomization',
        resources: ['../dist'],
        patches: [
          {
            target: { kind: 'StatefulSet', name: 'vault' },
            patch: JSON.stringify({ apiVersion: 'apps/v1', kind: 'StatefulSet', metadata: { name: 'vault' }, ...environment }),
          },
        ],
      }),
    );
    const document = JSON.stringify(rolePolicy(server.role.statements()));
    await this.putPolicy(server.role, document.replaceAll(`table/${this.namespace}"`, `table/${table}"`));
    return overlay;
  }
}
