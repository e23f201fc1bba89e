import { mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { App, type AppProps } from 'cdk8s';
import { type KnownProps, Problems } from '../validation/problems';
import { clashes } from './clashes';
import { KustomizeComponent, KustomizeEnvironment } from './kustomize-folder';
import { acceptFiles } from './output-file';
import { renderTree } from './render';
import { SynthError } from './synth-error';
import { lockTree } from './tree-lock';

/** What an app of cdk8s takes and this one heeds: how and where YAML is written is its own. */
export type KustomizeAppProps = Pick<AppProps, 'outdir' | 'resolvers'>;

/**
 * The app of a `main.ts`: makes `dist/` as a kustomize base with plain manifests.
 *
 * Where a chart stands decides where its YAML lands: in the app itself `dist/manifests`, in `app.component('x')` the kustomize
 * Component `dist/components/x`, in `app.environment('staging')` a further environment `dist/staging`.
 */
export class KustomizeApp extends App {
  /**
   * @param props where dist goes, by default "dist" or what the cdk8s CLI says; and resolvers of cdk8s
   * @throws SynthError on a prop of cdk8s' `App` that has no effect here
   */
  constructor(props: KustomizeAppProps = {}) {
    super(props);
    acceptFiles(this);
    const problems = new Problems();
    problems.checkNames('', props, { outdir: true, resolvers: true } satisfies KnownProps<KustomizeAppProps>);
    if (problems.messages.length > 0) throw new SynthError(problems.messages.map(problem => `[KustomizeApp] ${problem}`));
  }

  /** The component of this name; made at the first call. */
  component(name: string): KustomizeComponent {
    return KustomizeComponent.get(this, '', name);
  }

  /** The environment of this name, with a base, manifests, components and AWS documents of its own; made at the first call. */
  environment(name: string): KustomizeEnvironment {
    const made = this.node.tryFindChild(name);
    return made instanceof KustomizeEnvironment ? made : new KustomizeEnvironment(this, name);
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
    lockTree(this);
    return renderTree(this);
  }

  /**
   * Renders everything in memory, writes it beside the output folder and swaps the two: the folder is either as it was or complete, also where several synths
   * run at once. What else was in the folder is gone, as with every cdk8s app.
   *
   * @throws SynthError with all problems of all constructs; the output folder is then as it was
   */
  override synth(): void {
    const files = this.render();
    const outdir = resolve(this.outdir);
    mkdirSync(dirname(outdir), { recursive: true });
    // a folder of this synth alone, beside the other, since only within one file system a folder is swapped at once
    const workspace = mkdtempSync(`${outdir}.synth-`);
    try {
      const fresh = join(workspace, 'new');
      mkdirSync(fresh);
      for (const [path, text] of files) {
        mkdirSync(dirname(join(fresh, path)), { recursive: true });
        writeFileSync(join(fresh, path), text);
      }
      swap(fresh, outdir, workspace);
    } finally {
      rmSync(workspace, { recursive: true, force: true });
    }
  }
}

/** Puts a folder in the place of another, which goes into the workspace. Another synth may do the same between the two steps: then once more. */
function swap(fresh: string, outdir: string, workspace: string): void {
  for (let round = 0; ; round += 1) {
    try {
      renameSync(outdir, join(workspace, `old-${round}`));
    } catch (error) {
      if (!isOneOf(error, 'ENOENT')) throw error;
    }
    try {
      renameSync(fresh, outdir);
      return;
    } catch (error) {
      if (!isOneOf(error, 'ENOTEMPTY', 'EEXIST')) throw error;
    }
  }
}

const isOneOf = (error: unknown, ...codes: readonly string[]): boolean => codes.includes((error as NodeJS.ErrnoException).code ?? '');
