import { k8s } from '../../../imports';
import { omitUndefined } from '../../app/kubernetes/omit-undefined';
import { type Checks, integer } from '../../app/validation/check';
import type { Part } from '../../app/validation/part';
import type { KnownProps, Problems } from '../../app/validation/problems';

/** How often kubelet asks, and how patiently. */
export interface ProbeTimings {
  /**
   * Seconds before the first probe.
   * @default 0 (Kubernetes')
   */
  readonly initialDelaySeconds?: number;
  /**
   * Seconds between probes.
   * @default startup 5, liveness 10, readiness 5
   */
  readonly periodSeconds?: number;
  /**
   * Seconds to wait for an answer.
   * @default startup 5, liveness 10, readiness 5
   */
  readonly timeoutSeconds?: number;
  /**
   * Failures in a row that count.
   * @default startup 60, liveness 12, readiness 2
   */
  readonly failureThreshold?: number;
}

/** The three questions that kubelet asks a server. */
export interface ProbesProps {
  /**
   * How long a server may take to answer at all.
   * @default 5 minutes in all
   */
  readonly startup?: ProbeTimings;
  /**
   * When a server that does not answer is restarted. A sealed one is not: a restart does not help it.
   * @default after 2 minutes
   */
  readonly liveness?: ProbeTimings;
  /**
   * When a server leaves the Services: sealed, not initialised, or cut off from the active one.
   * @default after 10 seconds
   */
  readonly readiness?: ProbeTimings;
}

const defaults = {
  startup: { periodSeconds: 5, timeoutSeconds: 5, failureThreshold: 60 },
  // a new leader holds the lock that health takes while it unseals: be patient
  liveness: { periodSeconds: 10, timeoutSeconds: 10, failureThreshold: 12 },
  readiness: { periodSeconds: 5, timeoutSeconds: 5, failureThreshold: 2 },
} as const;

/** Vault API documentation, "/sys/health": which states count as well for each question. */
const paths = {
  startup: '/v1/sys/health?standbyok=true&perfstandbyok=true&sealedcode=200&uninitcode=200&haunhealthycode=200',
  liveness:
    '/v1/sys/health?standbyok=true&perfstandbyok=true&sealedcode=200&uninitcode=200&haunhealthycode=200&removedcode=200&drsecondarycode=200',
  readiness: '/v1/sys/health?standbyok=true&perfstandbyok=true',
} as const;

const checks: Checks<ProbeTimings> = {
  initialDelaySeconds: integer(0),
  periodSeconds: integer(1),
  timeoutSeconds: integer(1),
  failureThreshold: integer(1),
};

/** The probes of the server's container. */
export class Probes implements Part {
  constructor(private readonly props: ProbesProps = {}) {}

  validate(problems: Problems): void {
    const { props } = this;
    problems.checkNames('probes', props, { startup: true, liveness: true, readiness: true } satisfies KnownProps<ProbesProps>);
    for (const name of ['startup', 'liveness', 'readiness'] as const) problems.checkAll(`probes.${name}`, props[name], checks);
  }

  /** Kubelet asks over HTTPS by itself: no shell and no CLI in the container. */
  ofContainer(port: number): Pick<k8s.Container, 'startupProbe' | 'livenessProbe' | 'readinessProbe'> {
    const probe = (name: keyof ProbesProps): k8s.Probe => ({
      httpGet: { path: paths[name], port: k8s.IntOrString.fromNumber(port), scheme: 'HTTPS' },
      ...defaults[name],
      ...omitUndefined(this.props[name] ?? {}),
    });
    return { startupProbe: probe('startup'), livenessProbe: probe('liveness'), readinessProbe: probe('readiness') };
  }
}
