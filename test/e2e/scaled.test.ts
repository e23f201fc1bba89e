import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, jest, test } from '@jest/globals';
import { Custody } from '../../charts';
import { TestCa } from './support/certificates';
import { enforceIam, Installation, kubectl } from './support/cluster';
import { prepareInit, synthInit } from './support/init';
import { eventually } from './support/shell';

jest.setTimeout(10 * 60_000);

const installation = new Installation('vault-e2e-scaled');
const ca = new TestCa();

beforeAll(async () => {
  await installation.remove();
  const app = synthInit(installation, { custody: Custody.kubernetesSecret('recovery') }, { replicas: 3 });
  await enforceIam();
  await ca.create();
  await prepareInit(installation, ca, app);
});

afterAll(async () => {
  await installation.remove();
  ca.remove();
});

/** An overlay that a cluster of three nodes can take: five servers, several on a node. */
const kustomization = {
  resources: ['dist'],
  replicas: [{ name: 'vault', count: 5 }],
  patches: [
    {
      target: { kind: 'StatefulSet', name: 'vault' },
      patch: JSON.stringify([
        { op: 'remove', path: '/spec/template/spec/affinity' },
        { op: 'remove', path: '/spec/template/spec/topologySpreadConstraints' },
      ]),
    },
  ],
};

test('where an overlay has more servers than the base, the last of them can lead', async () => {
  writeFileSync(join(installation.folder, 'kustomization.yaml'), JSON.stringify(kustomization));
  await kubectl(['apply', '-k', installation.folder]);
  await installation.jobsComplete(1);
  await installation.settled(5, 180);
  await installation.kubectl(['delete', 'pods', 'vault-0', 'vault-1', 'vault-2', 'vault-3', '--wait=false']);
  await eventually('vault-4 to lead, by its own label', 60, async () => {
    const pod = await installation.get('pod', 'vault-4');
    expect(pod.metadata.labels).toMatchObject({ 'vault-active': 'true', 'vault-sealed': 'false' });
  });
  await installation.settled(5, 180);
});
