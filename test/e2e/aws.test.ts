import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, jest, test } from '@jest/globals';
import { AwsResources, Custody, type IamRole, VaultInit, type VaultServer } from '../../charts';
import type { Manifest } from '../support/render';
import { AwsPod } from './support/aws-pod';
import { TestCa } from './support/certificates';
import { aws, awsResult, enforceIam, Installation, issuer, kubectl, region } from './support/cluster';
import { eventually, sleep } from './support/shell';
import { Stack, standIn } from './support/stack';

jest.setTimeout(10 * 60_000);

const ca = new TestCa();

/** An installation whose AWS side is the stack of dist/aws and nothing else. */
class Deployed extends Installation {
  readonly secret = `${this.namespace}/recovery`;
  dist = '';
  // set by deploy
  declare server: VaultServer;
  declare init: VaultInit;
  declare stack: Stack;

  async deploy(replicas: number): Promise<void> {
    const { dist, vault } = this.synth({ replicas }, (app, server) => {
      this.init = new VaultInit(app, 'init', {
        vault: server,
        custody: Custody.secretsManager(this.secret),
        role: `${this.namespace}-init`,
      });
      new AwsResources(app, 'aws', { oidcProvider: issuer });
    });
    this.dist = dist;
    this.server = vault;
    this.stack = new Stack(this.namespace, dist, region);
    await this.stack.deploy();
  }

  get jobRole(): IamRole {
    if (this.init.role === undefined) throw new Error('no role');
    return this.init.role;
  }

  document(name: string): Manifest {
    return JSON.parse(readFileSync(join(this.dist, 'aws', 'iam', name), 'utf8'));
  }
}

const installation = new Deployed('vault-e2e-aws');
/** One whose roles lack something from the start. */
const crippled = new Deployed('vault-e2e-aws-less');

beforeAll(async () => {
  await Promise.all([installation.remove(), crippled.remove()]);
  await ca.create();
});

afterAll(async () => {
  await Promise.all([installation.remove(), crippled.remove()]);
  ca.remove();
});

describe('the stack of dist/aws', () => {
  beforeAll(() => installation.deploy(3));

  test('is whole, or a stand-in for AWS left out only what it does not know', async () => {
    const skipped = (await installation.stack.skipped()).sort();
    process.stderr.write(`left out of the stack by this AWS: ${skipped.join(', ') || 'nothing'}\n`);
    const unknown = ['BackupPlan', 'BackupSelection', 'BackupVault'].map(type => `AWS::Backup::${type}`);
    expect(standIn ? [...unknown, 'AWS::SecretsManager::ResourcePolicy', 'AWS::SecretsManager::Secret'] : []).toEqual(skipped);
    await installation.stack.mend();
  });

  test('has the table that Vault expects, protected', async () => {
    const name = ['--table-name', installation.namespace];
    const { Table: table } = JSON.parse(await aws(['dynamodb', 'describe-table', ...name]));
    expect(table).toMatchObject({
      KeySchema: [
        { AttributeName: 'Path', KeyType: 'HASH' },
        { AttributeName: 'Key', KeyType: 'RANGE' },
      ],
      BillingModeSummary: { BillingMode: 'PAY_PER_REQUEST' },
      DeletionProtectionEnabled: true,
    });
    const { ContinuousBackupsDescription: backups } = JSON.parse(await aws(['dynamodb', 'describe-continuous-backups', ...name]));
    // moto takes no point-in-time recovery from a template
    expect(backups.PointInTimeRecoveryDescription.PointInTimeRecoveryStatus).toBe(standIn ? 'DISABLED' : 'ENABLED');
  });

  test('has the key under its alias, rotated, with the policy of the template', async () => {
    const key = ['--key-id', `alias/${installation.namespace}`];
    const { KeyMetadata: metadata } = JSON.parse(await aws(['kms', 'describe-key', ...key]));
    const id = ['--key-id', metadata.KeyId];
    expect(JSON.parse(await aws(['kms', 'get-key-rotation-status', ...id])).KeyRotationEnabled).toBe(true);
    const { Policy: policy } = JSON.parse(await aws(['kms', 'get-key-policy', ...id, '--policy-name', 'default']));
    expect(JSON.parse(policy).Statement[1]).toMatchObject({
      Effect: 'Deny',
      Action: ['kms:DeleteAlias', 'kms:DisableKey', 'kms:PutKeyPolicy', 'kms:ScheduleKeyDeletion', 'kms:UpdateAlias'],
      Condition: { ArnNotLike: { 'aws:PrincipalArn': [expect.stringMatching(/:role\/break-glass$/)] } },
    });
  });

  test('has the roles of dist/aws/iam', async () => {
    for (const name of [installation.namespace, `${installation.namespace}-init`, `${installation.namespace}-backup`]) {
      const { Role: role } = JSON.parse(await aws(['iam', 'get-role', '--role-name', name]));
      expect(role.AssumeRolePolicyDocument).toEqual(installation.document(`${name}.trust.json`));
      const { PolicyDocument: policy } = JSON.parse(await aws(['iam', 'get-role-policy', '--role-name', name, '--policy-name', name]));
      expect(policy).toEqual(installation.document(`${name}.policy.json`));
    }
  });
});

describe('under the generated documents alone', () => {
  let token: string;

  beforeAll(async () => {
    await enforceIam();
    await installation.makePrerequisites(installation.server, ca);
  });

  test('the unchanged dist runs from nothing to ready, with keys in custody', async () => {
    await kubectl(['apply', '-k', installation.dist]);
    await installation.jobsComplete(1);
    await installation.settled(3);
  });

  test('Vault writes, reads, lists, deletes and fails over', async () => {
    token = await rootToken();
    const vault = (...args: string[]) => installation.vault('vault-0', token, args);
    await vault('secrets', 'enable', '-path=kv', '-version=1', 'kv');
    for (const key of ['kept', 'gone', 'unread']) await vault('kv', 'put', '-mount=kv', key, 'text=x');
    await vault('kv', 'delete', '-mount=kv', 'gone');
    expect(JSON.parse((await vault('kv', 'list', '-mount=kv', '-format=json', '/')).stdout)).toEqual(['kept', 'unread']);
    const active = await installation.settled(3);
    await installation.kubectl(['delete', 'pod', active]);
    await installation.settled(3);
    // a standby needs a moment to learn who leads
    await eventually('the value to be read again', 30, async () =>
      expect((await vault('kv', 'get', '-mount=kv', '-field=text', 'kept')).stdout.trim()).toBe('x'),
    );
  });

  test('nobody else gets a role', async () => {
    await installation.kubectl(['create', 'serviceaccount', 'other']);
    const assume = async (role: IamRole, namespace: string, account: string, audience: string): Promise<string> => {
      const jwt = join(installation.folder, 'jwt');
      const { stdout } = await kubectl(['-n', namespace, 'create', 'token', account, `--audience=${audience}`]);
      writeFileSync(jwt, stdout.trim(), { mode: 0o600 });
      const session = ['--role-arn', role.arn, '--role-session-name', 'e2e', '--web-identity-token', `file://${jwt}`];
      const { status, stderr } = await awsResult(['sts', 'assume-role-with-web-identity', ...session]);
      return status === 0 ? 'allowed' : /AccessDenied/.test(stderr) ? 'denied' : stderr;
    };
    const { server, jobRole, namespace } = installation;
    const job = jobRole.serviceAccount.name;
    for (const [role, account, other] of [
      [server.role, server.serviceAccountName, job],
      [jobRole, job, server.serviceAccountName],
    ] as const) {
      expect([
        await assume(role, namespace, account, 'sts.amazonaws.com'),
        await assume(role, namespace, account, 'vault'),
        await assume(role, namespace, other, 'sts.amazonaws.com'),
        await assume(role, namespace, 'other', 'sts.amazonaws.com'),
        await assume(role, 'default', 'default', 'sts.amazonaws.com'),
      ]).toEqual(['allowed', 'denied', 'denied', 'denied', 'denied']);
    }
  });

  test('the servers’ role cannot reach custody, and the Job’s cannot read the keys back', async () => {
    const [server, job] = [installation.server.serviceAccountName, installation.jobRole.serviceAccount.name].map(
      account => new AwsPod(installation, account),
    );
    if (server === undefined || job === undefined) throw new Error('two pods');
    await Promise.all([server.create(), job.create()]);
    const id = ['--secret-id', installation.secret];
    await server.denied('secretsmanager', 'get-secret-value', ...id);
    await server.denied('secretsmanager', 'describe-secret', ...id);
    await job.denied('secretsmanager', 'get-secret-value', ...id);
    await job.allowed('secretsmanager', 'describe-secret', ...id);
  });

  /** A root token by way of a recovery key, which is what break-glass does. */
  async function rootToken(): Promise<string> {
    const query = ['--query', 'SecretString', '--output', 'text'];
    const { recovery_keys_base64: keys } = JSON.parse(
      await aws(['secretsmanager', 'get-secret-value', '--secret-id', installation.secret, ...query]),
    );
    const generate = async (...args: string[]) =>
      (await installation.exec('vault-0', ['vault', 'operator', 'generate-root', ...args])).stdout;
    const { nonce, otp } = JSON.parse(await generate('-init', '-format=json'));
    const last = ['vault', 'operator', 'generate-root', '-format=json', `-nonce=${nonce}`, '-'];
    const { encoded_token: encoded } = JSON.parse((await installation.exec('vault-0', last, { input: keys[0] })).stdout);
    return (await generate(`-decode=${encoded}`, `-otp=${otp}`)).trim();
  }

  describe('each action is needed', () => {
    /** Shows at once what one run saw: the table in docs/operations.md is made of these. */
    const tell = (action: string, seen: string) => process.stderr.write(`${action} | ${seen.trim()}\n`);

    /** Waits for a line of a log that names the denied action. */
    const symptom = (pod: string, action: string, ...args: string[]): Promise<string> =>
      eventually(`${pod} to say that ${action} is denied`, 120, async () => {
        const { stdout } = await installation.kubectl(['logs', pod, '--since=2m', ...args], { accept: [0, 1] });
        const line = stdout
          .split('\n')
          .reverse()
          .find(text => text.includes(action) && /AccessDenied|not authorized/.test(text));
        if (line === undefined) throw new Error(stdout.split('\n').slice(-5).join('\n'));
        return line;
      });

    async function without(role: IamRole, action: string, happens: () => Promise<string>): Promise<void> {
      await installation.allow(role, action);
      try {
        tell(action, await happens());
      } finally {
        await installation.allow(role);
      }
    }

    /** Who leads, by its own word: labels come later. */
    const leaders = async (): Promise<string[]> => {
      const names = ['vault-0', 'vault-1', 'vault-2'];
      const status = (name: string) => installation.exec(name, ['vault', 'status', '-format=json'], { accept: [0, 1, 2] });
      const modes = await Promise.all(names.map(async name => /"is_self": true/.test((await status(name)).stdout)));
      return names.filter((_, index) => modes[index]);
    };
    const leader = (): Promise<string> =>
      eventually('one server to lead', 60, async () => {
        const [one, ...others] = await leaders();
        if (one === undefined || others.length > 0) throw new Error(`${one} ${others}`);
        return one;
      });
    const standby = async (): Promise<string> => {
      const active = await installation.settled(3);
      return ['vault-0', 'vault-1', 'vault-2'].find(name => name !== active) ?? '';
    };
    const restarted = async (): Promise<string> => {
      const pod = await standby();
      await installation.kubectl(['delete', 'pod', pod]);
      return pod;
    };

    test.each(['dynamodb:DescribeTable', 'kms:DescribeKey', 'kms:Decrypt'])('%s: a server that restarts', async action => {
      await without(installation.server.role, action, async () => symptom(await restarted(), action, '-c', 'vault'));
      await installation.settled(3, 240);
    });

    test.each([
      ['dynamodb:GetItem', ['kv', 'get', '-mount=kv', 'never-read']],
      ['dynamodb:Query', ['kv', 'list', '-mount=kv', '/']],
      ['dynamodb:BatchWriteItem', ['kv', 'put', '-mount=kv', 'written', 'text=x']],
    ] as const)('%s: a request', async (action, request) => {
      const active = await leader();
      await without(installation.server.role, action, async () => {
        const { status, stderr } = await installation.vault(active, token, request, { accept: [0, 2] });
        expect([status, stderr]).toEqual([2, expect.stringMatching(new RegExp(`AccessDenied.*${action}|${action}`))]);
        return stderr.replace(/\s+/g, ' ');
      });
    });

    test('dynamodb:UpdateItem: once the active server is gone, nobody leads', async () => {
      const active = await installation.settled(3);
      await without(installation.server.role, 'dynamodb:UpdateItem', async () => {
        const line = await symptom(active, 'dynamodb:UpdateItem', '-c', 'vault');
        await installation.kubectl(['delete', 'pod', active]);
        // longer than the lock lives
        await sleep(25_000);
        expect(await leaders()).toEqual([]);
        return line;
      });
      await installation.settled(3);
    });

    test('dynamodb:DeleteItem: a server that steps down keeps the lock, and nobody leads until its pod is deleted', async () => {
      const active = await installation.settled(3);
      await without(installation.server.role, 'dynamodb:DeleteItem', async () => {
        await installation.vault(active, token, ['operator', 'step-down']);
        const line = await symptom(active, 'dynamodb:DeleteItem', '-c', 'vault');
        // longer than the lock lives: the server renews it without leading
        await sleep(25_000);
        expect(await leaders()).toEqual([]);
        return line;
      });
      await installation.kubectl(['delete', 'pod', active]);
      await installation.settled(3);
    });

    test('secretsmanager:DescribeSecret: a Job that starts', async () => {
      await installation.settled(3);
      await without(installation.jobRole, 'secretsmanager:DescribeSecret', async () => {
        await installation.applyJobAs(installation.dist, 'vault-init-again');
        return eventually('the Job to say it', 60, async () => {
          const line = (await installation.initLogs())
            .split('\n')
            .find(text => /waiting for a valid answer from custody.*AccessDenied/.test(text));
          if (line === undefined) throw new Error(await installation.initLogs());
          return line;
        });
      });
      await installation.jobsComplete(2);
    });

    test('secretsmanager:PutSecretValue and kms:Encrypt: a Vault that is initialised', async () => {
      await crippled.deploy(1);
      await crippled.stack.mend();
      await crippled.makePrerequisites(crippled.server, ca);
      await crippled.allow(crippled.server.role, 'kms:Encrypt');
      await crippled.allow(crippled.jobRole, 'secretsmanager:PutSecretValue');
      await kubectl(['apply', '-k', crippled.dist]);
      const said = (pattern: RegExp) =>
        eventually(`the Job to say ${pattern}`, 120, async () => {
          // the container that said it may have been followed by another
          const before = await crippled.kubectl(['logs', '-l', 'app.kubernetes.io/component=init', '--tail=-1', '--previous'], {
            accept: [0, 1],
          });
          const log = `${before.stdout}${await crippled.initLogs()}`;
          const line = log.split('\n').find(text => pattern.test(text));
          if (line === undefined) throw new Error(log);
          return line;
        });
      tell('secretsmanager:PutSecretValue', await said(/waiting for custody to take a write.*AccessDenied/));
      await crippled.allow(crippled.jobRole);
      tell('kms:Encrypt', await said(/did not bring keys.*kms:Encrypt/));
      await crippled.allow(crippled.server.role);
      // Vault had written its keyring before it asked KMS
      tell('kms:Encrypt given back', await said(/nobody holds its recovery keys/));
    });
  });
});
