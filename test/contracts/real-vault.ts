import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { request } from 'node:http';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { generate } from 'selfsigned';
import { ask, HttpsServer, required } from './support';

/** A real Vault that unseals by the transit engine of another: recovery keys and all, as with KMS. */
export class RealVault {
  private readonly folder = mkdtempSync(join(tmpdir(), 'cdk8s-vault-contract-'));
  private readonly running: ChildProcess[] = [];
  address = '';
  certificate = '';

  async start(): Promise<void> {
    const binary = required('VAULT_BIN', 'a Vault binary, such as vault of the version that the default image has');
    const [transit, own] = [await freePort(), await freePort()];
    this.run(binary, ['server', '-dev', '-dev-root-token-id=root', `-dev-listen-address=127.0.0.1:${transit}`]);
    await eventually(() => plain(transit, 'POST', 'sys/mounts/transit', { type: 'transit' }));
    await plain(transit, 'POST', 'transit/keys/unseal', {});
    const made = await generate([{ name: 'commonName', value: 'vault' }], {
      keyType: 'ec',
      extensions: [
        { name: 'basicConstraints', cA: true },
        { name: 'subjectAltName', altNames: [{ type: 7, ip: '127.0.0.1' }] },
      ],
    });
    this.certificate = made.cert;
    this.address = `https://127.0.0.1:${own}`;
    const file = (name: string, text: string): string => {
      writeFileSync(join(this.folder, name), text, { mode: 0o600 });
      return join(this.folder, name);
    };
    const config = `
      storage "inmem" {}
      listener "tcp" {
        address = "127.0.0.1:${own}"
        tls_cert_file = "${file('crt', made.cert)}"
        tls_key_file = "${file('key', made.private)}"
      }
      seal "transit" {
        address = "http://127.0.0.1:${transit}"
        token = "root"
        key_name = "unseal"
        mount_path = "transit/"
        disable_renewal = "true"
      }
      api_addr = "${this.address}"
      disable_mlock = true`;
    this.run(binary, ['server', `-config=${file('vault.hcl', config)}`]);
    await eventually(async () => void (await ask(new HttpsServer(this.address, this.certificate), 'GET', '/v1/sys/init')));
  }

  private run(command: string, args: readonly string[]): void {
    this.running.push(spawn(command, args, { stdio: 'ignore', env: { HOME: this.folder } }));
  }

  stop(): void {
    for (const process of this.running) process.kill('SIGKILL');
    rmSync(this.folder, { recursive: true });
  }
}

const freePort = (): Promise<number> =>
  new Promise(resolve => {
    const server = createServer().listen(0, '127.0.0.1', () => {
      const address = server.address();
      server.close(() => resolve(typeof address === 'object' && address !== null ? address.port : 0));
    });
  });

/** A write to the Vault that holds the transit engine, which has no TLS. */
const plain = (port: number, method: string, path: string, body: object): Promise<void> =>
  new Promise((resolve, reject) => {
    const call = request({ port, host: '127.0.0.1', method, path: `/v1/${path}`, headers: { 'x-vault-token': 'root' } }, response => {
      response.resume();
      response.on('end', () => ((response.statusCode ?? 500) < 300 ? resolve() : reject(new Error(`${path}: ${response.statusCode}`))));
    });
    call.on('error', reject);
    call.end(JSON.stringify(body));
  });

export async function eventually(attempt: () => Promise<void>): Promise<void> {
  for (let tries = 0; ; tries++) {
    try {
      return await attempt();
    } catch (error) {
      if (tries > 100) throw error;
      await new Promise(resolve => setTimeout(resolve, 100));
    }
  }
}
