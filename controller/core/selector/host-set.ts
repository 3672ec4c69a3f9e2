/**
 * Sets of hosts while a selector is evaluated: one byte for each host of the fleet, in its order.
 *
 * "All but these" is kept as such for as long as something may narrow it down. Where nothing does,
 * it must leave out at least one host: `not prod-*` in a fleet that calls nothing so would be the
 * whole fleet, and that nobody has said.
 */
import type { Operator } from '../../../proto/selector/syntax.ts';

export interface HostSet {
  /** 1 for each host that is in it; of a complement, for each that is not. */
  readonly bytes: Uint8Array;
  /** Where a complement was written; null if it is none. */
  readonly complement: Origin | null;
}

/** A place in the text of a selector, or of a group. */
export interface Origin {
  readonly text: string;
  readonly group: string | null;
  readonly at: number;
}

/** A complement that leaves out nothing. */
export interface UnsaidEverything {
  readonly kind: 'unsaidEverything';
  readonly origin: Origin;
}

export const plainSet = (bytes: Uint8Array): HostSet => ({ bytes, complement: null });

/** @param origin where that was written */
export function complementOf({ bytes, complement }: HostSet, origin: Origin): HostSet {
  return { bytes, complement: complement === null ? origin : null };
}

export function combine(
  left: HostSet,
  operator: Operator,
  right: HostSet,
): HostSet | UnsaidEverything {
  switch (operator) {
    case '&':
      return intersection(left, right);
    case '!':
      return intersection(left, complementOf(right, NOWHERE));
    case ',':
      return onPlain(left, right, (a, b) => a | b);
    case '^':
      return onPlain(left, right, (a, b) => a ^ b);
  }
}

/** The hosts themselves: a complement is turned into what it leaves. */
export function settle({ bytes, complement }: HostSet): Uint8Array | UnsaidEverything {
  if (complement === null) return bytes;
  const isEverything = bytes.length > 0 && !bytes.includes(1);
  if (isEverything) return { kind: 'unsaidEverything', origin: complement };
  return bytes.map((byte) => byte ^ 1);
}

/** Of a difference, whose right side nobody is told of: it only narrows. */
const NOWHERE: Origin = { text: '', group: null, at: 0 };

function intersection(left: HostSet, right: HostSet): HostSet {
  if (left.complement !== null && right.complement !== null) {
    return { bytes: merge(left.bytes, right.bytes, (a, b) => a | b), complement: left.complement };
  }
  const a = left.complement === null ? 0 : 1;
  const b = right.complement === null ? 0 : 1;
  return plainSet(merge(left.bytes, right.bytes, (x, y) => (x ^ a) & (y ^ b)));
}

type MergeBytes = (left: number, right: number) => number;

function onPlain(left: HostSet, right: HostSet, merged: MergeBytes): HostSet | UnsaidEverything {
  const a = settle(left);
  if ('kind' in a) return a;
  const b = settle(right);
  return 'kind' in b ? b : plainSet(merge(a, b, merged));
}

function merge(left: Uint8Array, right: Uint8Array, merged: MergeBytes): Uint8Array {
  const bytes = new Uint8Array(left.length);
  for (let index = 0; index < bytes.length; index += 1) {
    bytes[index] = merged(left[index] ?? 0, right[index] ?? 0);
  }
  return bytes;
}
