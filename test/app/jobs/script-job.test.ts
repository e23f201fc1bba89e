import { describe, expect, test } from '@jest/globals';
import { Chart } from 'cdk8s';
import { type ImagesProps, KustomizeApp, VaultServer } from '../../../charts';
import { IamRole } from '../../../charts/app/aws/iam-role';
import type { JobComponent } from '../../../charts/app/jobs/job-name';
import { Outbound } from '../../../charts/app/jobs/outbound';
import { programFiles } from '../../../charts/app/jobs/program';
import { type JobSchedule, ScriptJob, type ScriptJobProps } from '../../../charts/app/jobs/script-job';
import { ContainerResources } from '../../../charts/app/kubernetes/resources';
import { schemaErrors } from '../../support/cluster-rules';
import { objectsOf } from '../../support/render';

const amounts = { cpu: '1', memory: '128Mi', ephemeralStorage: '64Mi' };

const render = (props: Partial<Omit<ScriptJobProps, 'role'>> = {}, schedule?: JobSchedule, images: ImagesProps = {}) => {
  const app = new KustomizeApp();
  const chart = new Chart(app, 'x');
  const vault = VaultServer.fromVaultServerAttributes(chart, 'vault', {
    name: 'vault',
    namespace: 'a',
    aws: { accountId: '123456789012', region: 'eu-west-1' },
    selector: { app: 'vault' },
    services: { active: 'vault-active', internal: 'vault-internal' },
    tlsSecretName: 'vault-tls',
    serviceAccountName: 'vault',
    images,
  });
  const role = new IamRole(chart, 'role', {
    aws: { accountId: '123456789012', region: 'eu-west-1' },
    role: 'job',
    serviceAccount: { namespace: 'a', name: 'vault-try' },
    statements: () => [],
  });
  const job = new ScriptJob(chart, 'job', {
    vault,
    component: 'try' as JobComponent,
    entry: 'app/jobs/runtime/aws.mts',
    plan: { hello: 'world' },
    serviceAccount: 'vault-try',
    resources: new ContainerResources({ requests: amounts, limits: amounts }),
    role,
    ...props,
  });
  job.runAtOnce();
  if (schedule !== undefined) job.addSchedule(schedule);
  return objectsOf(app.render());
};

describe('a Job that runs a program', () => {
  const objects = render();
  const pod = objects['Job/vault-try'].spec.template.spec;

  test('mounts the source that reviewers read, in its folders, from a ConfigMap that cannot change', () => {
    const program = objects['ConfigMap/vault-try-program'];
    expect(program).toMatchObject({ immutable: true, data: { 'plan.json': '{\n "hello": "world"\n}\n' } });
    expect(program.data['app.jobs.runtime.aws.mts']).toContain('AssumeRoleWithWebIdentity');
    const [volume] = pod.volumes;
    expect(volume.configMap.name).toBe(program.metadata.name);
    expect(volume.configMap.items).toContainEqual({ key: 'app.jobs.runtime.aws.mts', path: 'app/jobs/runtime/aws.mts' });
    expect(pod.containers[0].command).toEqual(['node', '--use-system-ca', '/program/app/jobs/runtime/aws.mts']);
  });

  test('takes along what it imports, a package with its licence, and no more', () => {
    expect(Object.keys(programFiles('app/jobs/runtime/aws.mts'))).toEqual([
      'app/jobs/runtime/aws.mts',
      'app/jobs/runtime/https.mts',
      'app/jobs/runtime/service-account-token.mts',
      'app/jobs/runtime/shape.mts',
      'app/jobs/runtime/wait.mts',
      'node_modules/aws4fetch/LICENSE',
      'node_modules/aws4fetch/dist/aws4fetch.esm.mjs',
      'node_modules/aws4fetch/package.json',
    ]);
  });

  test('runs under a ServiceAccount and role of its own, without a token of the cluster', () => {
    expect(objects['ServiceAccount/vault-try']).toMatchObject({
      automountServiceAccountToken: false,
      metadata: { annotations: { 'eks.amazonaws.com/role-arn': 'arn:aws:iam::123456789012:role/job' } },
    });
    expect(pod).toMatchObject({ serviceAccountName: 'vault-try', automountServiceAccountToken: false });
  });

  test('as nobody, with nothing writable', () => {
    expect(pod.securityContext).toMatchObject({ runAsNonRoot: true, runAsUser: 10001 });
    expect(pod.containers[0].securityContext).toMatchObject({
      allowPrivilegeEscalation: false,
      readOnlyRootFilesystem: true,
      capabilities: { drop: ['ALL'] },
    });
    expect(pod.volumes.filter((volume: { emptyDir?: object }) => volume.emptyDir !== undefined)).toEqual([]);
  });

  test('knows the Job that its pod belongs to', () => {
    expect(pod.containers[0].env.slice(2, 4)).toEqual([
      { name: 'JOB_NAME', valueFrom: { fieldRef: { apiVersion: 'v1', fieldPath: "metadata.labels['batch.kubernetes.io/job-name']" } } },
      {
        name: 'JOB_UID',
        valueFrom: { fieldRef: { apiVersion: 'v1', fieldPath: "metadata.labels['batch.kubernetes.io/controller-uid']" } },
      },
    ]);
  });

  test.each<[string, Parameters<typeof render>]>([
    ['plan', [{ plan: {} }]],
    ['environment', [{ env: [{ name: 'X', value: 'y' }] }]],
    ['image', [{}, undefined, { node: { tag: '24.20.0-slim' } }]],
  ])('gets a new name with a changed %s, in the same file', (_, change) => {
    const changed = render(...change);
    expect(changed['Job/vault-try'].metadata.name).toMatch(/^vault-try-[0-9a-f]{10}$/);
    expect(changed['Job/vault-try'].metadata.name).not.toBe(objects['Job/vault-try'].metadata.name);
  });
});

describe('the way out to AWS', () => {
  const objects = render({
    outbound: new Outbound({ proxy: 'http://proxy.example.com:3128', ca: { configMap: 'company-ca', key: 'roots.pem' } }),
  });
  const pod = objects['Job/vault-try'].spec.template.spec;

  test('through a proxy, with a company’s authorities', () => {
    const env = Object.fromEntries(pod.containers[0].env.map(({ name, value }: { name: string; value: string }) => [name, value]));
    expect(env).toMatchObject({
      HTTPS_PROXY: 'http://proxy.example.com:3128',
      NODE_USE_ENV_PROXY: '1',
      NODE_EXTRA_CA_CERTS: '/outbound-ca/ca.crt',
    });
    expect(pod.volumes).toContainEqual({
      name: 'outbound-ca',
      configMap: { name: 'company-ca', items: [{ key: 'roots.pem', path: 'ca.crt' }] },
    });
  });
});

test('a CronJob of the same pod, with what it is told besides', () => {
  const env = [{ name: 'MODE', value: 'apply' }];
  const objects = render(
    { env },
    {
      name: 'vault-try-drift',
      times: { cron: '0 3 * * *', timeZone: 'Etc/UTC' },
      env: [{ name: 'MODE', value: 'report' }],
      backoffLimit: 0,
    },
  );
  const cronJob = objects['CronJob/vault-try-drift'];
  expect(cronJob.spec).toMatchObject({ schedule: '0 3 * * *', timeZone: 'Etc/UTC', concurrencyPolicy: 'Forbid' });
  const { template } = cronJob.spec.jobTemplate.spec;
  const once = objects['Job/vault-try'].spec.template;
  expect(template.spec.containers[0].env).toEqual(
    once.spec.containers[0].env.map((variable: { name: string }) =>
      variable.name === 'MODE' ? { name: 'MODE', value: 'report' } : variable,
    ),
  );
  // what is not tried again keeps its pod, and what that said
  expect({ ...template.spec, containers: [] }).toEqual({ ...once.spec, containers: [], restartPolicy: 'Never' });
  expect(schemaErrors(cronJob)).toEqual([]);
});

describe('more than a ConfigMap holds', () => {
  const data = Object.fromEntries(Array.from({ length: 5 }, (_, index) => [`operations/${index}.json`, '"'.repeat(50_000)]));
  const objects = render({ data });

  test('lies in several, each small enough for kubectl apply', () => {
    const configMaps = Object.values(objects).filter(({ kind }) => kind === 'ConfigMap');
    expect(configMaps.length).toBeGreaterThan(2);
    // kubectl keeps the object in an annotation, and Kubernetes allows 262,144 bytes of those
    for (const configMap of configMaps) expect(JSON.stringify(configMap).length).toBeLessThan(262_144);
  });

  test('is in the pod as one folder', () => {
    const volume = objects['Job/vault-try'].spec.template.spec.volumes.find(({ name }: { name: string }) => name === 'program');
    const paths = volume.projected.sources.flatMap(({ configMap }: { configMap: { items: { path: string }[] } }) =>
      configMap.items.map(({ path }) => path),
    );
    expect(paths).toEqual(expect.arrayContaining(['plan.json', ...Object.keys(data)]));
    expect(schemaErrors(objects['Job/vault-try'])).toEqual([]);
  });
});
