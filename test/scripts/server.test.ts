import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { which } from './sandbox';

const scripts = join(__dirname, '..', '..', 'charts', 'server');
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

/** A process of the pod, whose lines can be waited for. The pod's /proc shows no others, such as a Vault that runs on this machine. */
function start(command: string, ...args: string[]): (text: string, times?: number) => Promise<void> {
  const child = spawn(command, args, { stdio: 'pipe' });
  running.push(child);
  symlinkSync(`/proc/${child.pid}`, join(folder, 'proc', `${child.pid}`));
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', chunk => {
      output += chunk;
    });
  }
  return async (text, times = 1) => {
    for (let tries = 0; output.split(text).length <= times; tries++) {
      if (tries > 250) throw new Error(`never said "${text}" ${times} times:\n${output}`);
      await new Promise(resolve => setTimeout(resolve, 20));
    }
  };
}

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
  test('tells the server of every new certificate, once, and no other process', async () => {
    // processes as the pod has them: the server, and a CLI that somebody runs beside it
    const vault = write('vault', '#!/bin/bash\ntrap "echo told $1" HUP\necho "up $1"\nwhile :; do sleep 0.02; done\n');
    const server = start(vault, 'server', '-config=/vault/config/vault.hcl');
    const status = start(vault, 'status');
    await Promise.all([server('up server'), status('up status')]);
    write('tls.crt', 'one');
    write('tls.key', 'one');
    const reload = start('sh', join(scripts, 'reload.sh'), '0.05', folder, join(folder, 'proc'));
    // also for what is there at its start: it may have changed since the server read it
    await server('told server', 1);
    write('tls.crt', 'two');
    await server('told server', 2);
    await new Promise(resolve => setTimeout(resolve, 300));
    await reload('told Vault', 2);
    await expect(server('told server', 3)).rejects.toThrow('never said');
    await expect(status('told status')).rejects.toThrow('never said');
  }, 20_000);

  test('tries again where no server runs, and forgets no certificate', async () => {
    write('tls.crt', 'one');
    write('tls.key', 'one');
    const reload = start('sh', join(scripts, 'reload.sh'), '0.05', folder, join(folder, 'proc'));
    await reload('Vault is not running; trying again', 2);
    const server = start(write('vault', '#!/bin/bash\ntrap "echo told" HUP\nwhile :; do sleep 0.02; done\n'), 'server');
    await server('told');
  }, 20_000);
});
