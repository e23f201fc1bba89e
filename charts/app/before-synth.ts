import type { IConstruct } from 'constructs';

const rendered = new WeakSet<IConstruct>();

/** From here on nothing can be added to what stands in the tree: it would not be in dist. */
export const closeTree = (app: IConstruct): void => {
  rendered.add(app);
};

/** For methods that add to a construct after it was made. */
export function beforeSynth(construct: IConstruct, method: string): void {
  if (rendered.has(construct.node.root)) {
    throw new Error(`[${construct.node.path}] ${method} after synth has no effect: call it before app.synth()`);
  }
}
