import type { k8s } from '../../../imports';
import { attributesOf, type HclBlock } from '../../app/hcl';
import { ports } from '../../app/kubernetes/network-policy';
import { omitUndefined } from '../../app/kubernetes/omit-undefined';
import { hostPortCheck } from '../../app/validation/addresses';
import { booleanCheck, type Checks, integer, listOf, matching, textCheck } from '../../app/validation/check';
import { durationCheck } from '../../app/validation/durations';
import type { Part } from '../../app/validation/part';
import type { Problems } from '../../app/validation/problems';

/** The `telemetry` stanza, in the terms of Vault's documentation ("telemetry stanza"). */
export interface TelemetryProps {
  /**
   * How long Prometheus metrics are kept in memory; "0s" turns them off.
   * @default "24h"
   */
  readonly prometheusRetentionTime?: string;
  /**
   * Whether gauges come without the host's name before theirs.
   * @default true
   */
  readonly disableHostname?: boolean;
  /**
   * Whether the host's name is a label instead.
   * @default false (Vault's)
   */
  readonly enableHostnameLabel?: boolean;
  /**
   * What all names begin with.
   * @default "vault" (Vault's)
   */
  readonly metricsPrefix?: string;
  /**
   * How often expensive usage gauges are collected; "0" turns them off.
   * @default "10m" (Vault's)
   */
  readonly usageGaugePeriod?: string;
  /**
   * Largest number of label values of a usage gauge.
   * @default 500 (Vault's)
   */
  readonly maximumGaugeCardinality?: number;
  /**
   * Width of the buckets of lease expiry.
   * @default "1h" (Vault's)
   */
  readonly leaseMetricsEpsilon?: string;
  /**
   * Number of the buckets of lease expiry.
   * @default 168 (Vault's)
   */
  readonly numLeaseMetricsBuckets?: number;
  /**
   * Whether lease metrics carry the namespace.
   * @default false (Vault's)
   */
  readonly addLeaseMetricsNamespaceLabels?: boolean;
  /**
   * Whether metrics that no prefix filter names are kept.
   * @default true (Vault's)
   */
  readonly filterDefault?: boolean;
  /**
   * Prefixes to keep ("+vault.token") or to drop ("-vault.expire").
   * @default none
   */
  readonly prefixFilter?: readonly string[];
  /**
   * Address of a statsd server, host:port.
   * @default none
   */
  readonly statsdAddress?: string;
  /**
   * Address of a statsite server, host:port.
   * @default none
   */
  readonly statsiteAddress?: string;
  /**
   * Address of a DogStatsD server, host:port.
   * @default none
   */
  readonly dogstatsdAddr?: string;
  /**
   * Tags for DogStatsD, "key:value".
   * @default none
   */
  readonly dogstatsdTags?: readonly string[];
}

const checks: Checks<TelemetryProps> = {
  prometheusRetentionTime: durationCheck,
  disableHostname: booleanCheck,
  enableHostnameLabel: booleanCheck,
  metricsPrefix: textCheck,
  usageGaugePeriod: durationCheck,
  maximumGaugeCardinality: integer(1),
  leaseMetricsEpsilon: durationCheck,
  numLeaseMetricsBuckets: integer(1),
  addLeaseMetricsNamespaceLabels: booleanCheck,
  filterDefault: booleanCheck,
  prefixFilter: listOf(matching(/^[+-][\w.*-]+$/, '"+" or "-" and a prefix', 'write for example "+vault.token"')),
  statsdAddress: hostPortCheck,
  statsiteAddress: hostPortCheck,
  dogstatsdAddr: hostPortCheck,
  dogstatsdTags: listOf(textCheck),
};

const defaults: TelemetryProps = { prometheusRetentionTime: '24h', disableHostname: true };

/** What is measured, and where it is pushed. */
export class Telemetry implements Part {
  constructor(private readonly props: TelemetryProps = {}) {}

  validate(problems: Problems): void {
    problems.checkAll('telemetry', this.props, checks);
  }

  block(): HclBlock {
    return { type: 'telemetry', body: { attributes: attributesOf({ ...defaults, ...omitUndefined(this.props) }, checks) } };
  }

  /** The ports of the servers that metrics are pushed to: statsd and DogStatsD over UDP, statsite over TCP. */
  get ports(): readonly k8s.NetworkPolicyPort[] {
    const { statsdAddress, dogstatsdAddr, statsiteAddress } = this.props;
    const numbers = (...addresses: readonly (string | undefined)[]): number[] =>
      addresses.flatMap(address => (address === undefined ? [] : [Number(address.split(':')[1])]));
    return [...ports([...new Set(numbers(statsdAddress, dogstatsdAddr))], 'UDP'), ...ports(numbers(statsiteAddress))];
  }
}
