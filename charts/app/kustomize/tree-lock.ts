import type { IConstruct } from 'constructs';

const synthesized = new WeakSet<IConstruct>();

/** Called once everything is valid and before anything is rendered: what is added later would be missing in dist. */
export const lockTree = (app: IConstruct): void => {
  synthesized.add(app);
};

/**
 * For methods that add to a construct after it was made.
 *
 * @throws once the app has been synthesised
 */
export function assertNotSynthesized(construct: IConstruct, method: string): void {
  if (synthesized.has(construct.node.root))
    throw new Error(`[${construct.node.path}] ${method} was called after app.synth(): call it before, or dist lacks what it adds`);
}
