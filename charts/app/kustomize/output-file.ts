import { Construct, type IConstruct } from 'constructs';

const writers = new WeakSet<IConstruct>();

/** Says that an app writes files: cdk8s' own writes manifests alone, and would leave them out in silence. */
export const acceptFiles = (app: IConstruct): void => {
  writers.add(app);
};

const refuseOtherApps = (construct: IConstruct): void =>
  construct.node.addValidation({
    validate: () =>
      writers.has(construct.node.root) ? [] : ['makes files that are no manifests, which an App of cdk8s does not write: use KustomizeApp'],
  });

/** A file of your own in dist. */
export interface OutputFileProps {
  /** Where the file goes, relative to the folder of its environment in dist, such as "notes/owners.txt". */
  readonly path: string;
  /** Produces the text at synth, when everything that it tells of is final. */
  readonly content: () => string;
}

/** A file in dist that is no Kubernetes object. */
export class OutputFile extends Construct {
  /** Where the file goes, relative to the folder of its environment. */
  readonly path: string;
  /** Produces the text at synth. */
  readonly content: () => string;

  constructor(scope: Construct, id: string, props: OutputFileProps) {
    super(scope, id);
    refuseOtherApps(this);
    this.path = props.path;
    this.content = props.content;
  }
}

export interface OutputFolderProps {
  /** Where the folder goes, relative to the folder of its environment in dist. */
  readonly path: string;
  /** Produces the files at synth, by their paths in the folder. */
  readonly files: () => ReadonlyMap<string, string>;
}

/** A folder in dist whose files are known at synth alone; nothing else may lie there. */
export class OutputFolder extends Construct {
  readonly path: string;
  readonly files: () => ReadonlyMap<string, string>;

  constructor(scope: Construct, id: string, props: OutputFolderProps) {
    super(scope, id);
    // reported at the chart that makes it
    refuseOtherApps(scope);
    this.path = props.path;
    this.files = props.files;
  }
}
