import type { Construct } from 'constructs';
import { k8s } from '../../../imports';
import { unpruned } from '../kubernetes/unpruned';
import { HashedObject } from '../kustomize/hashed-object';
import { pack } from './pack';
import { configMapKey, programFiles } from './program';

/**
 * Bytes of a ConfigMap's data as JSON. `kubectl apply` keeps a copy of the object in an annotation, and Kubernetes allows 262,144 bytes of those (Kubernetes API
 * reference, "ObjectMeta").
 */
const largest = 200_000;

export interface ProgramFilesProps {
  readonly entry: string;
  readonly plan: object;
  readonly data?: Readonly<Record<string, string>>;
}

interface Part {
  readonly object: HashedObject;
  readonly paths: readonly string[];
}

/** The files that a program's pod has in /program: its modules and its plan in one ConfigMap, what else there is in as many as it takes. */
export class ProgramFiles {
  private readonly parts: readonly Part[];

  constructor(
    scope: Construct,
    name: string,
    private readonly metadata: k8s.ObjectMeta,
    { entry, plan, data = {} }: ProgramFilesProps,
  ) {
    const program = { ...programFiles(entry), 'plan.json': `${JSON.stringify(plan, null, 1)}\n` };
    this.parts = [
      this.part(scope, 'program', `${name}-program`, program),
      ...split(data).map((files, index) => this.part(scope, `data-${index + 1}`, `${name}-data-${index + 1}`, files)),
    ];
  }

  /** The folders of charts/, so that imports are the same here and there. */
  get volume(): k8s.Volume {
    const sources = this.parts.map(({ object, paths }) => ({
      name: object.hashedName,
      items: paths.map(path => ({ key: configMapKey(path), path })),
    }));
    const [only] = sources;
    return sources.length === 1
      ? { name: 'program', configMap: { ...only, defaultMode: 0o444 } }
      : { name: 'program', projected: { defaultMode: 0o444, sources: sources.map(configMap => ({ configMap })) } };
  }

  private part(scope: Construct, id: string, baseName: string, files: Readonly<Record<string, string>>): Part {
    const object = new HashedObject(scope, id, {
      ...k8s.KubeConfigMap.manifest({
        // an older Job still mounts the one before
        metadata: { ...this.metadata, annotations: unpruned },
        data: Object.fromEntries(Object.entries(files).map(([path, text]) => [configMapKey(path), text])),
        immutable: true,
      }),
      baseName,
    });
    return { object, paths: Object.keys(files) };
  }
}

/** As many files as fit, one after the other. */
const split = (files: Readonly<Record<string, string>>): readonly Readonly<Record<string, string>>[] =>
  pack(Object.entries(files), ([path, text]) => JSON.stringify({ [path]: text }).length, largest).map(part => Object.fromEntries(part));
