// Typed API objects: Kubernetes' are cdk8s-plus-27's L1, without its L2 constructs, which cost start-up time and are not used here.
export * as k8s from 'cdk8s-plus-27/lib/imports/k8s';
export * as certManager from './cert-manager.io';
