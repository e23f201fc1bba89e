import { ApiObject, Lazy } from 'cdk8s';
import type { Construct } from 'constructs';
import { certManager } from '../../imports';
import { assertNotSynthesized } from '../app/kustomize/tree-lock';
import { certificateDnsNameCheck, ipAddressCheck } from '../app/validation/addresses';
import { type Check, listOf, matching, oneOf } from '../app/validation/check';
import { durationSeconds, goDurationCheck } from '../app/validation/durations';
import { dnsSubdomainCheck } from '../app/validation/names';
import type { Part } from '../app/validation/part';
import type { KnownProps, Problems } from '../app/validation/problems';
import type { ServerIdentity } from './server-identity';
import type { ServerServices } from './services';
import type { ServerListener } from './vault-hcl/listener';

/** Who signs the certificate (cert-manager documentation, `issuerRef`). */
export interface CertificateIssuerProps {
  /** "Issuer" or "ClusterIssuer", or the kind of an external issuer. */
  readonly kind: string;
  /** The issuer's name. It must write `ca.crt` into the Secret, so that clients and `vault status` can verify: CA, Vault and private CAs do. */
  readonly name: string;
  /**
   * The API group of an external issuer.
   * @default "cert-manager.io"
   */
  readonly group?: string;
}

/** How cert-manager makes and renews the certificate, which holds every name by which a server is reached. */
export interface CertManagerProps {
  /** The issuer that signs it. */
  readonly issuer: CertificateIssuerProps;
  /**
   * How long a certificate lasts, in hours, minutes and seconds.
   * @default "2160h"
   */
  readonly duration?: string;
  /**
   * How long before its end it is renewed, in hours, minutes and seconds.
   * @default "720h"
   */
  readonly renewBefore?: string;
  /**
   * Further DNS names, such as that of a load balancer.
   * @default none
   */
  readonly dnsNames?: readonly string[];
  /**
   * IP addresses by which clients call Vault, such as that of a load balancer without a name.
   * @default none but 127.0.0.1 and ::1, by which the pod calls itself
   */
  readonly ipAddresses?: readonly string[];
}

/** The certificate comes from cert-manager. */
export interface CertManagerTlsProps {
  /** How cert-manager makes and renews it. */
  readonly certManager: CertManagerProps;
  readonly secretName?: never;
}

/** A Secret that you keep, of type kubernetes.io/tls with `ca.crt` beside `tls.crt` and `tls.key`. */
export interface SecretTlsProps {
  /** The Secret's name, in the namespace of the servers. Its certificate must hold the names of `vault.certificate.dnsNames`. */
  readonly secretName: string;
  readonly certManager?: never;
}

/** Where the certificate comes from: cert-manager, or a Secret that you keep. */
export type TlsProps = CertManagerTlsProps | SecretTlsProps;

/** The algorithm of the key that cert-manager makes. */
const keyAlgorithm = certManager.CertificateSpecPrivateKeyAlgorithm.ECDSA;

const defaultDuration = '2160h';
const defaultRenewBefore = '720h';

const known: KnownProps<CertManagerProps> = { issuer: true, duration: true, renewBefore: true, dnsNames: true, ipAddresses: true };

const kindCheck = matching(/^[A-Z][A-Za-z0-9]*$/, 'kinds', 'write for example "AWSPCAClusterIssuer"');

/** The servers' certificate: the Secret that pods mount, and the names that it must hold. */
export class ServerCertificate implements Part {
  /** The Secret with tls.crt, tls.key and ca.crt, in the namespace of the servers. */
  readonly secretName: string;
  private readonly ownNames: readonly string[];
  private readonly added: string[] = [];

  constructor(
    private readonly scope: Construct,
    private readonly server: ServerIdentity,
    private readonly props: TlsProps,
    services: ServerServices,
    private readonly listener: ServerListener,
  ) {
    this.secretName = props.secretName ?? `${server.name}-tls`;
    this.ownNames = namesOfServers(services, server.namespace);
    if (props.certManager !== undefined) this.addCertificate(props.certManager);
  }

  /** Every DNS name by which a server is reached, by kubelet, other servers, clients and later charts. */
  get dnsNames(): readonly string[] {
    return [...new Set([...this.ownNames, ...(this.props.certManager?.dnsNames ?? []), ...this.added])];
  }

  /**
   * Puts further names on the certificate. With a Secret of your own they are names that its certificate must hold.
   *
   * @throws after `app.synth()`
   */
  addDnsNames(...names: readonly string[]): void {
    assertNotSynthesized(this.scope, 'certificate.addDnsNames');
    this.added.push(...names);
  }

  validate(problems: Problems): void {
    const { certManager: props, secretName } = this.props;
    problems.checkNames('tls', this.props, { certManager: true, secretName: true } satisfies KnownProps<TlsProps>);
    for (const name of this.added) problems.check('certificate.addDnsNames', name, certificateDnsNameCheck);
    if (props === undefined) {
      problems.require('tls.secretName', secretName, dnsSubdomainCheck);
      return;
    }
    this.validateSuites(problems);
    problems.checkNames('tls.certManager', props, known);
    validateIssuer(problems, props.issuer);
    problems.check('tls.certManager.dnsNames', props.dnsNames, listOf(certificateDnsNameCheck));
    problems.check('tls.certManager.ipAddresses', props.ipAddresses, listOf(ipAddressCheck));
    const { duration = defaultDuration, renewBefore = defaultRenewBefore } = props;
    const bothGood = [
      problems.check('tls.certManager.duration', duration, atLeast(3600, 'one hour')),
      problems.check('tls.certManager.renewBefore', renewBefore, atLeast(300, '5 minutes')),
    ].every(Boolean);
    if (bothGood && durationSeconds(renewBefore) >= durationSeconds(duration))
      problems.refuse(
        'tls.certManager.renewBefore',
        renewBefore,
        `less than tls.certManager.duration (${duration})`,
        'write about a third of the duration',
      );
  }

  /** Of TLS 1.2 the suite has to fit the key. */
  private validateSuites(problems: Problems): void {
    const suites = this.listener.requiredSuites;
    if (suites?.every(suite => !suite.includes(keyAlgorithm)))
      problems.refuse(
        'listener.tlsCipherSuites',
        suites,
        `at least one ${keyAlgorithm} suite with tlsMaxVersion "tls12"`,
        `the key that cert-manager makes is ${keyAlgorithm}: no client could connect`,
      );
  }

  private addCertificate(props: CertManagerProps): void {
    const produce = () =>
      certManager.toJson_CertificateSpec({
        secretName: this.secretName,
        issuerRef: props.issuer,
        duration: props.duration ?? defaultDuration,
        renewBefore: props.renewBefore ?? defaultRenewBefore,
        dnsNames: [...this.dnsNames],
        ipAddresses: [...new Set(['127.0.0.1', '::1', ...(props.ipAddresses ?? [])])],
        privateKey: {
          algorithm: keyAlgorithm,
          rotationPolicy: certManager.CertificateSpecPrivateKeyRotationPolicy.ALWAYS,
          size: 256,
        },
        usages: [certManager.CertificateSpecUsages.DIGITAL_SIGNATURE, certManager.CertificateSpecUsages.SERVER_AUTH],
      });
    const metadata = this.server.metadata(this.secretName);
    new ApiObject(this.scope, 'certificate', { ...certManager.Certificate.GVK, metadata, spec: Lazy.any({ produce }) });
  }
}

function validateIssuer(problems: Problems, issuer: CertificateIssuerProps): void {
  problems.checkNames('tls.certManager.issuer', issuer, {
    kind: true,
    name: true,
    group: true,
  } satisfies KnownProps<CertificateIssuerProps>);
  const certManagers = issuer.group === undefined || issuer.group === 'cert-manager.io';
  problems.require('tls.certManager.issuer.kind', issuer.kind, certManagers ? oneOf<string>('Issuer', 'ClusterIssuer') : kindCheck);
  problems.require('tls.certManager.issuer.name', issuer.name, dnsSubdomainCheck);
  problems.check('tls.certManager.issuer.group', issuer.group, dnsSubdomainCheck);
}

/** cert-manager refuses shorter ones. */
const atLeast = (seconds: number, words: string): Check<string> => ({
  ok: value => goDurationCheck.ok(value) && durationSeconds(value) >= seconds,
  allowed: `${goDurationCheck.allowed}, ${words} or more`,
  fix: goDurationCheck.fix,
});

/** Short names first: they hold in every namespace that an overlay may choose. */
function namesOfServers({ all, active, standby, internal }: ServerServices, namespace: string): string[] {
  const inCluster = (name: string) => [name, `${name}.${namespace}`, `${name}.${namespace}.svc`, `${name}.${namespace}.svc.cluster.local`];
  return ['localhost', ...[all, active, standby, internal, `*.${internal}`].flatMap(inCluster)];
}
