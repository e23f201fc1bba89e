// Makes terraform-aws.json, a JSON schema of the provider's resources in use, strict: an argument that the provider does not know is an error.
// The provider's schema is read off the classes that are generated from it:
//   npm install --prefix /tmp/types @cdktf/provider-aws@21.22.1 && node test/schemas/make-terraform.mjs /tmp/types
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const folder = join(process.argv[2], 'node_modules', '@cdktf', 'provider-aws');
const resources = [
  ...['aws_appautoscaling_policy', 'aws_appautoscaling_target', 'aws_backup_plan', 'aws_backup_selection', 'aws_backup_vault'],
  ...['aws_backup_vault_lock_configuration', 'aws_cloudwatch_event_rule'],
  ...['aws_cloudwatch_event_target', 'aws_dynamodb_resource_policy', 'aws_dynamodb_table', 'aws_iam_role'],
  ...['aws_iam_role_policy', 'aws_kms_alias', 'aws_kms_key', 'aws_secretsmanager_secret', 'aws_secretsmanager_secret_policy', 'aws_vpc_endpoint'],
];
const dataSources = ['aws_caller_identity', 'aws_iam_policy_document', 'aws_region'];

const interpolation = { type: 'string', pattern: '^\\$\\{.*\\}$' };
const types = {
  string: { type: 'string' },
  number: { anyOf: [{ type: 'number' }, interpolation] },
  boolean: { anyOf: [{ type: 'boolean' }, interpolation] },
  stringList: { anyOf: [{ type: 'array', items: { type: 'string' } }, interpolation] },
  stringMap: { anyOf: [{ type: 'object', additionalProperties: { type: 'string' } }, interpolation] },
};
// what Terraform itself reads in every block of its own
const meta = {
  lifecycle: {
    type: 'object',
    additionalProperties: false,
    properties: {
      prevent_destroy: { type: 'boolean' },
      ignore_changes: { type: 'array', items: { type: 'string' } },
      postcondition: {
        type: 'object',
        additionalProperties: false,
        required: ['condition', 'error_message'],
        properties: { condition: interpolation, error_message: types.string },
      },
    },
  },
};

const snake = name => name.replace(/[A-Z]/g, letter => `_${letter.toLowerCase()}`);
const lowerFirst = name => name.charAt(0).toLowerCase() + name.slice(1);

/** The arguments of one class or block: what it writes, and which of them its interface does not make optional. */
function block(js, declarations, body, interfaceName, extra = {}) {
  const declared = new RegExp(`export interface ${interfaceName}(?: extends [^{]*)? \\{\\n([\\s\\S]*?)\\n\\}`).exec(declarations)[1];
  const required = [...declared.matchAll(/^ {4}readonly (\w+):/gm)].map(([, name]) => snake(name));
  const pattern = /^ +(\w+): \{\n +value: (.*),\n +isBlock: (true|false),\n +type: "\w+",\n +storageClassType: "(\w+)",/gm;
  const properties = Object.fromEntries(
    [...body.matchAll(pattern)].map(([, name, , isBlock, type]) => [name, isBlock === 'true' ? nested(js, declarations, type) : types[type]]),
  );
  for (const name of required) if (properties[name] === undefined) throw new Error(`${interfaceName} requires ${name}, which nothing writes`);
  return { type: 'object', additionalProperties: false, required, properties: { ...properties, ...extra } };
}

/** A block may be written once, or as a list. */
function nested(js, declarations, type) {
  const name = type.replace(/List$/, '');
  const body = new RegExp(`\\nfunction ${lowerFirst(name)}ToHclTerraform\\(struct\\) \\{([\\s\\S]*?)\\n\\}`).exec(js)[1];
  const schema = block(js, declarations, body, name);
  return { anyOf: [schema, { type: 'array', items: schema }] };
}

function schemaOf(type, prefix) {
  const name = type.replace(/^aws_/, '').replaceAll('_', '-');
  const read = file => readFileSync(join(folder, 'lib', `${prefix}${name}`, file), 'utf8');
  const [js, declarations] = [read('index.js'), read('index.d.ts')];
  const [, className] = /export declare class (\w+) extends cdktf\.Terraform(?:Resource|DataSource) /.exec(declarations);
  const body = /\n {4}synthesizeHclAttributes\(\) \{([\s\S]*?)\n {4}\}/.exec(js)[1];
  const ofClass = js.slice(js.indexOf(`class ${className} extends`));
  const attributes = [...ofClass.matchAll(/^ {4}get (\w+)\(\)/gm)].map(([, attribute]) => snake(attribute));
  return { schema: block(js, declarations, body, `${className}Config`, meta), attributes: attributes.filter(attribute => !attribute.endsWith('_input')) };
}

const versionOf = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')).cdktf.provider.version;
const all = (names, prefix) => Object.fromEntries(names.map(type => [type, schemaOf(type, prefix)]));
const schemas = { provider: versionOf, resource: all(resources, ''), data: all(dataSources, 'data-aws-') };
writeFileSync(new URL('terraform-aws.json', import.meta.url), `${JSON.stringify(schemas)}\n`);
