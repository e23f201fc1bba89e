import { type ApiObject, JsonPatch } from 'cdk8s';

/** cdk8s puts the chart's namespace on every object, also where the kind has none: takes it off again. */
export function clusterScoped(object: ApiObject): void {
  object.addJsonPatch(JsonPatch.remove('/metadata/namespace'));
}
