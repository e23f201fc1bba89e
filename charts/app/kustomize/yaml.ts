import { Yaml } from 'cdk8s';

/** YAML 1.1, which kubectl and CloudFormation read, without folded lines. A copy of the value has no object twice, so that the text has no aliases. */
export const toYaml = (value: unknown): string => Yaml.stringify(JSON.parse(JSON.stringify(value)));
