import { isIP } from 'node:net';
import type { EgressPeer } from '../../app/kubernetes/network-peers';
import { cidrContains } from '../../app/validation/addresses';

/** Whether policies let servers reach a host, as far as synth can know: a name may have any address, an address is in a block or not. */
export const admitsEgress = (peers: readonly EgressPeer[], host: string, port: number): boolean =>
  peers.some(({ cidr, ports }) => {
    if (!ports?.includes(port)) return false;
    const family = isIP(host);
    return family === 0 || (cidr !== undefined && cidrContains(cidr, `${host}/${family === 4 ? 32 : 128}`));
  });
