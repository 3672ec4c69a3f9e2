/** From which address somebody is connected, out of the text that grpc-js gives for a peer. */
import { isIP } from 'node:net';
import ipaddr from 'ipaddr.js';

/** IPv4 inside IPv6, as a listener for both sees it (RFC 4291 §2.5.5.2). */
const MAPPED = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i;

/**
 * @param peer `10.0.0.7:52144`, `[2001:db8::7]:52144`, or, as grpc-js writes IPv6,
 *   `2001:db8::7:52144`; without a port where there is none
 * @returns the IP address alone; null where there is none, which grpc-js calls `unknown`: the
 *   connection is gone already
 */
export function addressOfPeer(peer: string): string | null {
  const bracketed = /^\[([^\]]*)\](?::\d+)?$/.exec(peer)?.[1];
  // Behind the last colon stands the port, unless what is before it is no address.
  const readings = bracketed === undefined ? [peer.replace(/:\d+$/, ''), peer] : [bracketed];
  const address = readings.find((reading) => isIP(reading) !== 0) ?? null;
  return (address === null ? null : MAPPED.exec(address)?.[1]) ?? address;
}

/**
 * What counts as one address where addresses are counted: whoever has one of IPv6 has the 2^64
 * beside it, too (RFC 6177).
 */
export function neighbourhoodOf(address: string | null): string {
  const mapped = MAPPED.exec(address ?? '')?.[1];
  if (mapped !== undefined) return mapped;
  if (address === null || !ipaddr.IPv6.isValid(address)) return address ?? 'unknown';
  return ipaddr.IPv6.parse(address).toByteArray().slice(0, 8).join('.');
}
