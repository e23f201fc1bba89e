import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { run } from './shell';

/** A certificate authority for a test, made with openssl. */
export class TestCa {
  private readonly folder = mkdtempSync(join(tmpdir(), 'cdk8s-vault-ca-'));
  private serial = 0;

  async create(): Promise<void> {
    await run([
      'openssl',
      'req',
      '-x509',
      '-newkey',
      'rsa:2048',
      '-nodes',
      '-days',
      '30',
      '-subj',
      '/CN=e2e-ca',
      '-keyout',
      this.path('ca.key'),
      '-out',
      this.path('ca.crt'),
    ]);
  }

  /** A Secret of type kubernetes.io/tls with `ca.crt`, for these names. */
  async secret(name: string, namespace: string, dnsNames: readonly string[]): Promise<string> {
    this.serial += 1;
    const names = [...dnsNames.map(dnsName => `DNS:${dnsName}`), 'IP:127.0.0.1'].join(',');
    writeFileSync(this.path('ext'), `subjectAltName=${names}\n`);
    await run([
      'openssl',
      'req',
      '-new',
      '-newkey',
      'rsa:2048',
      '-nodes',
      '-subj',
      `/CN=vault-${this.serial}`,
      '-keyout',
      this.path('tls.key'),
      '-out',
      this.path('csr'),
    ]);
    await run([
      'openssl',
      'x509',
      '-req',
      '-in',
      this.path('csr'),
      '-CA',
      this.path('ca.crt'),
      '-CAkey',
      this.path('ca.key'),
      '-CAcreateserial',
      '-days',
      '30',
      '-extfile',
      this.path('ext'),
      '-out',
      this.path('tls.crt'),
    ]);
    const data = Object.fromEntries(['tls.crt', 'tls.key', 'ca.crt'].map(file => [file, readFileSync(this.path(file)).toString('base64')]));
    return JSON.stringify({ apiVersion: 'v1', kind: 'Secret', type: 'kubernetes.io/tls', metadata: { name, namespace }, data });
  }

  get certificate(): string {
    return readFileSync(this.path('ca.crt'), 'utf8');
  }

  remove(): void {
    rmSync(this.folder, { recursive: true, force: true });
  }

  private path(file: string): string {
    return join(this.folder, file);
  }
}
