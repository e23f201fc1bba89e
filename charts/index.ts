// What main.ts may use.
export { k8s } from '../imports';
export type { AwsEnvironment } from './app/aws/environment';
export type { IamRole, IamStatement } from './app/aws/iam-role';
export type { OutboundProps } from './app/jobs/outbound';
export { KustomizeApp } from './app/kustomize/kustomize-app';
export type { KustomizeBase, KustomizeComponent } from './app/kustomize/kustomize-folder';
export { OutputFile, type OutputFileProps } from './app/kustomize/output-file';
export { SynthError } from './app/kustomize/synth-error';
export { AwsResources } from './aws/aws-resources';
export type { AwsResourcesProps } from './aws/aws-resources-props';
export type { AdminPath, AdminProps } from './init/admin';
export { Custody } from './init/custody/custody';
export { VaultInit } from './init/vault-init';
export type { VaultInitProps } from './init/vault-init-props';
export { VaultServer } from './server/vault-server';
export type { VaultServerProps } from './server/vault-server-props';
