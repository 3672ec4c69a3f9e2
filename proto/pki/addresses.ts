/**
 * Under which names and addresses a controller may be reached. Strict, because a mistake here shows
 * only later, on every host at once, as a failed handshake.
 */
import { isIP } from 'node:net';
import type { AlternativeName } from './certificate.ts';

export type Addresses =
  | { readonly kind: 'addresses'; readonly names: readonly AlternativeName[] }
  | { readonly kind: 'problems'; readonly problems: readonly string[] };

/** `DNS:ops-1.example.com,IP:10.0.0.7`: at least one, repeats dropped, in the order given. */
export function parseAddresses(text: string): Addresses {
  const parsed = text.split(',').map((part) => parseAddress(part.trim()));
  const problems = parsed.filter((entry) => typeof entry === 'string');
  if (problems.length > 0) return { kind: 'problems', problems };
  const names = parsed.filter((entry) => typeof entry !== 'string');
  const unique = new Map(names.map((name) => [`${name.kind} ${name.value}`, name]));
  return { kind: 'addresses', names: [...unique.values()] };
}

/** As `parseAddresses` reads it. */
export function formatAddresses(names: readonly AlternativeName[]): string {
  return names.map(addressText).join(',');
}

/** What is wrong with a name of which nobody knows how it came about; null: nothing. */
export function addressProblem(name: AlternativeName): string | null {
  const parsed = parseAddress(addressText(name));
  return typeof parsed === 'string' ? parsed : null;
}

const addressText = ({ kind, value }: AlternativeName): string => `${kind.toUpperCase()}:${value}`;

/** The name, or what is wrong with it. */
function parseAddress(part: string): AlternativeName | string {
  const shown = JSON.stringify(part.slice(0, SHOWN_CHARACTERS_MAX));
  if (part === '') return 'a part of it is empty';
  const [, type = '', value = ''] = /^(DNS|IP):(.*)$/i.exec(part) ?? [];
  if (type === '') return `${shown} begins with neither DNS: nor IP:`;
  return type.toUpperCase() === 'DNS' ? parseDnsName(value, shown) : parseIpAddress(value, shown);
}

function parseDnsName(value: string, shown: string): AlternativeName | string {
  if (isIP(value) !== 0) return `${shown} is an address: write IP:${value}`;
  if (value.startsWith('*')) return `${shown} is a wildcard: name each host`;
  // RFC 1123 §2.1, and the underscore that container networks put into names.
  const label = /^[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?$/i;
  const valid = value.length <= 253 && value.split('.').every((part) => label.test(part));
  return valid ? { kind: 'dns', value: value.toLowerCase() } : `${shown} is not a host name`;
}

function parseIpAddress(value: string, shown: string): AlternativeName | string {
  // A zone (`fe80::1%eth0`) has meaning on one machine only, and no place in a certificate.
  if (isIP(value) === 0 || value.includes('%')) return `${shown} is not an IP address`;
  return { kind: 'ip', value: isIP(value) === 4 ? value : canonicalIpv6(value) };
}

/** In groups of hexadecimal digits throughout, where `::ffff:10.0.0.7` is allowed too. */
function canonicalIpv6(address: string): string {
  return new URL(`http://[${address}]`).hostname.slice(1, -1);
}

const SHOWN_CHARACTERS_MAX = 80;
