import { afterAll, beforeAll, expect, jest, test } from '@jest/globals';
import { AwsClient } from 'aws4fetch';
import { serviceAccountTrust } from '../../charts/aws/iam';
import { accountId, aws, awsResult, issuer, kubectl, region } from '../e2e/support/cluster';
import { FakeAws } from '../support/fakes/fake-aws';
import { type Answered, required } from './support';

jest.setTimeout(120_000);

const namespace = 'vault-e2e-aws-contracts';
const secret = `${namespace}/recovery`;
const role = namespace;
const fake = new FakeAws();
let endpoint: string;

const removeAll = async () => {
  await kubectl(['delete', 'namespace', namespace, '--ignore-not-found', '--timeout=60s']);
  await awsResult(['iam', 'delete-role-policy', '--role-name', role, '--policy-name', 'all']);
  await awsResult(['iam', 'delete-role', '--role-name', role]);
  await awsResult(['secretsmanager', 'delete-secret', '--secret-id', secret, '--force-delete-without-recovery']);
};

beforeAll(async () => {
  endpoint = required('AWS_ENDPOINT', 'where a stand-in for AWS answers, beside KUBECTL, AWS, and NODE_EXTRA_CA_CERTS for its authority');
  await fake.listen();
  await removeAll();
  await kubectl(['create', 'namespace', namespace]);
  await kubectl(['-n', namespace, 'create', 'serviceaccount', 'program']);
  const allowAll = { Version: '2012-10-17', Statement: [{ Effect: 'Allow', Action: 'secretsmanager:*', Resource: '*' }] };
  const trust = serviceAccountTrust({ aws: { accountId, region }, serviceAccount: { namespace, name: 'program' } }, issuer);
  await aws(['iam', 'create-role', '--role-name', role, '--assume-role-policy-document', JSON.stringify(trust)]);
  await aws(['iam', 'put-role-policy', '--role-name', role, '--policy-name', 'all', '--policy-document', JSON.stringify(allowAll)]);
});

afterAll(async () => {
  fake.close();
  await removeAll();
});

/** Everything that programs ask of AWS, and what it is answered. */
async function conversation(at: string, makeSecret: () => unknown, deleteSecret: () => unknown) {
  const answers: Record<string, Answered> = {};
  const token = (await kubectl(['-n', namespace, 'create', 'token', 'program', '--audience=sts.amazonaws.com'])).stdout.trim();
  const body = new URLSearchParams({
    Action: 'AssumeRoleWithWebIdentity',
    Version: '2011-06-15',
    RoleArn: `arn:aws:iam::${accountId}:role/${role}`,
    RoleSessionName: 'program',
    WebIdentityToken: token,
    DurationSeconds: '3600',
  });
  const response = await fetch(at, { method: 'POST', body });
  const text = await response.text();
  const element = (name: string): string => new RegExp(`<${name}>([^<]*)</${name}>`).exec(text)?.[1] ?? '';
  answers['assume a role'] = {
    status: response.status,
    fields: [
      element('AccessKeyId') !== '',
      element('SecretAccessKey') !== '',
      element('SessionToken') !== '',
      Date.parse(element('Expiration')) > Date.now(),
    ],
  };
  const client = new AwsClient({
    accessKeyId: element('AccessKeyId'),
    secretAccessKey: element('SecretAccessKey'),
    sessionToken: element('SessionToken'),
    service: 'secretsmanager',
    region: 'us-east-1',
    retries: 0,
  });
  const say = async (what: string, action: string, asked: object, fields?: (body: never) => unknown) => {
    const answer = await client.fetch(at, {
      method: 'POST',
      headers: { 'content-type': 'application/x-amz-json-1.1', 'x-amz-target': `secretsmanager.${action}` },
      body: JSON.stringify(asked),
    });
    const said = (await answer.json()) as { readonly __type?: string };
    const type = said.__type;
    answers[what] = {
      // programs go by the type: a secret that is not there is 404 to the stand-in, 400 to AWS (Secrets Manager API reference)
      status: answer.status === 200 ? 200 : 400,
      ...(type === undefined ? {} : { words: type }),
      ...(fields === undefined ? {} : { fields: fields(said as never) }),
    };
  };
  const version = (letter: string): string => `vault-recovery-keys-${letter.repeat(40)}`;
  const put = (letter: string, content: string, stages: readonly string[]) => ({
    SecretId: secret,
    ClientRequestToken: version(letter),
    SecretString: content,
    VersionStages: stages,
  });
  const stored = ({ VersionId, VersionStages }: { VersionId: string; VersionStages: string[] }) => [VersionId, [...VersionStages].sort()];
  // the stand-in takes the canary's stage away with AWSCURRENT, which AWS does not: programs read the versions with keys
  const stages = ({ VersionIdsToStages: held }: { VersionIdsToStages?: Record<string, string[]> }) =>
    held && Object.entries(held).flatMap(([id, names]) => (names.includes('vault-recovery-keys') ? [id, [...names].sort()] : []));
  await say('describe a secret that is not there', 'DescribeSecret', { SecretId: secret });
  await makeSecret();
  await say('describe an empty secret', 'DescribeSecret', { SecretId: secret }, stages);
  await say('put a canary', 'PutSecretValue', put('a', 'x'.repeat(60_000), ['vault-canary']), stored);
  await say('put keys', 'PutSecretValue', put('b', 'keys', ['AWSCURRENT', 'vault-recovery-keys']), stored);
  await say('put the same keys', 'PutSecretValue', put('b', 'keys', ['AWSCURRENT', 'vault-recovery-keys']), stored);
  await say('put others under the same token', 'PutSecretValue', put('b', 'others', ['AWSCURRENT', 'vault-recovery-keys']));
  await say('describe a secret with keys', 'DescribeSecret', { SecretId: secret }, stages);
  await deleteSecret();
  await say(
    'describe a secret that is being deleted',
    'DescribeSecret',
    { SecretId: secret },
    ({ DeletedDate }: { DeletedDate: unknown }) => typeof DeletedDate,
  );
  return answers;
}

test('the fake answers as a stand-in for AWS does', async () => {
  const invented = await conversation(
    fake.address,
    () => fake.makeSecret(secret),
    () => {
      const found = fake.secrets.get(secret);
      if (found !== undefined) fake.secrets.set(secret, { ...found, deleted: true });
    },
  );
  const truth = await conversation(
    endpoint,
    () => aws(['secretsmanager', 'create-secret', '--name', secret]),
    () => aws(['secretsmanager', 'delete-secret', '--secret-id', secret]),
  );
  expect(invented).toEqual(truth);
});
