/**
 * The small conversions that every message needs: absent fields to `null` and back, enum names to
 * our words and back, and the one way to reject what a peer should not have sent.
 */
import { FleetError, refusal } from '../errors.ts';
import { clippedTo, NAME_LENGTH_MAX } from '../text-limits.ts';

/** A peer sent something that this version cannot read; the call ends, nothing is guessed. */
export function malformed(what: string): FleetError {
  return new FleetError(refusal('usage', `malformed message: ${what}`));
}

/**
 * A 64-bit integer that JavaScript counts exactly. A larger one has lost its last digits already,
 * and the largest fit into no column of the database.
 */
export function exact(what: string, value: number): number {
  if (Number.isSafeInteger(value)) return value;
  throw malformed(`${what} ${value} is beyond 2^53`);
}

/** What identifies something and is longer than `lengthMax` was made by nobody who is in order. */
export function short(what: string, text: string, lengthMax: number = NAME_LENGTH_MAX): string {
  if (text.length <= lengthMax) return text;
  throw malformed(`${what} of ${text.length} characters; at most ${lengthMax} are taken`);
}

/** A word that travels as itself; what is none of those is malformed. */
export function oneOf<Word extends string>(
  what: string,
  known: readonly Word[],
  text: string,
): Word {
  const word = known.find((candidate) => candidate === text);
  if (word !== undefined) return word;
  throw malformed(`${what} ${JSON.stringify(clippedTo(60, text))} is not known`);
}

/** The empty text stands for none of them. */
export function oneOfOrNone<Word extends string>(
  what: string,
  known: readonly Word[],
  text: string,
): Word | null {
  return text === '' ? null : oneOf(what, known, text);
}

export function orNull<Value>(value: Value | null | undefined): Value | null {
  return value ?? null;
}

/** Leaves absent optional fields out, as the wire wants them. */
export function present<Key extends string, Value>(
  key: Key,
  value: Value | null,
): { readonly [K in Key]?: Value } {
  return (value === null ? {} : { [key]: value }) as { readonly [K in Key]?: Value };
}

export interface EnumCodec<Word extends string, WireName extends string> {
  readonly toWire: (word: Word) => WireName;
  readonly fromWire: (name: string) => Word;
}

/** `table` must be total over our words; what it lacks on the wire's side is malformed. */
export function enumCodec<Word extends string, WireName extends string>(
  what: string,
  table: Readonly<Record<Word, WireName>>,
): EnumCodec<Word, WireName> {
  const words = new Map<string, Word>();
  for (const [word, name] of Object.entries(table)) words.set(name as string, word as Word);
  return {
    toWire: (word) => table[word],
    fromWire: (name) => {
      const word = words.get(name);
      if (word === undefined) throw malformed(`${what} ${JSON.stringify(name)} is not known`);
      return word;
    },
  };
}
