import { createHash } from 'node:crypto';
import { ApiObject, type ApiObjectProps, Lazy } from 'cdk8s';
import type { Construct } from 'constructs';

export interface HashedObjectProps extends ApiObjectProps {
  /** The name without its hash: names the file in dist, which so stays the same when the content changes. */
  readonly baseName: string;
}

/** What tells one content from another in a name or an annotation. */
export const contentHash = (content: unknown): string => createHash('sha256').update(JSON.stringify(content)).digest('hex').slice(0, 10);

/**
 * An object whose name ends in a hash of its content: a change makes a new object and leaves the old one alone.
 *
 * For what pods that were not rolled go on using (configuration), and for what cannot change in place (Jobs).
 */
export class HashedObject extends ApiObject {
  readonly baseName: string;

  /** `instanceof` would say yes to every API object: cdk8s overrides it in ApiObject. */
  static isHashedObject(object: ApiObject): object is HashedObject {
    return 'baseName' in object;
  }

  constructor(scope: Construct, id: string, props: HashedObjectProps) {
    const { baseName, ...manifest } = props;
    super(scope, id, { ...manifest, metadata: { ...manifest.metadata, name: baseName } });
    this.baseName = baseName;
  }

  /** The name to use in other objects. Known at synth, when the content is final. */
  get hashedName(): string {
    return Lazy.any({ produce: () => this.toJson().metadata.name }) as string;
  }

  override toJson() {
    const json = super.toJson();
    json.metadata.name = `${this.baseName}-${contentHash(json)}`;
    return json;
  }
}
