import type { k8s } from '../../imports';
import { holds } from './checks';

/** Link-local addresses where nodes hand out their own credentials: no pod of this project may fall back on them. */
const addresses = { ipv4: '169.254.169.254/32', ipv6: 'fd00:ec2::254/128' };

export const metadataServices = {
  /** Everywhere but the metadata services. */
  cutOut: [
    { ipBlock: { cidr: '0.0.0.0/0', except: [addresses.ipv4] } },
    { ipBlock: { cidr: '::/0', except: [addresses.ipv6] } },
  ] satisfies k8s.NetworkPolicyPeer[],
  /** The metadata services that lie in a block. */
  within: (block: string): string[] => Object.values(addresses).filter(address => holds(block, address)),
};
