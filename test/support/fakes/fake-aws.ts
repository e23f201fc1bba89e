import { type Asked, FakeServer, type Reply } from './fake-server';

interface Version {
  readonly text: string;
  stages: string[];
}

const failure = (type: string, message: string, status = 400): Reply => ({ status, body: { __type: type, message } });

/** STS's answers are XML (STS API reference, "AssumeRoleWithWebIdentity"). */
const xml = (status: number, body: string): Reply => ({ status, body, headers: { 'content-type': 'text/xml' } });

/** Secrets Manager, Parameter Store and STS, as far as Jobs call them; test/contracts holds its answers against a stand-in for AWS. */
export class FakeAws extends FakeServer {
  /** `fetch` trusts what the process trusts: nothing of a test's making. */
  protected override readonly secure = false;
  readonly secrets = new Map<string, { readonly versions: Map<string, Version>; deleted?: true }>();
  /** What secrets and parameters hold that a Job may read, by name. */
  readonly readable = new Map<string, { text: string; version: number }>();
  /** How an action fails, by "PutSecretValue", or by "PutSecretValue vault-recovery-keys" for those whose version begins so. */
  readonly failing = new Map<string, Reply>();
  /** Seconds that the role's sessions may last. */
  maxSession = 43_200;
  /** Seconds that a session lasts, whatever was asked for. */
  sessionSeconds: number | undefined;
  sessions = 0;

  makeSecret(name: string): void {
    this.secrets.set(name, { versions: new Map() });
  }

  /** What a version with this stage holds. */
  held(name: string, stage = 'vault-recovery-keys'): string | undefined {
    return [...(this.secrets.get(name)?.versions.values() ?? [])].find(({ stages }) => stages.includes(stage))?.text;
  }

  protected answer(asked: Asked): Reply {
    const target = asked.headers['x-amz-target'];
    if (asked.path.startsWith('backup-jobs')) return this.backupJob(asked);
    if (target === undefined) return this.assumeRole(new URLSearchParams(String(asked.body)));
    const action = target.split('.')[1] ?? '';
    const fault =
      this.failing.get(action) ?? [...this.failing].find(([key]) => `${action} ${asked.body.ClientRequestToken}`.startsWith(key))?.[1];
    if (fault !== undefined) return fault;
    if (!asked.headers['authorization']?.startsWith('AWS4-HMAC-SHA256 '))
      return failure('MissingAuthenticationTokenException', 'Missing Authentication Token');
    if (target.startsWith('DynamoDB_')) return this.backup(action, asked.body);
    if (action === 'GetSecretValue' || action === 'GetParameter') return this.read(action, asked.body);
    const secret = this.secrets.get(asked.body.SecretId);
    if (secret === undefined) return failure('ResourceNotFoundException', "Secrets Manager can't find the specified secret.");
    return action === 'DescribeSecret' ? this.describe(secret) : this.put(secret.versions, asked.body);
  }

  /** Backups by their ARNs, and what each is in. */
  readonly backups = new Map<string, string>();

  private backup(action: string, { TableName, BackupName, BackupArn }: Asked['body']): Reply {
    if (action === 'CreateBackup') {
      const arn = `arn:aws:dynamodb:eu-west-1:123456789012:table/${TableName}/backup/${BackupName}-${this.backups.size}`;
      this.backups.set(arn, 'CREATING');
      return { status: 200, body: { BackupDetails: { BackupArn: arn, BackupStatus: 'CREATING' } } };
    }
    const state = this.backups.get(BackupArn);
    if (state === undefined) return failure('com.amazonaws.dynamodb.v20120810#BackupNotFoundException', `Backup not found: ${BackupArn}`);
    this.backups.set(BackupArn, 'AVAILABLE');
    return { status: 200, body: { BackupDescription: { BackupDetails: { BackupArn, BackupStatus: state } } } };
  }

  /** AWS Backup's jobs, as its REST API has them: by id, and what each is in. */
  readonly backupJobs = new Map<string, string>();
  /** What becomes of them. */
  backupJobEnds = 'COMPLETED';

  private backupJob({ method, path, body }: Asked): Reply {
    if (method === 'PUT') {
      const id = `job-${this.backupJobs.size}`;
      this.backupJobs.set(id, 'RUNNING');
      return { status: 200, body: { BackupJobId: id, CreationDate: 1.7e9, RecoveryPointArn: `of ${body.ResourceArn}` } };
    }
    const id = path.replace('backup-jobs/', '');
    const state = this.backupJobs.get(id);
    if (state === undefined)
      return {
        status: 400,
        body: { Code: 'x', Message: 'no such job' },
        headers: { 'x-amzn-errortype': 'ResourceNotFoundException:http://x' },
      };
    this.backupJobs.set(id, this.backupJobEnds);
    return { status: 200, body: { BackupJobId: id, State: state, ...(state === 'FAILED' ? { StatusMessage: 'the role may not' } : {}) } };
  }

  private read(action: string, { SecretId, Name }: Asked['body']): Reply {
    const found = this.readable.get(SecretId ?? Name);
    if (action === 'GetParameter')
      return found === undefined
        ? failure('ParameterNotFound', 'Parameter not found.')
        : { status: 200, body: { Parameter: { Name, Value: found.text, Version: found.version } } };
    if (found === undefined) return failure('ResourceNotFoundException', "Secrets Manager can't find the specified secret.");
    return { status: 200, body: { Name: SecretId, SecretString: found.text, VersionId: `version-${found.version}` } };
  }

  private describe({ versions, deleted }: { readonly versions: Map<string, Version>; deleted?: true }): Reply {
    const stages = Object.fromEntries(
      [...versions].flatMap(([id, version]) => (version.stages.length === 0 ? [] : [[id, version.stages]])),
    );
    return {
      status: 200,
      body: { ...(versions.size === 0 ? {} : { VersionIdsToStages: stages }), ...(deleted === undefined ? {} : { DeletedDate: 1.7e9 }) },
    };
  }

  private put(versions: Map<string, Version>, body: Asked['body']): Reply {
    const { ClientRequestToken: id, SecretString: text, VersionStages: wanted } = body;
    if (text.length > 65_536) return failure('ValidationException', 'SecretString: length must be at most 65536');
    const before = versions.get(id);
    if (before !== undefined && before.text !== text)
      return failure('ResourceExistsException', 'A resource with the ID you requested already exists with other content');
    // the first version of a secret becomes the current one, whatever was asked for; the current one before another is the previous one
    const stages: string[] = versions.size === 0 ? ['AWSCURRENT', ...wanted] : wanted;
    for (const [other, version] of versions) {
      const current = other !== id && stages.includes('AWSCURRENT') && version.stages.includes('AWSCURRENT');
      version.stages = [...version.stages.filter(stage => !stages.includes(stage)), ...(current ? ['AWSPREVIOUS'] : [])];
    }
    versions.set(id, { text, stages: [...new Set([...(before?.stages ?? []), ...stages])] });
    return { status: 200, body: { Name: body.SecretId, VersionId: id, VersionStages: versions.get(id)?.stages } };
  }

  private assumeRole(form: URLSearchParams): Reply {
    const fault = this.failing.get('AssumeRoleWithWebIdentity');
    if (fault !== undefined) return fault;
    const seconds = Number(form.get('DurationSeconds'));
    if (seconds > this.maxSession)
      return xml(
        400,
        '<ErrorResponse><Error><Type>Sender</Type><Code>ValidationError</Code><Message>The requested DurationSeconds exceeds the MaxSessionDuration set for this role.</Message></Error></ErrorResponse>',
      );
    this.sessions += 1;
    const ends = new Date(Date.now() + (this.sessionSeconds ?? seconds) * 1000).toISOString();
    return xml(
      200,
      `<AssumeRoleWithWebIdentityResponse><AssumeRoleWithWebIdentityResult><Credentials><AccessKeyId>ASIA${this.sessions}</AccessKeyId><SecretAccessKey>5ecre7-key</SecretAccessKey><SessionToken>5ecre7-session</SessionToken><Expiration>${ends}</Expiration></Credentials></AssumeRoleWithWebIdentityResult></AssumeRoleWithWebIdentityResponse>`,
    );
  }
}
