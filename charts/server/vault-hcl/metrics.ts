import type { HclBlock } from '../../app/hcl';
import { checkPeers, type NetworkPeer } from '../../app/kubernetes/network-peers';
import { type Check, integer } from '../../app/validation/check';
import type { Part } from '../../app/validation/part';
import type { KnownProps, Problems } from '../../app/validation/problems';
import { type ServerListener, tcpListener } from './listener';

/** A second listener, on which metrics need no token. */
export interface MetricsProps {
  /**
   * Its port. The port after it is bound too and admitted to nobody.
   * @default 8210
   */
  readonly port?: number;
  /**
   * Who may scrape: pods or addresses that the NetworkPolicy admits to the port.
   * @default nobody
   */
  readonly scrapers?: readonly NetworkPeer[];
}

const defaultPort = 8210;

/** The listener for metrics: the API with the same certificate, where metrics need no token. NetworkPolicy admits scrapers alone. */
export class MetricsListener implements Part {
  /** Undefined where metrics are off. */
  readonly port: number | undefined;
  readonly scrapers: readonly NetworkPeer[];

  constructor(
    private readonly props: MetricsProps | 'off' = {},
    private readonly listener: ServerListener,
  ) {
    this.port = props === 'off' ? undefined : (props.port ?? defaultPort);
    this.scrapers = props === 'off' ? [] : (props.scrapers ?? []);
  }

  validate(problems: Problems): void {
    const { props } = this;
    if (!problems.isGroup('metrics', props, 'off')) return;
    problems.checkNames('metrics', props, { port: true, scrapers: true } satisfies KnownProps<MetricsProps>);
    const taken = [this.listener.port, this.listener.clusterPort];
    const free: Check<number> = {
      ok: port => integer(1024, 65534).ok(port) && ![port, port + 1].some(number => taken.includes(number)),
      allowed: `ports from 1024 to 65534; it and the next one may not be ${taken.join(' or ')}`,
      fix: 'choose another port',
    };
    problems.check('metrics.port', this.port, free);
    checkPeers(problems, 'metrics.scrapers', props.scrapers);
  }

  blocks(): readonly HclBlock[] {
    if (this.port === undefined) return [];
    const open: HclBlock = { type: 'telemetry', body: { attributes: { unauthenticated_metrics_access: true } } };
    return [tcpListener(this.port, this.listener.sharedAttributes, [open])];
  }
}
