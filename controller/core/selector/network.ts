/**
 * `ip:10.0.0.0/8`: hosts whose agents connected from an address in a network. IPv4 in the four
 * decimal parts that everybody means, for what `ipaddr.js` takes besides (`010.1`, `0x7f000001`) is
 * how filters are fooled. An IPv4 address inside IPv6 (`::ffff:10.1.2.3`), as sockets that listen
 * on both report it, is the IPv4 address.
 */
import ipaddr from 'ipaddr.js';

type IpAddress = ReturnType<typeof ipaddr.parse>;

export interface Network {
  readonly address: IpAddress;
  readonly prefixLength: number;
}

/** Null where it is neither an address nor a network. Bits of the host are ignored. */
export function parseNetwork(text: string): Network | null {
  const [addressText = '', prefixText, ...more] = text.split('/');
  const written = parsePlain(addressText);
  if (written === null || more.length > 0) return null;
  const bits = written.kind() === 'ipv4' ? 32 : 128;
  if (prefixText === undefined) return unmapped(written, bits);
  if (!/^(?:0|[1-9]\d{0,2})$/.test(prefixText)) return null;
  const prefixLength = Number(prefixText);
  return prefixLength > bits ? null : unmapped(written, prefixLength);
}

/** Null where it is no address. */
export function parseAddress(text: string): IpAddress | null {
  const parsed = parsePlain(text);
  return parsed === null ? null : unmapped(parsed, 128).address;
}

export function isWithin(address: IpAddress, network: Network): boolean {
  return (
    address.kind() === network.address.kind() &&
    address.match(network.address, network.prefixLength)
  );
}

function parsePlain(text: string): IpAddress | null {
  const isPlain = text.includes(':')
    ? ipaddr.IPv6.isValid(text)
    : ipaddr.IPv4.isValidFourPartDecimal(text);
  return isPlain ? ipaddr.parse(text) : null;
}

const MAPPED_BITS = 96;

function unmapped(address: IpAddress, prefixLength: number): Network {
  const isMapped =
    address instanceof ipaddr.IPv6 && address.isIPv4MappedAddress() && prefixLength >= MAPPED_BITS;
  if (!isMapped) return { address, prefixLength };
  return { address: address.toIPv4Address(), prefixLength: prefixLength - MAPPED_BITS };
}
