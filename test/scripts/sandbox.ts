import { type ChildProcess, spawn } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { KustomizeApp, VaultInit, type VaultInitProps, VaultServer } from '../../charts';
import { type Manifest, minimal, objectsOf } from '../support/render';

/** Records how it was called, then runs the real one: what stands in an argument, everybody on the machine can read. */
const recordingCurl = (real: string) => `#!/bin/bash
printf '%s\\n' "curl $*" >>"$STATE/arguments"
exec ${real} "$@"
`;

/** Secrets Manager, as far as custody calls it: what it holds lies in $STATE/secrets, and $STATE/aws-fails says how it fails. */
const fakeAws = `#!/bin/bash
printf '%s\\n' "aws $*" >>"$STATE/arguments"
action=$2
while [ $# -gt 0 ]; do
  case $1 in
    --secret-id) secret=$2 ;;
    --client-request-token) token=$2 ;;
    --secret-string) file=\${2#file://} ;;
    --version-stages) shift; while [ $# -gt 0 ] && [[ $1 != --* ]]; do stages+=("$1"); shift; done; continue ;;
  esac
  shift
done
for fault in "$STATE/aws-fails/$action" "$STATE/aws-fails/$action.$token"; do
  if [ -s "$fault" ]; then echo "An error occurred ($(cat "$fault")) when calling the operation" >&2; exit 254; fi
done
held=$STATE/secrets/$secret
if [ ! -d "$held" ]; then echo "An error occurred (ResourceNotFoundException): Secrets Manager can't find the specified secret." >&2; exit 254; fi
case $action in
  describe-secret) cat "$held"/*.stages 2>/dev/null | jq -s '{VersionIdsToStages: (map({(.VersionId): .VersionStages}) | add // {})}' ;;
  put-secret-value)
    cp "$file" "$held/$token"
    jq -n --arg token "$token" '{VersionId: $token, VersionStages: $ARGS.positional}' --args "\${stages[@]}" | tee "$held/$token.stages"
    ;;
esac
`;

export interface Ended {
  readonly status: number | null;
  readonly output: string;
}

/** A pod of the init Job on this machine: its rendered files and environment, with real bash, curl and jq, and a stand-in for aws. */
export class Sandbox {
  private readonly folder = mkdtempSync(join(tmpdir(), 'cdk8s-vault-script-'));
  private readonly bin = this.directory('bin');
  private readonly scripts = this.directory('scripts');
  private readonly account = this.directory('account');
  private readonly state = this.directory('state');
  private readonly keys = this.directory('keys');
  private readonly env: Record<string, string> = {};
  private process: ChildProcess | undefined;
  output = '';

  constructor(props: Omit<VaultInitProps, 'vault'>, addresses: { readonly vault: string; readonly kubernetes: string }) {
    const app = new KustomizeApp();
    const vault = new VaultServer(app, 'vault', minimal);
    new VaultInit(app, 'init', { vault, ...props } as VaultInitProps);
    const objects = objectsOf(app.render());
    for (const [name, text] of Object.entries<string>(objects['ConfigMap/vault-init-script'].data))
      writeFileSync(join(this.scripts, name), text);
    for (const { name, value } of objects['Job/vault-init'].spec.template.spec.containers[0].env as Manifest[])
      this.env[name] = value ?? 'vault';
    this.executable('curl', recordingCurl(which('curl')));
    this.executable('aws', fakeAws);
    for (const command of ['bash', 'cat', 'cp', 'dirname', 'jq', 'mv', 'rm', 'sleep', 'tee'])
      this.executable(command, `#!/bin/sh\nexec ${which(command)} "$@"\n`);
    for (const name of ['token', 'ca.crt']) writeFileSync(join(this.account, name), 'account-token');
    mkdirSync(join(this.state, 'aws-fails'));
    Object.assign(this.env, {
      PATH: this.bin,
      HOSTNAME: 'vault-init-pod',
      STATE: this.state,
      KEPT_DIRECTORY: this.keys,
      OWN_TOKEN_FILE: join(this.account, 'token'),
      KUBERNETES_ACCOUNT: this.account,
      KUBERNETES_SERVER: addresses.kubernetes,
      VAULT_ADDR: addresses.vault,
      VAULT_CACERT: join(this.account, 'ca.crt'),
      PAUSE_SECONDS: '0.02',
      TRIES: '10',
      NAMESPACE: 'vault',
    });
  }

  set(variables: Readonly<Record<string, string>>): void {
    Object.assign(this.env, variables);
  }

  /** A secret of Secrets Manager that exists. */
  makeSecret(name: string): void {
    mkdirSync(this.secretFolder(name), { recursive: true });
  }

  secretFolder(name: string): string {
    return join(this.state, 'secrets', name);
  }

  /** What the secret holds under a token, or undefined. */
  secret(name: string, token = 'cdk8s-vault-recovery-keys-0000-000000000000'): string | undefined {
    const path = join(this.secretFolder(name), token);
    return existsSync(path) ? readFileSync(path, 'utf8') : undefined;
  }

  /** Lets an action of AWS fail with an error, for one token or for all; '' mends it. */
  awsFails(action: string, error: string): void {
    writeFileSync(join(this.state, 'aws-fails', action), error);
  }

  /** What stands in the arguments of every command that was run. */
  get commandLines(): string {
    return readFileSync(join(this.state, 'arguments'), 'utf8');
  }

  /** What an earlier container of this pod left in its memory volume. */
  keep(answer: object): void {
    this.keepFile('answer.json', JSON.stringify(answer));
  }

  keepFile(name: string, text: string): void {
    writeFileSync(join(this.keys, name), text);
  }

  get kept(): string[] {
    return readdirSync(this.keys);
  }

  takeAway(command: string): void {
    rmSync(join(this.bin, command));
  }

  start(): Promise<Ended> {
    this.output = '';
    const child = spawn(which('bash'), [join(this.scripts, 'run.sh')], { env: this.env, stdio: 'pipe' });
    this.process = child;
    for (const stream of [child.stdout, child.stderr]) {
      stream.on('data', chunk => {
        this.output += chunk;
      });
    }
    return new Promise(resolve => child.on('close', status => resolve({ status, output: this.output })));
  }

  terminate(): void {
    this.process?.kill('SIGTERM');
  }

  /** Waits until the script has said something. */
  async says(text: string): Promise<void> {
    for (let tries = 0; !this.output.includes(text); tries++) {
      if (tries > 500) throw new Error(`the script never said "${text}":\n${this.output}`);
      await new Promise(resolve => setTimeout(resolve, 20));
    }
  }

  remove(): void {
    this.process?.kill('SIGKILL');
    rmSync(this.folder, { recursive: true });
  }

  private directory(name: string): string {
    const path = join(this.folder, name);
    mkdirSync(path);
    return path;
  }

  private executable(name: string, text: string): void {
    writeFileSync(join(this.bin, name), text);
    chmodSync(join(this.bin, name), 0o755);
  }
}

export function which(command: string): string {
  const found = (process.env['PATH'] ?? '').split(':').find(folder => existsSync(join(folder, command)));
  if (found === undefined) throw new Error(`these tests need ${command}, which the tools image has`);
  return join(found, command);
}
