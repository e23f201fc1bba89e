/** Labels that select the pods of one component: they never change, since a living StatefulSet refuses another selector. */
export interface SelectorLabels {
  /** What runs: "vault". */
  readonly 'app.kubernetes.io/name': string;
  /** Which Vault: its name. */
  readonly 'app.kubernetes.io/instance': string;
  /** Which part of it: "server", or what a Job is for. */
  readonly 'app.kubernetes.io/component': string;
  readonly [key: string]: string;
}

export function selectorLabels(instance: string, component: string): SelectorLabels {
  return { 'app.kubernetes.io/name': 'vault', 'app.kubernetes.io/instance': instance, 'app.kubernetes.io/component': component };
}

/** Labels for an object's metadata; those beyond the selector are never used to select. */
export function objectLabels(selector: SelectorLabels): Record<string, string> {
  return { ...selector, 'app.kubernetes.io/managed-by': 'cdk8s-vault' };
}
