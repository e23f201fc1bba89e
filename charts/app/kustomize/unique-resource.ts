import { Construct } from 'constructs';

export interface UniqueResourceProps {
  /** What it is, with all that makes it unique, such as "the table vault-data of account 123456789012 in eu-west-1". */
  readonly name: string;
  /** What to do where two constructs use it. */
  readonly fix: string;
}

/** Something that one construct of the app uses alone, across all environments: two of the same name are an error. */
export class UniqueResource extends Construct {
  readonly name: string;
  readonly fix: string;

  constructor(scope: Construct, id: string, props: UniqueResourceProps) {
    super(scope, id);
    this.name = props.name;
    this.fix = props.fix;
  }
}
