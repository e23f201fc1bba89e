import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import Ajv, { type ValidateFunction } from 'ajv';
import { parse } from 'yaml';
import type { Manifest } from './render';

const { kinds, definitions, clusterScoped } = JSON.parse(readFileSync(join(__dirname, '..', 'schemas', 'kubernetes.json'), 'utf8'));
const crdFolder = join(__dirname, '..', '..', 'imports', 'crds');
const crds: readonly Manifest[] = readdirSync(crdFolder).map(name => parse(readFileSync(join(crdFolder, name), 'utf8')));
const ajv = new Ajv({ strict: false, allErrors: true, validateFormats: false });
const compiled = new Map<string, ValidateFunction>();

/** A CRD's schema, as strict as the cluster's: unknown fields are errors. */
function strict(schema: Manifest): Manifest {
  if (schema.type === 'array') return { ...schema, items: strict(schema.items) };
  if (schema.properties === undefined) return schema;
  const properties = Object.fromEntries(Object.entries(schema.properties).map(([key, value]) => [key, strict(value)]));
  return { ...schema, properties, additionalProperties: false };
}

function schemaOf(type: string): Manifest {
  const versions = crds.flatMap(({ spec }) =>
    spec.versions.map((version: Manifest) => ({ ...version, group: spec.group, kind: spec.names.kind })),
  );
  const custom = versions.find(({ group, name, kind }) => `${group}/${name} ${kind}` === type);
  if (custom === undefined) return kinds[type];
  const { properties, ...schema } = custom.schema.openAPIV3Schema;
  return strict({ ...schema, properties: { ...properties, apiVersion: {}, kind: {}, metadata: {} } });
}

/** What the cluster would refuse in an object: unknown fields, wrong types, values outside an enum. */
export function schemaErrors(object: Manifest): string[] {
  const type = `${object.apiVersion} ${object.kind}`;
  const schema = schemaOf(type);
  if (schema === undefined) return [`${type} is in no schema: add it to test/schemas/make-kubernetes.mjs`];
  if (clusterScoped.includes(type) !== (object.metadata.namespace === undefined))
    return [`${object.kind}/${object.metadata.name} has ${object.metadata.namespace ?? 'no namespace'}: see clusterScoped`];
  const validate = compiled.get(type) ?? ajv.compile({ ...schema, definitions });
  compiled.set(type, validate);
  return validate(object)
    ? []
    : (validate.errors ?? []).map(
        error => `${object.kind}/${object.metadata.name}${error.instancePath} ${error.message} ${JSON.stringify(error.params)}`,
      );
}

const matches = (selector: Record<string, string>, labels: Record<string, string>) =>
  Object.entries(selector).every(([key, value]) => labels[key] === value);

/** What would dangle in a cluster: references between the objects of one base that lead nowhere. */
export function danglingReferences(objects: readonly Manifest[]): string[] {
  const byKind = (kind: string) => objects.filter(object => object.kind === kind);
  const find = (kind: string, name: string, namespace: string) =>
    byKind(kind).some(({ metadata }) => metadata.name === name && metadata.namespace === namespace);
  const workloads = objects
    .map(object => (object.kind === 'CronJob' ? { ...object, spec: object.spec.jobTemplate.spec } : object))
    .filter(object => object.spec?.template?.spec !== undefined);
  const problems: string[] = [];
  const needs = (holds: boolean, problem: string) => {
    if (!holds) problems.push(problem);
  };

  for (const { kind, metadata, spec } of workloads) {
    const pod = spec.template.spec;
    const where = `${kind}/${metadata.name}`;
    const volumes = [...pod.volumes, ...(spec.volumeClaimTemplates ?? []).map((claim: Manifest) => claim.metadata)];
    const containers = [...pod.containers, ...(pod.initContainers ?? [])];
    for (const container of containers) {
      for (const mount of container.volumeMounts ?? [])
        needs(
          volumes.some(({ name }) => name === mount.name),
          `${where}: container ${container.name} mounts volume ${mount.name}, which is not there`,
        );
    }
    for (const volume of volumes) {
      needs(
        containers.some(({ volumeMounts }) => volumeMounts?.some((mount: Manifest) => mount.name === volume.name)),
        `${where}: nobody mounts volume ${volume.name}`,
      );
      // the authorities of a proxy and of databases are the user's, and the cluster has its own
      const configMaps = [volume.configMap, ...(volume.projected?.sources ?? []).map(({ configMap }: Manifest) => configMap)];
      for (const { name } of configMaps.filter(configMap => configMap !== undefined && configMap.name !== 'kube-root-ca.crt'))
        needs(
          ['outbound-ca', 'databases'].includes(volume.name) || find('ConfigMap', name, metadata.namespace),
          `${where}: ConfigMap ${name} is not there`,
        );
      // a namespace without Certificates has Secrets of its user's
      const certificates = byKind('Certificate').filter(certificate => certificate.metadata.namespace === metadata.namespace);
      if (volume.secret !== undefined && certificates.length > 0)
        needs(
          certificates.some(certificate => certificate.spec.secretName === volume.secret.secretName),
          `${where}: no Certificate makes Secret ${volume.secret.secretName}`,
        );
    }
    needs(
      byKind('ServiceAccount').length === 0 || find('ServiceAccount', pod.serviceAccountName, metadata.namespace),
      `${where}: ServiceAccount ${pod.serviceAccountName} is not there`,
    );
    if (spec.serviceName !== undefined)
      needs(find('Service', spec.serviceName, metadata.namespace), `${where}: Service ${spec.serviceName} is not there`);
    if (spec.selector !== undefined)
      needs(matches(spec.selector.matchLabels, spec.template.metadata.labels), `${where}: the selector does not match its own pods`);
    const skipped = spec.template.metadata.annotations?.['eks.amazonaws.com/skip-containers']?.split(',') ?? [];
    for (const name of skipped)
      needs(
        containers.some(container => container.name === name),
        `${where}: skip-containers names ${name}, which is not there`,
      );
  }
  const selected = [
    ...byKind('Service').map(object => ({ object, selector: object.spec.selector })),
    ...byKind('NetworkPolicy').map(object => ({ object, selector: object.spec.podSelector.matchLabels })),
    ...byKind('PodDisruptionBudget').map(object => ({ object, selector: object.spec.selector.matchLabels })),
  ];
  for (const { object, selector } of selected) {
    // the label that Vault itself puts on its pod
    const { 'vault-active': _, ...ownLabels } = selector;
    needs(
      workloads.some(workload => matches(ownLabels, workload.spec.template.metadata.labels)),
      `${object.kind}/${object.metadata.name} selects no pod`,
    );
  }
  for (const service of byKind('Service')) {
    for (const port of service.spec.ports) {
      const open = workloads.some(
        workload =>
          matches(
            Object.fromEntries(Object.entries(service.spec.selector as Record<string, string>).filter(([key]) => key !== 'vault-active')),
            workload.spec.template.metadata.labels,
          ) &&
          workload.spec.template.spec.containers.some((container: Manifest) =>
            container.ports?.some((own: Manifest) => own.containerPort === port.targetPort && own.name === port.name),
          ),
      );
      needs(open, `Service/${service.metadata.name}: no container has port ${port.name} ${port.targetPort}`);
      needs(port.port === port.targetPort, `Service/${service.metadata.name}: port ${port.port} is not its target port ${port.targetPort}`);
    }
  }
  for (const binding of byKind('RoleBinding')) {
    needs(
      find('Role', binding.roleRef.name, binding.metadata.namespace),
      `RoleBinding/${binding.metadata.name}: Role ${binding.roleRef.name} is not there`,
    );
  }
  return problems;
}
