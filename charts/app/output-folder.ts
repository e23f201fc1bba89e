import { Construct } from 'constructs';

export interface OutputFolderProps {
  /** Where the folder goes, relative to the folder of its base in dist. */
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
    this.path = props.path;
    this.files = props.files;
  }
}
