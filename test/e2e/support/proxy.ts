import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { OutboundProps } from '../../../charts';
import { Images } from '../../../charts/app/kubernetes/images';
import type { TestCa } from './certificates';
import { type Installation, isReady, kubectl, region } from './cluster';
import { eventually } from './shell';

/** A proxy in the cluster that opens TLS to some of AWS's services, with certificates of the company's authority. */
export class InterceptingProxy {
  /** How a Job calls AWS through it. */
  readonly outbound: OutboundProps;

  constructor(
    private readonly installation: Installation,
    private readonly services: readonly string[],
  ) {
    this.outbound = { proxy: `http://proxy.${installation.namespace}.svc:3128`, ca: { configMap: 'company-ca' } };
  }

  get hosts(): readonly string[] {
    return this.services.map(service => `${service}.${region}.amazonaws.com`);
  }

  /** Starts it, and puts its authority into a ConfigMap; with `throttle` it refuses the first call of each action, and every so many-th. */
  async start(ca: TestCa, throttle = 0): Promise<void> {
    const { namespace } = this.installation;
    await kubectl(['apply', '-f', '-'], { input: await ca.secret('proxy-tls', namespace, this.hosts) });
    const container = {
      name: 'proxy',
      ...new Images().node,
      command: ['node', '--use-system-ca', '/program/proxy.mts'],
      env: [{ name: 'THROTTLE', value: String(throttle) }],
      readinessProbe: { tcpSocket: { port: 3128 } },
      volumeMounts: [
        { name: 'program', mountPath: '/program' },
        { name: 'tls', mountPath: '/tls' },
      ],
    };
    const volumes = [
      { name: 'program', configMap: { name: 'proxy' } },
      { name: 'tls', secret: { secretName: 'proxy-tls' } },
    ];
    const metadata = { name: 'proxy', namespace, labels: { app: 'proxy' } };
    const program = readFileSync(join(__dirname, 'intercepting-proxy.mts'), 'utf8');
    const ports = [3128, 443].map(port => ({ name: `p${port}`, port }));
    const objects = [
      { apiVersion: 'v1', kind: 'ConfigMap', metadata, data: { 'proxy.mts': program } },
      { apiVersion: 'v1', kind: 'ConfigMap', metadata: { ...metadata, name: 'company-ca' }, data: { 'ca.crt': ca.certificate } },
      { apiVersion: 'v1', kind: 'Pod', metadata, spec: { containers: [container], volumes } },
      { apiVersion: 'v1', kind: 'Service', metadata, spec: { selector: { app: 'proxy' }, ports } },
    ];
    await kubectl(['apply', '-f', '-'], { input: JSON.stringify({ apiVersion: 'v1', kind: 'List', items: objects }) });
    await eventually('the proxy to run', 60, async () => {
      const pod = await this.installation.get('pod', 'proxy');
      if (!isReady(pod)) throw new Error(pod.status.phase);
    });
  }

  /** The address of its Service. */
  async address(): Promise<string> {
    return (await this.installation.get('service', 'proxy')).spec.clusterIP;
  }

  async printed(): Promise<readonly string[]> {
    return (await this.installation.kubectl(['logs', 'proxy'])).stdout.trim().split('\n');
  }
}
