// Makes kubernetes.json from a cluster's own OpenAPI document, strict: a field that Kubernetes does not know is an error.
//   kubectl get --raw /openapi/v2 | node test/schemas/make-kubernetes.mjs
import { readFileSync, writeFileSync } from 'node:fs';

const kinds = [
  'io.k8s.api.apps.v1.Deployment',
  'io.k8s.api.apps.v1.StatefulSet',
  'io.k8s.api.batch.v1.CronJob',
  'io.k8s.api.batch.v1.Job',
  'io.k8s.api.core.v1.ConfigMap',
  'io.k8s.api.core.v1.Namespace',
  'io.k8s.api.core.v1.Service',
  'io.k8s.api.core.v1.ServiceAccount',
  'io.k8s.api.networking.v1.NetworkPolicy',
  'io.k8s.api.policy.v1.PodDisruptionBudget',
  'io.k8s.api.rbac.v1.ClusterRoleBinding',
  'io.k8s.api.rbac.v1.Role',
  'io.k8s.api.rbac.v1.RoleBinding',
];
const { definitions, info, paths } = JSON.parse(readFileSync(0, 'utf8'));
const used = {};

function strict(schema) {
  if (schema.$ref !== undefined) {
    const name = schema.$ref.replace('#/definitions/', '');
    if (used[name] === undefined) {
      used[name] = {};
      used[name] = strict(definitions[name]);
    }
    return { $ref: `#/definitions/${name}` };
  }
  if (schema.format === 'int-or-string') return { type: ['integer', 'string'] };
  const { type, required, properties, items, additionalProperties, enum: values } = schema;
  return {
    ...(type && { type }),
    ...(values && { enum: values }),
    ...(required && { required }),
    ...(items && { items: strict(items) }),
    ...(properties && { properties: Object.fromEntries(Object.entries(properties).map(([key, value]) => [key, strict(value)])) }),
    ...(properties ? { additionalProperties: false } : additionalProperties && { additionalProperties: strict(additionalProperties) }),
  };
}

const byKind = Object.fromEntries(
  kinds.map(name => {
    const [{ group, version, kind }] = definitions[name]['x-kubernetes-group-version-kind'];
    return [`${group === '' ? '' : `${group}/`}${version} ${kind}`, strict({ $ref: `#/definitions/${name}` })];
  }),
);
const sorted = Object.fromEntries(Object.entries(used).sort(([a], [b]) => (a < b ? -1 : 1)));
// created without a namespace in the path: the kind is the cluster's
const clusterScoped = Object.entries(paths)
  .filter(([path, { post }]) => post?.['x-kubernetes-action'] === 'post' && !path.includes('{namespace}'))
  .map(([, { post }]) => post['x-kubernetes-group-version-kind'])
  .map(({ group, version, kind }) => `${group === '' ? '' : `${group}/`}${version} ${kind}`);
writeFileSync(new URL('kubernetes.json', import.meta.url), `${JSON.stringify({ kubernetes: info.version, clusterScoped: [...new Set(clusterScoped)].sort(), kinds: byKind, definitions: sorted })}\n`);
