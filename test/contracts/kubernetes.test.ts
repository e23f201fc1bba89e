import { afterAll, beforeAll, expect, jest, test } from '@jest/globals';
import { kubectl } from '../e2e/support/cluster';
import { FakeKubernetes } from '../support/fakes/fake-kubernetes';
import { type Answered, ask, HttpsServer, required } from './support';

jest.setTimeout(120_000);

const namespace = 'vault-e2e-contracts';
const account = 'program';
const fake = new FakeKubernetes();
let token: string;
let ca: string;
let address: string;

beforeAll(async () => {
  address = required('KUBERNETES_SERVER', 'the address of the API server, such as https://10.0.0.1, beside KUBECTL');
  await fake.listen();
  await kubectl(['create', 'namespace', namespace]);
  const metadata = { name: account, namespace };
  const rules = [
    { apiGroups: ['coordination.k8s.io'], resources: ['leases'], verbs: ['get', 'create', 'update'] },
    { apiGroups: ['policy'], resources: ['poddisruptionbudgets'], verbs: ['get', 'create', 'delete'] },
    { apiGroups: [''], resources: ['secrets'], verbs: ['create'] },
  ];
  const roleRef = { apiGroup: 'rbac.authorization.k8s.io', kind: 'Role', name: account };
  for (const object of [
    { apiVersion: 'v1', kind: 'ServiceAccount', metadata },
    { apiVersion: 'rbac.authorization.k8s.io/v1', kind: 'Role', metadata, rules },
    {
      apiVersion: 'rbac.authorization.k8s.io/v1',
      kind: 'RoleBinding',
      metadata,
      roleRef,
      subjects: [{ kind: 'ServiceAccount', name: account }],
    },
  ])
    await kubectl(['apply', '-f', '-'], { input: JSON.stringify(object) });
  token = (await kubectl(['-n', namespace, 'create', 'token', account])).stdout.trim();
  ca = JSON.parse((await kubectl(['-n', namespace, 'get', 'configmap', 'kube-root-ca.crt', '-o', 'json'])).stdout).data['ca.crt'];
});

afterAll(async () => {
  fake.close();
  await kubectl(['delete', 'namespace', namespace, '--ignore-not-found', '--timeout=60s']);
});

/** Everything that programs ask of the API server, and what it is answered. */
async function conversation(server: HttpsServer) {
  const answers: Record<string, Answered> = {};
  const say = async (what: string, method: string, path: string, body?: object, fields?: (body: never) => unknown) => {
    const [api, ...rest] = path.split(' ');
    const answer = await ask(server, method, `/${api}/namespaces/${namespace}/${rest.join('')}`, {
      headers: { authorization: `Bearer ${token}` },
      ...(body === undefined ? {} : { body }),
    });
    const { reason } = answer.body;
    answers[what] = {
      status: answer.status,
      ...(reason === undefined ? {} : { words: reason }),
      ...(fields === undefined ? {} : { fields: fields(answer.body as never) }),
    };
    return answer.body;
  };
  const leases = 'apis/coordination.k8s.io/v1';
  const lease = (holderIdentity: string, resourceVersion?: string) => ({
    apiVersion: 'coordination.k8s.io/v1',
    kind: 'Lease',
    metadata: { name: 'changes', annotations: { 'cdk8s-vault/x': 'y' }, ...(resourceVersion === undefined ? {} : { resourceVersion }) },
    spec: { holderIdentity, leaseDurationSeconds: 30, renewTime: '2026-01-01T00:00:00.000000Z' },
  });
  const held = ({ spec, metadata }: { spec: object; metadata: { annotations: object } }) => [spec, metadata.annotations];
  await say('read a Lease that is not there', 'GET', `${leases} leases/changes`);
  const { metadata } = await say('create it', 'POST', `${leases} leases`, lease('a'), held);
  await say('create it again', 'POST', `${leases} leases`, lease('b'));
  await say('update it', 'PUT', `${leases} leases/changes`, lease('b', metadata.resourceVersion), held);
  await say('update what another changed', 'PUT', `${leases} leases/changes`, lease('c', metadata.resourceVersion));
  await say('read it', 'GET', `${leases} leases/changes`, undefined, held);
  const secret = { apiVersion: 'v1', kind: 'Secret', immutable: true, metadata: { name: 'recovery' }, stringData: { 'answer.json': '{}' } };
  await say('try to create a Secret', 'POST', 'api/v1 secrets?dryRun=All', secret);
  await say('create it after the trial', 'POST', 'api/v1 secrets', secret);
  await say('try to create it once more', 'POST', 'api/v1 secrets?dryRun=All', secret);
  await say('create it once more', 'POST', 'api/v1 secrets', secret);
  const budgets = 'apis/policy/v1';
  const owner = { apiVersion: 'batch/v1', kind: 'Job', name: 'x', uid: 'b0c1d2e3-0000-0000-0000-000000000000' };
  const budget = (name: string, more: object = {}) => ({
    apiVersion: 'policy/v1',
    kind: 'PodDisruptionBudget',
    metadata: { name, ...more },
    spec: { minAvailable: 1, selector: { matchLabels: { a: 'b' } } },
  });
  await say('read a budget that is not there', 'GET', `${budgets} poddisruptionbudgets/x`);
  await say('create a budget', 'POST', `${budgets} poddisruptionbudgets`, budget('x'));
  await say('create it where it is', 'POST', `${budgets} poddisruptionbudgets`, budget('x'));
  const found = await say(
    'read a budget',
    'GET',
    `${budgets} poddisruptionbudgets/x`,
    undefined,
    (body: never) => typeof (body as { metadata: { uid: string } }).metadata.uid,
  );
  await say('delete another than meant', 'DELETE', `${budgets} poddisruptionbudgets/x`, { preconditions: { uid: owner.uid } });
  await say('delete it', 'DELETE', `${budgets} poddisruptionbudgets/x`, { preconditions: { uid: found.metadata.uid } });
  await say('delete it again', 'DELETE', `${budgets} poddisruptionbudgets/x`, {});
  const { metadata: owned } = await say(
    'create one with an owner',
    'POST',
    `${budgets} poddisruptionbudgets`,
    budget('y', { ownerReferences: [owner] }),
  );
  expect(owned.ownerReferences).toEqual([owner]);
  return answers;
}

test('the fake answers as a real API server does', async () => {
  const invented = await conversation(new HttpsServer(fake.address, fake.certificate));
  expect(invented).toEqual(await conversation(new HttpsServer(address, ca)));
});
