import { get, isReady, kubectl, kubectlCommand } from './cluster';
import { background, endWithInput, eventually, type Result } from './shell';

const image = 'amazon/aws-cli:2.35.9';

/** A pod with curl, in a namespace of its own, that trusts the test's CA. */
export class ClientPod {
  constructor(
    readonly namespace: string,
    readonly name: string,
    private readonly labels: Readonly<Record<string, string>>,
    private readonly node?: string,
  ) {}

  async create(): Promise<void> {
    const manifest = {
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { name: this.name, namespace: this.namespace, labels: this.labels },
      spec: {
        ...(this.node === undefined ? {} : { nodeName: this.node }),
        containers: [
          {
            name: 'client',
            image,
            imagePullPolicy: 'IfNotPresent',
            command: ['sleep', 'infinity'],
            volumeMounts: [{ name: 'ca', mountPath: '/ca' }],
          },
        ],
        enableServiceLinks: false,
        terminationGracePeriodSeconds: 0,
        volumes: [{ name: 'ca', configMap: { name: 'ca' } }],
      },
    };
    await kubectl(['apply', '-f', '-'], { input: JSON.stringify(manifest) });
    await eventually(`pod ${this.name} to run`, 60, async () => {
      const pod = await get('pod', '-n', this.namespace, this.name);
      if (!isReady(pod)) throw new Error(pod.status.phase);
    });
  }

  /** One request with verified TLS; what curl said, whatever it was. */
  curl(url: string, ...options: string[]): Promise<Result> {
    const args = [
      'exec',
      '-n',
      this.namespace,
      this.name,
      '--',
      'curl',
      '--silent',
      '--show-error',
      '--max-time',
      '5',
      '--cacert',
      '/ca/ca.crt',
      ...options,
      url,
    ];
    return kubectl(args, { accept: Array.from({ length: 100 }, (_, code) => code) });
  }

  /** Reads a URL with a token, over verified TLS. The token goes over standard input. */
  async read(url: string, token: string): Promise<string> {
    const script = `read -r token; curl --silent --show-error --fail --max-time 5 --cacert /ca/ca.crt --config <(printf 'header = "X-Vault-Token: %s"' "$token") "$1"`;
    return (
      await kubectl(['exec', '-i', '-n', this.namespace, this.name, '--', 'bash', '-c', script, 'bash', url], { input: `${token}\n` })
    ).stdout;
  }

  /** Reads a URL every 50 ms while some work is done, each read on a connection of its own. The token goes over standard input. */
  async readWhile(url: string, token: string, work: () => Promise<void>, timeout = 2): Promise<ReadLog> {
    const script = `read -r token
${endWithInput}
while :; do
  status=$(curl --silent --max-time ${timeout} --cacert /ca/ca.crt --config <(printf 'header = "X-Vault-Token: %s"' "$token") --output /dev/null --write-out '%{http_code}' "$1")
  echo "$(date +%s%3N) $status"
  sleep 0.05
done`;
    const reading = background(
      [...kubectlCommand, 'exec', '-i', '-n', this.namespace, this.name, '--', 'bash', '-c', script, 'bash', url],
      `${token}\n`,
    );
    try {
      await work();
    } finally {
      await reading.stop();
    }
    return new ReadLog(reading.lines);
  }
}

/** A pod that says hello to everybody on port 9999. */
export class EchoPod {
  constructor(
    readonly namespace: string,
    readonly name: string,
  ) {}

  async create(): Promise<void> {
    const container = {
      name: 'echo',
      image: 'hashicorp/vault:1.21.7',
      imagePullPolicy: 'IfNotPresent',
      command: ['sh', '-c', 'while :; do echo hello | nc -l -p 9999; done'],
    };
    const manifest = {
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { name: this.name, namespace: this.namespace },
      spec: { containers: [container], enableServiceLinks: false, terminationGracePeriodSeconds: 0 },
    };
    await kubectl(['apply', '-f', '-'], { input: JSON.stringify(manifest) });
  }

  /** Its IP address, once it has one. */
  address(): Promise<string> {
    return eventually(`pod ${this.name} to run`, 60, async () => {
      const pod = await get('pod', '-n', this.namespace, this.name);
      if (!isReady(pod)) throw new Error(pod.status.phase);
      return pod.status.podIP;
    });
  }
}

/** What came of continuous reading. */
export class ReadLog {
  readonly total: number;
  readonly failed: number;
  /** The longest time without a read that succeeded, in milliseconds, up to the last read. */
  readonly longestGap: number;
  /** Whether the last second of reads succeeded. */
  readonly endsWell: boolean;
  private readonly reads: readonly { readonly time: number; readonly ok: boolean }[];

  constructor(lines: readonly string[]) {
    const reads = lines.map(line => line.split(' ')).map(([time, status]) => ({ time: Number(time), ok: status === '200' }));
    this.reads = reads;
    const failed = reads.filter(({ ok }) => !ok);
    const [first, last] = [reads[0]?.time ?? 0, reads.at(-1)?.time ?? 0];
    const ends = [first, ...reads.filter(({ ok }) => ok).map(({ time }) => time), last];
    this.total = reads.length;
    this.failed = failed.length;
    this.longestGap = Math.max(...ends.map((time, index) => time - (ends[index - 1] ?? time)));
    this.endsWell = reads.length > 0 && failed.every(({ time }) => time < last - 1000);
  }

  /** The share of reads that succeeded in each second after a moment. */
  ratesSince(moment: number): readonly number[] {
    const after = this.reads.filter(({ time }) => time >= moment);
    const seconds = Math.floor(((after.at(-1)?.time ?? moment) - moment) / 1000);
    return Array.from({ length: seconds }, (_, second) => {
      const within = after.filter(({ time }) => Math.floor((time - moment) / 1000) === second);
      return within.length === 0 ? 0 : within.filter(({ ok }) => ok).length / within.length;
    });
  }

  /** Milliseconds from a moment to the first of so many reads in a row that succeed; NaN if there are none. */
  steadySince(moment: number, count: number): number {
    const after = this.reads.filter(({ time }) => time >= moment);
    const first = after.findIndex(
      (_, index) =>
        index + count <= after.length &&
        after.slice(index, index + count).every(({ ok }) => ok) &&
        after.slice(0, index + 1).some(({ ok }) => !ok),
    );
    return first < 0 ? Number.NaN : (after[first]?.time ?? Number.NaN) - moment;
  }

  toString(): string {
    return `${this.total} reads, ${this.failed} failed, longest gap ${(this.longestGap / 1000).toFixed(1)} s`;
  }
}
