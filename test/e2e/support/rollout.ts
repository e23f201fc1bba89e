import {
  VaultRollout as Rollout,
  type VaultRollout,
  type VaultRolloutProps,
  type VaultServer,
  type VaultServerProps,
} from '../../../charts';
import type { TestCa } from './certificates';
import { ReadLog } from './client';
import { type Ended, get, Installation, isReady, kubectl, kubectlCommand } from './cluster';
import { background, endWithInput, eventually } from './shell';

/** Three servers and the CronJob that rolls them. */
export class RolledInstallation extends Installation {
  dist = '';
  private readonly old: Partial<VaultServerProps> = { images: { vault: { tag: '1.21.0' } } };

  /** What main.ts says from now on; `change` is for what no prop says. */
  apply(
    server: Partial<VaultServerProps> = {},
    props: Partial<VaultRolloutProps> = {},
    change: (vault: VaultServer) => void = () => undefined,
  ) {
    let rollout: VaultRollout | undefined;
    const made = this.synth({ ...this.old, ...server }, (app, vault) => {
      change(vault);
      rollout = new Rollout(app, 'rollout', { vault, role: `${this.namespace}-rollout`, ...props });
    });
    this.dist = made.dist;
    if (rollout?.role === undefined) throw new Error('no role');
    return { ...made, role: rollout.role };
  }

  /** From nothing to three servers that are initialised; returns the root token. */
  async start(ca: TestCa, ready: () => Promise<void>): Promise<string> {
    await this.remove();
    const app = this.apply();
    await this.makeAws(app.vault);
    await this.makeRole(app.role);
    await ready();
    await this.makePrerequisites(app.vault, ca);
    await kubectl(['apply', '-k', app.dist]);
    const made = await eventually('vault-0 to answer', 120, () => this.exec('vault-0', ['vault', 'operator', 'init', '-format=json']));
    await this.settled(3);
    return JSON.parse(made.stdout).root_token;
  }

  /** Starts a rollout as a person does, perhaps with other parameters. */
  begin(name: string, env: Readonly<Record<string, string>> = {}): Promise<void> {
    return this.startFrom('vault-rollout', name, env);
  }

  async roll(name: string, env: Readonly<Record<string, string>> = {}): Promise<Ended> {
    await this.begin(name, env);
    return this.ended(name);
  }

  /** A pod with Vault's own client. */
  async createVaultClient(namespace: string): Promise<void> {
    const container = {
      name: 'vault',
      image: 'hashicorp/vault:1.21.7',
      imagePullPolicy: 'IfNotPresent',
      command: ['sleep', '86400'],
      env: [
        { name: 'VAULT_ADDR', value: `https://vault-active.${this.namespace}.svc:8200` },
        { name: 'VAULT_CACERT', value: '/ca/ca.crt' },
        { name: 'HOME', value: '/tmp' },
        // the default of Vault's client libraries, which its command line turns off (vault, command/base.go)
        { name: 'VAULT_MAX_RETRIES', value: '2' },
      ],
      volumeMounts: [{ name: 'ca', mountPath: '/ca' }],
    };
    const spec = {
      containers: [container],
      enableServiceLinks: false,
      terminationGracePeriodSeconds: 0,
      volumes: [{ name: 'ca', configMap: { name: 'ca' } }],
    };
    const pod = { apiVersion: 'v1', kind: 'Pod', metadata: { name: 'vault-client', namespace, labels: { 'vault-client': 'true' } }, spec };
    await kubectl(['apply', '-f', '-'], { input: JSON.stringify(pod) });
    await eventually('the client to run', 60, async () => {
      if (!isReady(await get('pod', '-n', namespace, 'vault-client'))) throw new Error('not ready');
    });
  }

  /** Reads with Vault's own client, at its default retries, until it is stopped. */
  readWithVaultClient(namespace: string, token: string): { readonly stop: () => Promise<ReadLog> } {
    const script = `read -r VAULT_TOKEN; export VAULT_TOKEN
${endWithInput}
while :; do if said=$(vault kv get -field=hello kv/greeting 2>&1); then s=200; else s=1; echo $said >&2; fi; echo "$(date +%s)000 $s"; sleep 0.05; done`;
    const reading = background([...kubectlCommand, 'exec', '-i', '-n', namespace, 'vault-client', '--', 'sh', '-c', script], `${token}\n`);
    return {
      stop: async () => {
        await reading.stop();
        return new ReadLog(reading.lines);
      },
    };
  }
}
