import { expect } from '@jest/globals';
import { type Installation, isReady } from './cluster';
import { eventually, type Result } from './shell';

/** A pod that calls AWS as a ServiceAccount of the installation. */
export class AwsPod {
  private readonly name: string;

  constructor(
    private readonly installation: Installation,
    private readonly serviceAccount: string,
  ) {
    this.name = `aws-as-${serviceAccount}`;
  }

  async create(): Promise<void> {
    const container = { name: 'aws', image: 'amazon/aws-cli:2.35.9', imagePullPolicy: 'IfNotPresent', command: ['sleep', 'infinity'] };
    const spec = {
      containers: [container],
      enableServiceLinks: false,
      serviceAccountName: this.serviceAccount,
      terminationGracePeriodSeconds: 0,
    };
    const pod = { apiVersion: 'v1', kind: 'Pod', metadata: { name: this.name }, spec };
    await this.installation.kubectl(['apply', '-f', '-'], { input: JSON.stringify(pod) });
    await eventually(`${this.name} to run`, 60, async () => expect(isReady(await this.installation.get('pod', this.name))).toBe(true));
  }

  aws(...args: string[]): Promise<Result> {
    const region = this.installation.props.aws.region;
    return this.installation.kubectl(['exec', this.name, '--', 'aws', ...args, '--region', region], { accept: [0, 254, 255] });
  }

  async allowed(...args: string[]): Promise<void> {
    expect(await this.aws(...args)).toMatchObject({ status: 0 });
  }

  async denied(...args: string[]): Promise<void> {
    const { status, stderr } = await this.aws(...args);
    expect([args, status === 0 ? 'allowed' : stderr]).toEqual([args, expect.stringContaining('AccessDenied')]);
  }
}
