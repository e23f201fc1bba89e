import { number, object, parse } from './shape.mts';

const claims = object({ exp: number });

/** When a projected token of a ServiceAccount ends (RFC 7519, "exp"): kubelet renews it, but not for a pod that is being deleted. */
export function tokenEnds(token: string): Date {
  const [, payload = ''] = token.split('.');
  return new Date(parse(Buffer.from(payload, 'base64url').toString(), claims, 'a ServiceAccount token').exp * 1000);
}
