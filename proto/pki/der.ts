/**
 * As much of DER (ITU-T X.690) as a signing request needs: elements one after another, of definite
 * length in its shortest form. Nothing here descends by itself, so no input can nest too deep.
 */

export interface DerElement {
  /** The identifier octet, with class and whether it is constructed. */
  readonly tag: number;
  readonly content: Buffer;
  /** Identifier, length and content. */
  readonly whole: Buffer;
}

export const DER_TAG = {
  integer: 0x02,
  bitString: 0x03,
  utf8String: 0x0c,
  sequence: 0x30,
  set: 0x31,
  attributes: 0xa0,
} as const;

/** What `bytes` consist of, if that is one element for each tag, of these tags, in this order. */
export function readElements(bytes: Buffer, tags: readonly number[]): readonly DerElement[] | null {
  const elements: DerElement[] = [];
  let rest = bytes;
  for (const tag of tags) {
    const element = firstElement(rest);
    if (element === null || element.tag !== tag) return null;
    elements.push(element);
    rest = rest.subarray(element.whole.length);
  }
  return rest.length === 0 ? elements : null;
}

export function derElement(tag: number, ...parts: readonly Buffer[]): Buffer {
  const content = Buffer.concat(parts);
  return Buffer.concat([Buffer.from([tag]), lengthOctets(content.length), content]);
}

function firstElement(bytes: Buffer): DerElement | null {
  const [tag, first] = bytes;
  if (tag === undefined || first === undefined) return null;
  const octets = first < LONG_FORM ? 0 : first - LONG_FORM;
  const start = 2 + octets;
  if (octets > LENGTH_OCTETS_MAX || bytes.length < start) return null;
  const length = octets === 0 ? first : bytes.readUIntBE(2, octets);
  // Also refuses a length in more octets than it needs, and 0x80: an end somewhere later.
  if (!lengthOctets(length).equals(bytes.subarray(1, start))) return null;
  if (bytes.length < start + length) return null;
  return {
    tag,
    content: bytes.subarray(start, start + length),
    whole: bytes.subarray(0, start + length),
  };
}

function lengthOctets(length: number): Buffer {
  if (length < LONG_FORM) return Buffer.from([length]);
  const octets: number[] = [];
  for (let rest = length; rest > 0; rest = Math.floor(rest / 256)) octets.unshift(rest % 256);
  return Buffer.from([LONG_FORM + octets.length, ...octets]);
}

const LONG_FORM = 0x80;
/** 16 MiB, above every cap on what is read. */
const LENGTH_OCTETS_MAX = 3;
