import { type AwsEnvironment, checkAwsEnvironment } from '../app/aws/environment';
import { objectLabels, type SelectorLabels, selectorLabels } from '../app/kubernetes/labels';
import { integer } from '../app/validation/check';
import { dnsLabelCheck, namespaceCheck } from '../app/validation/names';
import type { Part } from '../app/validation/part';
import type { Problems } from '../app/validation/problems';

/** More servers than anybody runs; bounds what is made of it. */
export const maxReplicas = 100;

/** The longest thing made from a name is the pods' label <name>-<revision>: Kubernetes allows 63 characters, 11 are the revision's. */
export const serverNameCheck = dnsLabelCheck(52);

/** What names a Vault, of the props of VaultServer. */
export interface ServerIdentityProps {
  readonly name?: string | undefined;
  readonly namespace: string;
  readonly aws: AwsEnvironment;
  readonly replicas?: number | undefined;
}

const defaultName = 'vault';
const defaultReplicas = 3;

/** Which servers these are: what every part of them puts into names, labels, selectors and ARNs. */
export class ServerIdentity implements Part {
  readonly name: string;
  readonly namespace: string;
  readonly aws: AwsEnvironment;
  readonly replicas: number;
  readonly selector: SelectorLabels;
  readonly labels: Readonly<Record<string, string>>;

  constructor(private readonly props: ServerIdentityProps) {
    this.name = props.name ?? defaultName;
    this.namespace = props.namespace;
    this.aws = props.aws;
    this.replicas = props.replicas ?? defaultReplicas;
    this.selector = selectorLabels(this.name, 'server');
    this.labels = objectLabels(this.selector);
  }

  validate(problems: Problems): void {
    problems.check('name', this.props.name, serverNameCheck);
    problems.require('namespace', this.namespace, namespaceCheck);
    problems.check('replicas', this.props.replicas, integer(0, maxReplicas));
    checkAwsEnvironment(problems, this.aws);
  }

  /** The metadata of an object of the servers. */
  metadata(name = this.name): { readonly name: string; readonly namespace: string; readonly labels: Record<string, string> } {
    return { name, namespace: this.namespace, labels: { ...this.labels } };
  }
}
