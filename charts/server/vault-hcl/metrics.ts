import { type Check, integer } from '../../app/validation/check';
import type { KnownProps, Problems } from '../../app/validation/problems';
import { checkPeers, type NetworkPeer } from '../network';
import type { ServerListener } from './listener';

/** A second listener, on which metrics need no token. */
export interface MetricsProps {
  /**
   * Its port. The port after it is bound too and admitted to nobody.
   * @default 8210
   */
  readonly port?: number;
  /**
   * Who may scrape.
   * @default nobody
   */
  readonly scrapers?: readonly NetworkPeer[];
}

export const defaultMetricsPort = 8210;

export function checkMetrics(problems: Problems, props: MetricsProps, listener: ServerListener): void {
  problems.checkNames('metrics', props, { port: true, scrapers: true } satisfies KnownProps<MetricsProps>);
  const taken = [listener.port, listener.clusterPort];
  const free: Check<number> = {
    ok: port => integer(1024, 65534).ok(port) && ![port, port + 1].some(number => taken.includes(number)),
    allowed: `ports from 1024 to 65534; it and the next one may not be ${taken.join(' or ')}`,
    fix: 'choose another port',
  };
  problems.check('metrics.port', props.port ?? defaultMetricsPort, free);
  checkPeers(problems, 'metrics.scrapers', props.scrapers);
}
