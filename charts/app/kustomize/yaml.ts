import { stringify } from 'yaml';

/** YAML 1.1, which kubectl and CloudFormation read; no aliases, no folded lines. */
export const toYaml = (value: unknown): string => stringify(value, { version: '1.1', lineWidth: 0, aliasDuplicateObjects: false });
