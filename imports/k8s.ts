// The typed Kubernetes API objects (L1) of cdk8s-plus-27, without its L2 constructs, which cost start-up time and are not used here.
export * from 'cdk8s-plus-27/lib/imports/k8s';
