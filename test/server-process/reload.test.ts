import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { X509Certificate } from 'node:crypto';
import { existsSync, mkdirSync, mkdtempSync, openSync, readFileSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect } from 'node:tls';
import { afterAll, beforeAll, expect, test } from '@jest/globals';

// A real Vault beside reload.sh, as in a pod: VAULT_BIN is its binary, VAULT_STARTS how often it starts, RELOAD_SCRIPT another script to compare with.
const binary = process.env['VAULT_BIN'] ?? '';
const starts = Number(process.env['VAULT_STARTS'] ?? 20);
const script = process.env['RELOAD_SCRIPT'] ?? join(__dirname, '..', '..', 'charts', 'server', 'pod', 'reload.sh');
const shell = (process.env['PATH'] ?? '').split(':').some(path => existsSync(join(path, 'busybox'))) ? ['busybox', 'sh'] : ['sh'];
const intervalSeconds = 0.2;
const servedWithinSeconds = 10;

let folder: string;
const running = new Set<ChildProcess>();
const figures = { starts: 0, changes: 0, 'signals sent': 0, 'failed by themselves': 0, 'ended by a signal': 0, 'not served': 0 };

const sleep = (milliseconds: number) => new Promise<void>(resolve => setTimeout(resolve, milliseconds));
const below = (limit: number) => Math.floor(Math.random() * limit);

beforeAll(() => {
  if (!existsSync(binary)) throw new Error(`VAULT_BIN must name a Vault binary; got "${binary}"`);
  folder = mkdtempSync(join(tmpdir(), 'cdk8s-vault-reload-'));
  for (const name of ['a', 'b', 'c']) {
    const [key, certificate] = [join(folder, `${name}.key`), join(folder, `${name}.crt`)];
    const request = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-days', '2', '-subj', `/CN=${name}`];
    execFileSync('openssl', ['req', '-x509', ...request, '-keyout', key, '-out', certificate], { stdio: 'ignore' });
  }
});

afterAll(() => {
  for (const child of running) child.kill('SIGKILL');
  if (folder !== undefined) rmSync(folder, { recursive: true });
});

const freePort = () =>
  new Promise<number>(resolve => {
    const server = createServer().listen(0, '127.0.0.1', () => {
      const address = server.address();
      server.close(() => resolve(typeof address === 'object' && address !== null ? address.port : 0));
    });
  });

/** A pod's volumes and its view of processes, with reload.sh and one server after the other. */
class Pod {
  private readonly home = mkdtempSync(join(folder, 'pod-'));
  private readonly tls = this.directory('tls');
  private readonly proc = this.directory('proc');
  private readonly log = openSync(join(this.home, 'log'), 'a');
  private version = 0;
  private certificate = 'a';
  private readonly history: string[] = [];
  private output = '';

  constructor(private readonly port: number) {
    for (const name of ['net', 'stat']) symlinkSync(`/proc/${name}`, join(this.proc, name));
    for (const name of ['tls.crt', 'tls.key']) symlinkSync(join('..data', name), join(this.tls, name));
    this.swap();
    writeFileSync(
      join(this.home, 'vault.hcl'),
      `storage "inmem" {}
       disable_mlock = true
       listener "tcp" {
         address = "127.0.0.1:${port}"
         tls_cert_file = "${this.tls}/tls.crt"
         tls_key_file = "${this.tls}/tls.key"
       }
       api_addr = "https://127.0.0.1:${port}"`,
    );
  }

  /** Replaces the files as kubelet does: all at once, by a link that is renamed. */
  change(): void {
    this.certificate = ['a', 'b', 'c'].filter(name => name !== this.certificate)[below(2)] ?? 'a';
    this.swap();
    figures.changes++;
    this.note(`the certificate is ${this.certificate}`);
  }

  /** What happened when, for the one who looks why a certificate is not served. */
  story(): string {
    return this.history.join('\n');
  }

  startReload(): void {
    const [command = 'sh', ...args] = shell;
    const child = this.spawn(command, [...args, script, `${this.port}`, `${intervalSeconds}`, this.tls, this.proc], 'pipe');
    child.stdout?.on('data', chunk => {
      this.output += chunk;
      this.note(`${chunk}`.trim());
    });
  }

  startServer(): Server {
    figures.starts++;
    this.note('a server starts');
    return new Server(this.spawn(binary, ['server', `-config=${this.home}/vault.hcl`], this.log, '/vault/bin/vault'));
  }

  /** Whether the port serves the last certificate before the time is over, or the server ends. */
  async serves(server: Server): Promise<boolean> {
    const { fingerprint256 } = new X509Certificate(readFileSync(join(this.tls, 'tls.crt')));
    for (const end = Date.now() + servedWithinSeconds * 1000; Date.now() < end && !server.ended; await sleep(50))
      if ((await servedOn(this.port)) === fingerprint256) return true;
    return false;
  }

  async end(): Promise<void> {
    for (const child of running) child.kill('SIGKILL');
    while (running.size > 0) await sleep(10);
    figures['signals sent'] += this.output.split('told Vault').length - 1;
  }

  private note(text: string): void {
    this.history.push(`${new Date().toISOString()} ${text}`);
  }

  private swap(): void {
    const data = this.directory(`tls/..${++this.version}`);
    for (const kind of ['crt', 'key']) writeFileSync(join(data, `tls.${kind}`), readFileSync(join(folder, `${this.certificate}.${kind}`)));
    symlinkSync(`..${this.version}`, join(this.tls, '..data_tmp'));
    renameSync(join(this.tls, '..data_tmp'), join(this.tls, '..data'));
    if (this.version > 1) rmSync(join(this.tls, `..${this.version - 1}`), { recursive: true });
  }

  private spawn(command: string, args: readonly string[], output: 'pipe' | number, argv0 = command): ChildProcess {
    const child = spawn(command, args, { argv0, env: { PATH: process.env['PATH'], HOME: this.home }, stdio: ['ignore', output, output] });
    running.add(child);
    child.on('exit', () => running.delete(child));
    symlinkSync(`/proc/${child.pid}`, join(this.proc, `${child.pid}`));
    return child;
  }

  private directory(name: string): string {
    const path = join(this.home, name);
    mkdirSync(path);
    return path;
  }
}

class Server {
  ended = false;
  private ours = false;

  constructor(private readonly child: ChildProcess) {
    child.on('exit', (code, signal) => {
      this.ended = true;
      if (this.ours) return;
      // Vault ends by itself where it reads the certificate of one version and the key of the next
      figures[signal === null && (code ?? 0) < 128 ? 'failed by themselves' : 'ended by a signal']++;
    });
  }

  async end(): Promise<void> {
    // an exit that happened already is told first
    await sleep(20);
    this.ours = true;
    this.child.kill('SIGKILL');
    while (!this.ended) await sleep(10);
  }
}

const servedOn = (port: number) =>
  new Promise<string | undefined>(resolve => {
    const socket = connect({ port, host: '127.0.0.1', rejectUnauthorized: false }, () => {
      const { fingerprint256 } = socket.getPeerCertificate();
      socket.destroy();
      resolve(fingerprint256);
    });
    socket.on('error', () => resolve(undefined));
  });

test(
  `${starts} starts with certificates that change at random moments: no server ends by a signal, each serves the last certificate`,
  async () => {
    while (figures.starts < starts) {
      const pod = new Pod(await freePort());
      const reloadFirst = below(2) === 0;
      if (reloadFirst) pod.startReload();
      // some pods start at once, others after certificates that are clearly older
      await sleep([0, 200, 3500][below(3)] ?? 0);
      for (let left = 1 + below(3), first = true; left > 0 && figures.starts < starts; left--, first = false) {
        for (let changes = below(2); changes > 0; changes--) {
          pod.change();
          await sleep(below(400));
        }
        const server = pod.startServer();
        if (first && !reloadFirst) {
          await sleep(below(300));
          pod.startReload();
        }
        const fails = left > 1 && below(2) === 0;
        // most of them while the server starts, the others once it serves
        for (let changes = below(4); changes > 0 && !server.ended; changes--) {
          await sleep(below([150, 1500][below(2)] ?? 0));
          pod.change();
        }
        // as a container that fails, and is started again in the same pod
        if (fails) await sleep(below(600));
        else if (!(await pod.serves(server)) && !server.ended) {
          figures['not served']++;
          console.warn(`The last certificate is not served:\n${pod.story()}`);
        }
        // what ended by itself is started again, as by kubelet
        if (server.ended) left++;
        await server.end();
      }
      await pod.end();
    }
    console.info(
      Object.entries(figures)
        .map(([name, count]) => `${count} ${name}`)
        .join(', '),
    );
    expect(figures).toMatchObject({ 'ended by a signal': 0, 'not served': 0 });
    expect(figures['signals sent']).toBeGreaterThan(0);
  },
  60_000 + starts * 30_000,
);
