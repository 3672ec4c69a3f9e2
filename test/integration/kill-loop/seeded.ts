/** Chance that comes again: the same seed gives the same loop, as far as a real machine allows. */

export interface Chance {
  readonly seed: number;
  /** A whole number from 0 up to, and not including, `end`. */
  below(end: number): number;
  oneOf<Item>(items: readonly Item[]): Item;
}

/** mulberry32. */
export function chanceFrom(seed: number): Chance {
  let state = seed | 0;
  const below = (end: number): number => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return Math.floor((((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32) * end);
  };
  return {
    seed,
    below,
    oneOf(items) {
      const item = items[below(items.length)];
      if (item === undefined) throw new Error('nothing to choose from');
      return item;
    },
  };
}
