import { existsSync, mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { App } from 'cdk8s';
import { closeTree } from './before-synth';
import { clashes } from './clashes';
import { SynthError } from './errors';
import { KustomizeBase, KustomizeComponent } from './kustomize-folder';
import { renderTree } from './render';

/**
 * The app of a `main.ts`: makes `dist/` as a kustomize base with plain manifests.
 *
 * Where a chart stands decides where its YAML lands: in the app itself `dist/manifests`, in `app.component('x')` the kustomize
 * Component `dist/components/x`, in `app.base('staging')` a further base `dist/staging`.
 */
export class KustomizeApp extends App {
  /** The component of this name; made at the first call. */
  component(name: string): KustomizeComponent {
    return KustomizeComponent.get(this, '', name);
  }

  /** The environment of this name, with a base, manifests, components and AWS documents of its own; made at the first call. */
  base(name: string): KustomizeBase {
    const made = this.node.tryFindChild(name);
    return made instanceof KustomizeBase ? made : new KustomizeBase(this, name);
  }

  /**
   * Every file of dist and its text, without writing any.
   *
   * @throws SynthError with all problems of all constructs
   */
  render(): ReadonlyMap<string, string> {
    const invalid = this.node
      .findAll()
      .flatMap(construct => construct.node.validate().map(problem => `[${construct.node.path}] ${problem}`));
    const problems = [...invalid, ...clashes(this)];
    if (problems.length > 0) throw new SynthError(problems);
    closeTree(this);
    return renderTree(this);
  }

  /**
   * Renders everything in memory, writes it beside the output folder and swaps the two: the folder is either as it was or complete.
   * What else was in the folder is gone, as with every cdk8s app.
   *
   * @throws SynthError with all problems of all constructs; the output folder is then as it was
   */
  override synth(): void {
    const files = this.render();
    const outdir = resolve(this.outdir);
    const fresh = `${outdir}.new`;
    const stale = `${outdir}.old`;
    for (const leftover of [fresh, stale]) rmSync(leftover, { recursive: true, force: true });
    mkdirSync(fresh, { recursive: true });
    for (const [path, text] of files) {
      mkdirSync(dirname(join(fresh, path)), { recursive: true });
      writeFileSync(join(fresh, path), text);
    }
    if (existsSync(outdir)) renameSync(outdir, stale);
    renameSync(fresh, outdir);
    rmSync(stale, { recursive: true, force: true });
  }
}
