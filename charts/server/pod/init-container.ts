import { k8s } from '../../../imports';
import { omitUndefined } from '../../app/kubernetes/omit-undefined';

/** A container that runs before the server; with `restartPolicy` a native sidecar, which runs beside it. */
export interface InitContainer extends k8s.Container {
  /** "Always": it starts before the server and stops after it (Kubernetes documentation, "Sidecar Containers"; on by default from Kubernetes 1.29). */
  readonly restartPolicy?: 'Always';
}

/** `restartPolicy` is newer than the types of cdk8s, which leave it out. */
export const initContainerJson = ({ restartPolicy, ...container }: InitContainer): object => ({
  ...k8s.toJson_Container(container),
  ...omitUndefined({ restartPolicy }),
});
