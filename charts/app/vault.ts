import type { IConstruct } from 'constructs';
import type { AwsEnvironment } from './aws/environment';
import type { IamRole } from './aws/iam-role';
import type { Images } from './kubernetes/images';
import type { EgressPeer } from './kubernetes/network-peers';
import type { Placement } from './kubernetes/placement';

/** The names of a Vault's Services, in its namespace. */
export interface VaultServices {
  /** The one that leads to the active server. */
  readonly active: string;
  /** The headless one, which gives the pods their DNS names, whether they are ready or not. */
  readonly internal: string;
}

/** The DynamoDB table that holds a Vault's data. */
export interface VaultTable {
  /** The table's name. */
  readonly name: string;
  /** The table's region. */
  readonly region: string;
  /**
   * Another endpoint of DynamoDB than AWS's public one.
   * @default AWS's endpoint of the region
   */
  readonly endpoint?: string;
}

/** The KMS key that unseals a Vault. */
export interface VaultUnsealKey {
  /** Its id, ARN, "alias/..." or an alias's ARN. */
  readonly kmsKeyId: string;
  /** The key's region. */
  readonly region: string;
  /**
   * Another endpoint of KMS than AWS's public one.
   * @default AWS's endpoint of the region
   */
  readonly endpoint?: string;
  /**
   * The role that uses the key instead of the servers' own.
   * @default the servers' own role uses the key
   */
  readonly roleArn?: string;
}

/**
 * What other charts need of a Vault. `VaultServer` is one; `VaultServer.fromVaultServerAttributes` is one that runs already, whoever made it.
 */
export interface IVault extends IConstruct {
  /** The name of the StatefulSet: the first pod is `<name>-0`. */
  readonly name: string;
  /** The namespace that it runs in. */
  readonly namespace: string;
  /** The AWS account and region. */
  readonly aws: AwsEnvironment;
  /** How many servers run; undefined where only its maker knows. */
  readonly replicas: number | undefined;
  /** Labels that select the servers' pods. */
  readonly selector: Readonly<Record<string, string>>;
  /** The names of its Services. */
  readonly services: VaultServices;
  /** The port of the API, on pods and Services alike. */
  readonly port: number;
  /** The address of the active server, for clients in the cluster. */
  readonly address: string;
  /** The Secret in its namespace with `tls.crt` and, where the issuer gives it, `ca.crt`. */
  readonly tlsSecretName: string;
  /** The ServiceAccount that the servers run under. */
  readonly serviceAccountName: string;
  /** Images of servers and Jobs. */
  readonly images: Images;
  /** Where servers and Jobs run. */
  readonly placement: Placement;
  /** The table that holds its data; undefined where it has another storage. */
  readonly table: VaultTable | undefined;
  /** The KMS key that unseals it; undefined where another seal does. */
  readonly unsealKey: VaultUnsealKey | undefined;
  /** The servers' IAM role, to which other charts add statements; undefined where it was made elsewhere. */
  readonly role: IamRole | undefined;
  /** What the servers may call besides AWS, DNS, the API server and each other; undefined where no policy is known to hold them. */
  readonly egress: readonly EgressPeer[] | undefined;
}

/**
 * What a login through AWS must be signed for (the header X-Vault-AWS-IAM-Server-ID), where nobody chose it: what a Vault is. Undefined where it has another
 * storage: nothing tells it from others then.
 */
export const defaultServerId = ({ table, aws }: Pick<IVault, 'table' | 'aws'>): string | undefined =>
  table === undefined ? undefined : `${table.name}.${table.region}.${aws.accountId}`;

/** The address of the active server, for clients in the cluster. */
export const activeAddress = ({ services, namespace, port }: Pick<IVault, 'services' | 'namespace' | 'port'>): string =>
  `https://${services.active}.${namespace}.svc:${port}`;
