import { Construct } from 'constructs';
import { dnsLabelCheck } from '../validation/names';
import { Problems } from '../validation/problems';

/** A folder of dist with a kustomization of its own; what is declared below it lands there. */
export abstract class KustomizeFolder extends Construct {
  /** Relative to dist; empty for dist itself. */
  abstract readonly folder: string;
  abstract readonly kind: 'Kustomization' | 'Component';
  /** Names that would land on what dist has already. */
  protected readonly reserved: readonly string[] = [];

  /** The nearest folder above a construct, or undefined for the app's own environment. */
  static of(construct: Construct): KustomizeFolder | undefined {
    return construct.node.scopes.reverse().find(scope => scope instanceof KustomizeFolder) as KustomizeFolder | undefined;
  }

  constructor(scope: Construct, id: string, name: string) {
    super(scope, id);
    this.node.addValidation({
      validate: () => {
        const problems = new Problems();
        if (problems.check('name', name, dnsLabelCheck()) && this.reserved.includes(name))
          problems.refuse('name', name, `names other than ${this.reserved.join(', ')}, which dist uses itself`, 'choose another name');
        return problems.messages;
      },
    });
  }
}

/** The folder of the environment that a folder belongs to: files other than manifests land there, also from a component. */
export const environmentFolder = (folder: KustomizeFolder | undefined): string =>
  (folder?.folder ?? '').replace(/components\/[^/]+\/$/, '');

/** A kustomize Component: an addition that an overlay takes in or leaves out. Lands in `components/<name>/` of its environment. */
export class KustomizeComponent extends KustomizeFolder {
  override readonly folder: string;
  override readonly kind = 'Component';

  /** @internal */
  static get(environment: Construct, environmentFolder: string, name: string): KustomizeComponent {
    const id = `component:${name}`;
    const made = environment.node.tryFindChild(id);
    return made instanceof KustomizeComponent ? made : new KustomizeComponent(environment, id, environmentFolder, name);
  }

  private constructor(environment: Construct, id: string, environmentFolder: string, name: string) {
    super(environment, id, name);
    this.folder = `${environmentFolder}components/${name}/`;
  }
}

/** A further environment: a kustomize base with manifests, components and AWS documents of its own. Lands in `<name>/`. */
export class KustomizeEnvironment extends KustomizeFolder {
  override readonly folder: string;
  override readonly kind = 'Kustomization';
  protected override readonly reserved = ['manifests', 'components', 'aws'];

  constructor(app: Construct, name: string) {
    super(app, name, name);
    this.folder = `${name}/`;
  }

  /** The component of this name in this environment; made at the first call. */
  component(name: string): KustomizeComponent {
    return KustomizeComponent.get(this, this.folder, name);
  }
}
