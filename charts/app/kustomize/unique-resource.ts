import { Construct } from 'constructs';

export interface UniqueResourceProps {
  /** What only one may have, in the whole app, such as "the table vault-data of account 123456789012 in eu-west-1". */
  readonly what: string;
  /** What to do where two have it. */
  readonly fix: string;
}

/** Says that a construct needs something for itself alone, across all environments of the app. Two equal claims are an error. */
export class UniqueResource extends Construct {
  readonly what: string;
  readonly fix: string;

  constructor(scope: Construct, id: string, props: UniqueResourceProps) {
    super(scope, id);
    this.what = props.what;
    this.fix = props.fix;
  }
}
