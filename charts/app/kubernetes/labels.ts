/** Labels that select the pods of one component: they never change, since a living StatefulSet refuses another selector. */
export interface SelectorLabels {
  readonly 'app.kubernetes.io/name': string;
  readonly 'app.kubernetes.io/instance': string;
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
