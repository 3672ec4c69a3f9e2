/**
 * Chance from a seed: the same seed draws the same numbers for ever. Each part of a world has a
 * stream of its own, so that what one part draws does not change what befalls another.
 */

export interface Chance {
  /** A whole number from 0 up to, and not including, this. */
  below(bound: number): number;
  /** From 0 up to, and not including, 1. */
  fraction(): number;
  /** 0: never. */
  oneIn(count: number): boolean;
  pick<Item>(items: readonly Item[]): Item;
  /** A new stream, which depends on how far this one has come. */
  fork(): Chance;
}

/** mulberry32: small, fast, and good enough for choosing among faults. */
export function chanceFrom(seed: number): Chance {
  let state = seed | 0;
  const next = (): number => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return (mixed ^ (mixed >>> 14)) >>> 0;
  };
  const below = (bound: number): number => next() % bound;
  return {
    below,
    fraction: () => next() / 2 ** 32,
    oneIn: (count) => count > 0 && below(count) === 0,
    pick: (items) => {
      if (items.length === 0) throw new Error('there is nothing to pick from');
      return items[below(items.length)] as (typeof items)[number];
    },
    fork: () => chanceFrom(next()),
  };
}
