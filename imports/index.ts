export * as certManager from './cert-manager.io';
export * as k8s from './k8s';
