import type { k8s } from '../../../imports';
import { type Check, type Checks, listOf, matching, oneOf } from '../validation/check';
import { dnsSubdomainCheck } from '../validation/names';
import type { Part } from '../validation/part';
import type { KnownProps, Problems } from '../validation/problems';

/** Which image runs. */
export interface ImageProps {
  /**
   * The repository, with its registry where it is not Docker Hub's. `mirror` is not put before it.
   * @default the project's own on Docker Hub
   */
  readonly repository?: string;
  /**
   * A tag that does not move: "latest", and versions that are not whole, are refused.
   * @default the one that the tests run, unless a digest is given
   */
  readonly tag?: string;
  /**
   * The digest of the image, "sha256:...". Wins over the tag, which then only tells people the version.
   * @default none
   */
  readonly digest?: string;
}

/** The images that servers and Jobs run, and how nodes get them. */
export interface ImagesProps {
  /**
   * A registry, or a path in one, that has Docker Hub's images under Docker Hub's names, as a pull-through cache has: all three images come from there, such as
   * "123456789012.dkr.ecr.eu-west-1.amazonaws.com/docker-hub" (Amazon ECR User Guide, "Sync an upstream registry with an Amazon ECR private registry").
   * @default none, nodes pull from Docker Hub
   */
  readonly mirror?: string;
  /**
   * Vault. The eight tags whose binary or entry point cannot run here are refused.
   * @default hashicorp/vault:1.21.7
   */
  readonly vault?: ImageProps;
  /**
   * bash and setcap. With `memoryLock` "file-capability" it runs as root, with the one capability SETFCAP, on the binary that Vault executes: pin it by digest where you trust no tag.
   * @default amazon/aws-cli:2.35.9
   */
  readonly tools?: ImageProps;
  /**
   * Node.js 24, which runs the programs of the Jobs.
   * @default node:24.21.0-slim
   */
  readonly node?: ImageProps;
  /**
   * When nodes pull an image.
   * @default "IfNotPresent"
   */
  readonly pullPolicy?: 'Always' | 'IfNotPresent' | 'Never';
  /**
   * Names of Secrets with a registry's credentials, in the namespace of the servers.
   * @default none
   */
  readonly pullSecrets?: readonly string[];
}

/** What a container says of its image. */
export type ContainerImage = Required<Pick<k8s.Container, 'image' | 'imagePullPolicy'>>;

/** Docker Hub's names: the first is the whole one, under which a mirror has the image. */
const defaults = {
  vault: { path: 'hashicorp/vault', repository: 'hashicorp/vault', tag: '1.21.7' },
  tools: { path: 'amazon/aws-cli', repository: 'amazon/aws-cli', tag: '2.35.9' },
  node: { path: 'library/node', repository: 'node', tag: '24.21.0-slim' },
} as const;

const repositoryCheck = matching(
  /^([a-zA-Z0-9.-]+(:\d+)?\/)?[a-z0-9]+([._/-][a-z0-9]+)*$/,
  'image repositories without tag or digest',
  'write for example "123456789012.dkr.ecr.us-east-1.amazonaws.com/vault"',
);

/** A host has a dot or a port, or is localhost (distribution's rule of references): anything else is a path on Docker Hub. */
const mirrorCheck = matching(
  /^([a-zA-Z0-9-]+(\.[a-zA-Z0-9-]+)+|localhost)(:\d+)?(\/[a-z0-9]+([._-][a-z0-9]+)*)*$/,
  'a registry, and a path in it, without "https://" and without a slash at the end',
  'write for example "123456789012.dkr.ecr.us-east-1.amazonaws.com/docker-hub"',
);

const fixedTagCheck: Check<string> = {
  ok: tag => /^\w[\w.-]{0,127}$/.test(tag) && tag !== 'latest' && !/^v?\d+(\.\d+)?$/.test(tag),
  allowed: 'tags that stay where they are: pods that restart must not change theirs',
  fix: 'write for example "1.21.7"',
};

const imageChecks: Checks<ImageProps> = {
  repository: repositoryCheck,
  tag: fixedTagCheck,
  digest: matching(/^sha256:[0-9a-f]{64}$/, '"sha256:" and 64 hex digits', 'take it from the registry'),
};

const known: KnownProps<ImagesProps> = { mirror: true, vault: true, tools: true, node: true, pullPolicy: true, pullSecrets: true };

/** The three images, as containers and pods name them. */
export class Images implements Part {
  /** Vault, of the servers. */
  readonly vault: ContainerImage;
  /** bash and setcap, of an init container of the servers. */
  readonly tools: ContainerImage;
  /** Node.js, of the Jobs. */
  readonly node: ContainerImage;

  constructor(private readonly props: ImagesProps = {}) {
    this.vault = this.container('vault');
    this.tools = this.container('tools');
    this.node = this.container('node');
  }

  /** What a pod says of the registry. */
  ofPod(): Pick<k8s.PodSpec, 'imagePullSecrets'> {
    const { pullSecrets } = this.props;
    return pullSecrets === undefined ? {} : { imagePullSecrets: pullSecrets.map(name => ({ name })) };
  }

  validate(problems: Problems): void {
    const { props } = this;
    problems.checkNames('images', props, known);
    problems.check('images.mirror', props.mirror, mirrorCheck);
    for (const name of ['vault', 'tools', 'node'] as const) problems.checkAll(`images.${name}`, props[name], imageChecks);
    problems.check('images.pullPolicy', props.pullPolicy, oneOf('Always', 'IfNotPresent', 'Never'));
    problems.check('images.pullSecrets', props.pullSecrets, listOf(dnsSubdomainCheck));
  }

  private container(name: keyof typeof defaults): ContainerImage {
    return {
      image: reference(defaults[name], this.props[name] ?? {}, this.props.mirror),
      imagePullPolicy: this.props.pullPolicy ?? 'IfNotPresent',
    };
  }
}

function reference(own: (typeof defaults)[keyof typeof defaults], props: ImageProps, mirror: string | undefined): string {
  const repository = props.repository ?? (mirror === undefined ? own.repository : `${mirror}/${own.path}`);
  const tag = props.tag ?? (props.digest === undefined ? own.tag : undefined);
  return `${repository}${tag === undefined ? '' : `:${tag}`}${props.digest === undefined ? '' : `@${props.digest}`}`;
}
