import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { which } from './which';

const scripts = join(__dirname, '..', '..', 'charts', 'server', 'pod');
let folder: string;
let running: ChildProcess[];

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'cdk8s-vault-script-'));
  running = [];
  mkdirSync(join(folder, 'proc'));
});

afterEach(() => {
  for (const child of running) child.kill('SIGKILL');
  rmSync(folder, { recursive: true });
});

const write = (name: string, text: string) => {
  writeFileSync(join(folder, name), text);
  chmodSync(join(folder, name), 0o755);
  return join(folder, name);
};

/** A process that this machine really runs, seen as one of the pod. */
interface Member {
  readonly pid: number;
  readonly output: () => string;
  /** Waits until it has said something. */
  readonly says: (text: string, times?: number) => Promise<void>;
  readonly end: () => Promise<void>;
}

/** Starts a process of the pod, whose /proc shows no others, such as a Vault that runs on this machine. */
function start(command: string, args: readonly string[], argv0 = command): Member {
  const child = spawn(command, args, { argv0, cwd: folder, stdio: 'pipe' });
  const ended = new Promise<void>(resolve => child.on('close', () => resolve()));
  const pid = child.pid ?? 0;
  running.push(child);
  symlinkSync(`/proc/${pid}`, join(folder, 'proc', `${pid}`));
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', chunk => {
      output += chunk;
    });
  }
  return {
    pid,
    output: () => output,
    says: async (text, times = 1) => {
      for (let tries = 0; output.split(text).length <= times; tries++) {
        if (tries > 250) throw new Error(`never said "${text}" ${times} times:\n${output}`);
        await rounds(1);
      }
    },
    end: async () => {
      child.kill('SIGKILL');
      await ended;
    },
  };
}

const interval = 0.05;
const rounds = (count: number) => new Promise<void>(resolve => setTimeout(resolve, count * interval * 1000));

describe('lock-memory.sh', () => {
  const lock = (mounts: string) => {
    write('setcap', '#!/bin/sh\necho "setcap $*"\n');
    const table = write('mounts', mounts);
    return spawnSync(which('bash'), [join(scripts, 'lock-memory.sh'), '/vault/bin', table], {
      encoding: 'utf8',
      env: { PATH: `${folder}:${process.env['PATH']}` },
    });
  };

  test('gives the copy its capability', () => {
    expect(lock('tmpfs /vault/bin tmpfs rw,size=1048576k 0 0\n')).toMatchObject({
      status: 0,
      stdout: 'setcap cap_ipc_lock=ep /vault/bin/vault\nlock-memory: /vault/bin/vault may lock its memory\n',
    });
  });

  test.each([
    ['a mount on which capabilities do nothing', 'tmpfs /vault/bin tmpfs rw,nosuid,size=1k 0 0\n', '/vault/bin is mounted nosuid'],
    ['a folder that is no mount', 'tmpfs /other tmpfs rw,nosuid 0 0\n', '/vault/bin is no mount of its own'],
  ])('refuses %s', (_, mounts, message) => {
    const { status, stdout, stderr } = lock(mounts);
    expect([status, stdout]).toEqual([1, '']);
    expect(stderr).toContain(message);
  });
});

describe('reload.sh', () => {
  let port: number;

  beforeEach(async () => {
    for (const name of ['net', 'stat']) symlinkSync(`/proc/${name}`, join(folder, 'proc', name));
    port = await new Promise(resolve => {
      const server = createServer().listen(0, '127.0.0.1', () => {
        const address = server.address();
        server.close(() => resolve(typeof address === 'object' && address !== null ? address.port : 0));
      });
    });
    // the server: node runs this file by its name, so that the process has Vault's arguments
    write(
      'server',
      `process.on('SIGHUP', () => console.log('told'));
       const listen = () => require('node:net').createServer().listen(${port}, process.argv[3], () => console.log('listening'));
       process.stdin.resume();
       console.log('up');
       if (process.argv[2] === 'late') process.on('SIGUSR1', listen); else listen();`,
    );
    certificate('one');
  });

  const certificate = (text: string) => {
    mkdirSync(join(folder, 'tls'), { recursive: true });
    write('tls/tls.crt', text);
    write('tls/tls.key', text);
  };
  const reload = (...shell: string[]) => {
    const [command = 'sh', ...args] = shell;
    return start(command, [...args, join(scripts, 'reload.sh'), `${port}`, `${interval}`, join(folder, 'tls'), join(folder, 'proc')]);
  };
  const vault = (when: 'now' | 'late' = 'now', address = '127.0.0.1') =>
    start(process.execPath, ['server', when, address], '/vault/bin/vault');
  /** Lets the pod's clock say that the machine started that much later: so did its servers, but the files did not change later. */
  const startedLater = (seconds: number) => {
    rmSync(join(folder, 'proc', 'stat'));
    write(
      'proc/stat',
      readFileSync('/proc/stat', 'utf8').replace(/(?<=^btime )\d+/m, boot => `${Number(boot) + seconds}`),
    );
  };
  /** A server that nobody can signal, since the machine gives no such pid. */
  const deadServer = (comm: string, ticks: number) => {
    mkdirSync(join(folder, 'proc', '99999999'));
    write('proc/99999999/cmdline', '/vault/bin/vault\0server\0-config=/vault/config/vault.hcl\0');
    write('proc/99999999/stat', `99999999 (${comm}) S ${'0 '.repeat(18)}${ticks} 0 0\n`);
  };

  test.each([
    ['sh', '127.0.0.1'],
    ['sh', '::1'],
    ['busybox sh', '127.0.0.1'],
  ])('tells the server of every new certificate, once (%s, listening on %s)', async (shell, address) => {
    const server = vault('now', address);
    await server.says('listening');
    const script = reload(...shell.split(' '));
    // also of what is there at its start: it may have changed since the server read it
    await server.says('told', 1);
    certificate('two');
    await server.says('told', 2);
    await rounds(6);
    const told = `reload: told Vault (pid ${server.pid}) to read its certificate again\n`;
    expect(script.output()).toBe(`reload: watching ${folder}/tls every 0.05 s\n${told}${told}`);
    await rounds(6);
    expect(server.output()).toBe('up\nlistening\ntold\ntold\n');
  });

  test('signals no other process: an older CLI, an older shell that starts servers, a younger server that is started by hand', async () => {
    write('status', `process.on('SIGHUP', () => console.log('told')); process.stdin.resume(); console.log('up');`);
    const others = [
      start(process.execPath, ['status'], '/vault/bin/vault'),
      start(which('bash'), ['-c', 'trap "echo told" HUP; echo up; while :; do sleep 0.02; done', '/vault/bin/vault server '], 'sh'),
    ];
    for (const other of others) await other.says('up');
    const server = vault();
    await server.says('listening');
    others.push(vault('late'));
    await others[2]?.says('up');
    reload();
    await server.says('told');
    certificate('two');
    await server.says('told', 2);
    await rounds(4);
    expect(others.map(other => other.output())).toEqual(['up\n', 'up\n', 'up\n']);
  });

  test('signals no server before it listens, says once what it waits for, and then forgets no certificate', async () => {
    const script = reload();
    await script.says('reload: Vault is not running; looking every 0.05 s\n');
    const server = vault('late');
    await script.says(`which does not listen on port ${port} yet; looking every 0.05 s\n`);
    certificate('two');
    await rounds(10);
    expect(server.output()).toBe('up\n');
    process.kill(server.pid, 'SIGUSR1');
    await server.says('told');
    await rounds(6);
    expect(server.output()).toBe('up\nlistening\ntold\n');
    expect(script.output().split('\n')).toHaveLength(5);
  });

  test('signals no server that started after the last change, but then tells it of a change, whatever the clocks say', async () => {
    startedLater(1000);
    const server = vault();
    await server.says('listening');
    const script = reload();
    await script.says(`reload: Vault (pid ${server.pid}) started after the last change of its certificate and has read it\n`);
    await rounds(6);
    expect(server.output()).toBe('up\nlistening\n');
    certificate('two');
    await server.says('told');
    await rounds(6);
    expect(server.output()).toBe('up\nlistening\ntold\n');
  });

  test.each([
    ['the folder, as when kubelet swaps', () => write('tls/..data', '')],
    ['the file behind the link', () => write('other/tls.crt', 'two')],
  ])(
    'signals a server that it has not seen where this changed after its start: %s',
    async (_, change) => {
      mkdirSync(join(folder, 'other'));
      write('other/tls.crt', 'one');
      rmSync(join(folder, 'tls', 'tls.crt'));
      symlinkSync('../other/tls.crt', join(folder, 'tls', 'tls.crt'));
      // everything else is clearly older than the server
      await rounds(90);
      const server = vault();
      await server.says('listening');
      change();
      reload();
      await server.says('told');
    },
    20_000,
  );

  test('tells the server of a certificate that came back, since it may have read the one in between', async () => {
    const swap = (version: string) => {
      symlinkSync(version, join(folder, 'tls', '..data_tmp'));
      renameSync(join(folder, 'tls', '..data_tmp'), join(folder, 'tls', '..data'));
    };
    swap('..1');
    const server = vault();
    await server.says('listening');
    reload();
    await server.says('told');
    swap('..3');
    await server.says('told', 2);
    await rounds(6);
    expect(server.output()).toBe('up\nlistening\ntold\ntold\n');
  });

  test('judges a server that follows another by its own start', async () => {
    const script = reload();
    const first = vault();
    await first.says('told');
    await first.end();
    await script.says('Vault is not running');
    startedLater(1000);
    const second = vault();
    await script.says(`Vault (pid ${second.pid}) started after the last change`);
    await second.end();
    startedLater(-1000);
    const third = vault();
    await third.says('told');
    expect(second.output()).not.toContain('told');
  });

  test('tries again where a server could not be signalled, says so once, and forgets no certificate', async () => {
    const first = vault();
    await first.says('listening');
    deadServer('vault', 0);
    const script = reload();
    await script.says('(pid 99999999), which could not be signalled; looking every 0.05 s\n');
    await rounds(6);
    // to one that still waits for the first certificate the second is nothing to speak of
    certificate('two');
    await rounds(6);
    expect(script.output().split('\n')).toHaveLength(3);
    rmSync(join(folder, 'proc', '99999999'), { recursive: true });
    await first.says('told');
  });

  test('finds the start of a server whose name has spaces and parentheses', async () => {
    // a start that is long after the last change
    deadServer('a) b (c) 1 2 3', 1e9);
    await reload().says('Vault (pid 99999999) started after the last change');
  });
});
