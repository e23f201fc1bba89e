import { Construct } from 'constructs';
import { type AwsEnvironment, checkAwsEnvironment, regionCheck, roleArnCheck } from '../app/aws/environment';
import { kmsKeyCheck } from '../app/aws/kms';
import { Images, type ImagesProps } from '../app/kubernetes/images';
import { checkEgressPeers, type EgressPeer } from '../app/kubernetes/network-peers';
import { Placement, type PlacementProps } from '../app/kubernetes/placement';
import { portCheck, urlCheck } from '../app/validation/addresses';
import { dnsLabelCheck, dnsSubdomainCheck, labelsCheck, namespaceCheck } from '../app/validation/names';
import { type KnownProps, Problems } from '../app/validation/problems';
import { activeAddress, type IVault, type VaultServices, type VaultTable, type VaultUnsealKey } from '../app/vault';
import { serverNameCheck } from './server-identity';
import { defaultApiPort } from './vault-hcl/listener';

/** A Vault that runs already, such as one of the Helm chart vault-helm: what stands in the cluster, as it is named there. */
export interface VaultServerAttributes {
  /** The name of the StatefulSet: the first pod is `<name>-0`. Names of what is made beside it begin with it. */
  readonly name: string;
  /** The namespace that it runs in. */
  readonly namespace: string;
  /** The AWS account and region of what is made beside it. */
  readonly aws: AwsEnvironment;
  /** Labels that select the servers' pods and nothing else, such as those in the StatefulSet's selector. */
  readonly selector: Readonly<Record<string, string>>;
  /** The names of its Services: of the active server, and the headless one. */
  readonly services: VaultServices;
  /** The Secret in its namespace with `tls.crt` and `ca.crt`. */
  readonly tlsSecretName: string;
  /** The ServiceAccount that the servers run under. */
  readonly serviceAccountName: string;
  /**
   * The port of the API, on pods and Services alike.
   * @default 8200
   */
  readonly port?: number;
  /**
   * The DynamoDB table that holds its data.
   * @default none, it has another storage
   */
  readonly table?: VaultTable;
  /**
   * The KMS key that unseals it: what must not be encrypted with that key is held against it.
   * @default none, another seal unseals it
   */
  readonly unsealKey?: VaultUnsealKey;
  /**
   * What its servers may call besides AWS, DNS and the API server: a database that they cannot reach is refused.
   * @default nothing is known of it, and nothing is refused
   */
  readonly egress?: readonly EgressPeer[];
  /**
   * Which images Jobs run, and where nodes get them.
   * @default those of VaultServer
   */
  readonly images?: ImagesProps;
  /**
   * Which nodes Jobs may run on, and their priority class.
   * @default any node without taints
   */
  readonly placement?: PlacementProps;
}

const known: KnownProps<VaultServerAttributes> = {
  name: true,
  namespace: true,
  aws: true,
  selector: true,
  services: true,
  tlsSecretName: true,
  serviceAccountName: true,
  port: true,
  table: true,
  unsealKey: true,
  egress: true,
  images: true,
  placement: true,
};

/** Nothing is made of it: other charts read where it is. */
export class ImportedVault extends Construct implements IVault {
  readonly name: string;
  readonly namespace: string;
  readonly aws: AwsEnvironment;
  readonly selector: Readonly<Record<string, string>>;
  readonly services: VaultServices;
  readonly port: number;
  readonly tlsSecretName: string;
  readonly serviceAccountName: string;
  readonly images: Images;
  readonly placement: Placement;
  readonly table: VaultTable | undefined;
  readonly unsealKey: VaultUnsealKey | undefined;
  readonly replicas = undefined;
  readonly role = undefined;
  readonly egress: readonly EgressPeer[] | undefined;

  constructor(scope: Construct, id: string, attributes: VaultServerAttributes) {
    super(scope, id);
    this.name = attributes.name;
    this.namespace = attributes.namespace;
    this.aws = attributes.aws;
    this.selector = attributes.selector;
    this.services = attributes.services;
    this.port = attributes.port ?? defaultApiPort;
    this.tlsSecretName = attributes.tlsSecretName;
    this.serviceAccountName = attributes.serviceAccountName;
    this.images = new Images(attributes.images);
    this.placement = new Placement(attributes.placement);
    this.table = attributes.table;
    this.unsealKey = attributes.unsealKey;
    this.egress = attributes.egress;
    this.node.addValidation({ validate: () => this.problems(attributes) });
  }

  get address(): string {
    return activeAddress(this);
  }

  private problems(attributes: VaultServerAttributes): string[] {
    const problems = new Problems();
    problems.checkNames('', attributes, known);
    problems.require('name', this.name, serverNameCheck);
    problems.require('namespace', this.namespace, namespaceCheck);
    checkAwsEnvironment(problems, this.aws);
    problems.require('selector', this.selector, {
      ...labelsCheck,
      ok: labels => Object.keys(labels).length > 0 && labelsCheck.ok(labels),
      allowed: `one label or more; ${labelsCheck.allowed}`,
    });
    problems.require('services.active', this.services?.active, dnsLabelCheck());
    problems.require('services.internal', this.services?.internal, dnsLabelCheck());
    problems.check('port', this.port, portCheck);
    problems.require('tlsSecretName', this.tlsSecretName, dnsSubdomainCheck);
    problems.require('serviceAccountName', this.serviceAccountName, dnsSubdomainCheck);
    if (problems.isGroup('unsealKey', this.unsealKey)) {
      const keyProps: KnownProps<VaultUnsealKey> = { kmsKeyId: true, region: true, endpoint: true, roleArn: true };
      problems.checkNames('unsealKey', this.unsealKey, keyProps);
      problems.require('unsealKey.kmsKeyId', this.unsealKey.kmsKeyId, kmsKeyCheck);
      problems.require('unsealKey.region', this.unsealKey.region, regionCheck);
      problems.check('unsealKey.endpoint', this.unsealKey.endpoint, urlCheck);
      problems.check('unsealKey.roleArn', this.unsealKey.roleArn, roleArnCheck);
    }
    checkEgressPeers(problems, 'egress', this.egress);
    this.images.validate(problems);
    this.placement.validate(problems);
    return problems.messages;
  }
}
