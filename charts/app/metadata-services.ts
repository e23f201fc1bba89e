import type { k8s } from '../../imports';

/** Link-local addresses where nodes hand out their own credentials: no pod of this project may fall back on them. */
const addresses = { ipv4: '169.254.169.254/32', ipv6: 'fd00:ec2::254/128' };

/** Everywhere but the metadata services. */
export const metadataServices: { readonly cutOut: k8s.NetworkPolicyPeer[] } = {
  cutOut: [{ ipBlock: { cidr: '0.0.0.0/0', except: [addresses.ipv4] } }, { ipBlock: { cidr: '::/0', except: [addresses.ipv6] } }],
};
