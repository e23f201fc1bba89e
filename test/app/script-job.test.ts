import { describe, expect, test } from '@jest/globals';
import { Chart } from 'cdk8s';
import { KustomizeApp } from '../../charts';
import { IamRole } from '../../charts/app/iam-role';
import { ScriptJob, type ScriptJobProps } from '../../charts/app/script-job';
import { objectsOf } from '../support/render';

const render = (props: Partial<Omit<ScriptJobProps, 'role'>> = {}) => {
  const app = new KustomizeApp();
  const chart = new Chart(app, 'x');
  const role = new IamRole(chart, 'role', {
    aws: { accountId: '123456789012', region: 'eu-west-1' },
    role: 'job',
    serviceAccount: { namespace: 'a', name: 'vault-try' },
    statements: () => [],
  });
  new ScriptJob(chart, 'job', {
    name: 'vault-try',
    namespace: 'a',
    instance: 'vault',
    component: 'try',
    files: { 'run.sh': 'echo hello\n' },
    serviceAccount: 'vault-try',
    lease: 'vault-changes',
    role,
    ...props,
  });
  return objectsOf(app.render());
};

describe('a Job that runs a script', () => {
  const objects = render();
  const pod = objects['Job/vault-try'].spec.template.spec;

  test('mounts the script from a ConfigMap that cannot change', () => {
    expect(objects['ConfigMap/vault-try-script']).toMatchObject({ immutable: true, data: { 'run.sh': 'echo hello\n' } });
    expect(pod.volumes[0]).toEqual({
      name: 'script',
      configMap: { name: objects['ConfigMap/vault-try-script'].metadata.name, defaultMode: 0o444 },
    });
    expect(pod.containers[0].command).toEqual(['bash', '/scripts/run.sh']);
  });

  test('runs under a ServiceAccount and role of its own, without a token of the cluster', () => {
    expect(objects['ServiceAccount/vault-try']).toMatchObject({
      automountServiceAccountToken: false,
      metadata: { annotations: { 'eks.amazonaws.com/role-arn': 'arn:aws:iam::123456789012:role/job' } },
    });
    expect(pod).toMatchObject({ serviceAccountName: 'vault-try', automountServiceAccountToken: false });
  });

  test('as nobody, with nothing writable but memory', () => {
    expect(pod.securityContext).toMatchObject({ runAsNonRoot: true, runAsUser: 10001 });
    expect(pod.containers[0].securityContext).toMatchObject({
      allowPrivilegeEscalation: false,
      readOnlyRootFilesystem: true,
      capabilities: { drop: ['ALL'] },
    });
    expect(pod.volumes.find((volume: { name: string }) => volume.name === 'tmp')).toMatchObject({ emptyDir: { medium: 'Memory' } });
  });

  test.each<[string, Partial<ScriptJobProps>]>([
    ['script', { files: { 'run.sh': 'echo bye\n' } }],
    ['environment', { env: [{ name: 'X', value: 'y' }] }],
    ['image', { image: 'amazon/aws-cli:2.31.0' }],
  ])('gets a new name with a changed %s, in the same file', (_, props) => {
    const changed = render(props);
    expect(changed['Job/vault-try'].metadata.name).toMatch(/^vault-try-[0-9a-f]{10}$/);
    expect(changed['Job/vault-try'].metadata.name).not.toBe(objects['Job/vault-try'].metadata.name);
  });
});
