import { describe, expect, test } from '@jest/globals';
import type { MemoryLock } from '../../charts/server/pod/memory-lock';
import { hcl, podSpec, problems, serverObjects } from '../support/render';

describe('memoryLock', () => {
  test.each<[MemoryLock, string, string[] | undefined, boolean]>([
    ['file-capability', '/vault/bin/vault', ['IPC_LOCK'], false],
    ['image-capability', 'vault', ['IPC_LOCK'], false],
    ['node-limit', 'vault', undefined, false],
    ['off', 'vault', undefined, true],
  ])('%s runs %s, adds %j, and says disable_mlock = %s', (memoryLock, binary, added, disabled) => {
    const props = { memoryLock, images: { vault: { repository: 'registry.example.com/vault' } } };
    const vault = podSpec(props).containers[0];
    expect(vault.command[0]).toBe(binary);
    expect(vault.securityContext.capabilities.add).toEqual(added);
    expect(hcl(props)).toContain(`disable_mlock = ${disabled}\n`);
  });

  test('file-capability copies the binary to memory, where file capabilities count on every node', () => {
    const pod = podSpec();
    expect(pod.initContainers.map(({ name, image, command }: Record<string, unknown>) => ({ name, image, command }))).toEqual([
      { name: 'copy-vault', image: 'hashicorp/vault:1.21.7', command: ['cp', '/bin/vault', '/vault/bin/vault'] },
      { name: 'lock-memory', image: 'amazon/aws-cli:2.35.9', command: ['bash', '/vault/config/lock-memory.sh', '/vault/bin'] },
    ]);
    expect(pod.volumes).toContainEqual({ name: 'vault-binary', emptyDir: { medium: 'Memory', sizeLimit: '1Gi' } });
  });

  test('without file-capability there are no init containers', () => {
    expect(podSpec({ memoryLock: 'off' }).initContainers).toBeUndefined();
    expect(serverObjects({ memoryLock: 'off' })['ConfigMap/vault-config'].data['lock-memory.sh']).toBeUndefined();
  });

  test.each<[MemoryLock, string]>([
    ['file-capability', 'privileged'],
    ['node-limit', 'restricted'],
    ['off', 'restricted'],
  ])('with %s a namespace that the chart makes enforces Pod Security %s, and speaks of what breaks restricted', (memoryLock, level) => {
    expect(serverObjects({ memoryLock, createNamespace: true })['Namespace/vault'].metadata.labels).toEqual({
      'pod-security.kubernetes.io/enforce': level,
      'pod-security.kubernetes.io/audit': 'restricted',
      'pod-security.kubernetes.io/warn': 'restricted',
    });
  });

  test('what the image cannot do is refused', () => {
    expect(problems({ memoryLock: 'image-capability' })).toEqual([
      '[vault] memoryLock: got "image-capability"; allowed: only with an image of yours whose vault binary carries cap_ipc_lock; set images.vault.repository, or use "file-capability": no supported tag of hashicorp/vault carries it',
    ]);
  });

  test('locked memory needs a request to match', () => {
    const amounts = { cpu: '1', memory: '256Mi', ephemeralStorage: '1Gi' };
    const resources = { requests: amounts, limits: amounts };
    expect(problems({ resources })).toEqual([
      '[vault] resources.requests.memory: got "256Mi"; allowed: 450M or more with memoryLock "file-capability"; locked memory is resident from the start: request 1Gi, or set memoryLock "off"',
    ]);
    expect(problems({ resources, memoryLock: 'off' })).toEqual([]);
  });
});
