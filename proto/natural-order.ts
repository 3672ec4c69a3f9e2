/** Order in which `prod-2` comes before `prod-10`, the same in every locale. */
import { compareText } from './text-order.ts';

/**
 * A key is made once for each item, not once for each comparison.
 * @param textsOf the first decides, the next where the ones before it are equal
 */
export function sortNaturally<Item>(
  items: Iterable<Item>,
  ...textsOf: readonly ((item: Item) => string)[]
): Item[] {
  const keyed = Array.from(items, (item) => {
    const texts = textsOf.map((textOf) => textOf(item));
    return { item, texts, keys: texts.map(naturalKey) };
  });
  keyed.sort(
    (left, right) => compareAll(left.keys, right.keys) || compareAll(left.texts, right.texts),
  );
  return keyed.map(({ item }) => item);
}

/** As long as a host name may be; what comes later is compared as text, so that no name is slow to sort. */
const COUNTED_CHARACTERS_MAX = 63;

/**
 * Text that sorts plainly as the name does naturally. Each number becomes a character below all
 * others (so `prod` and `prod1` come before `prod-`), its count of digits, and the digits.
 */
function naturalKey(text: string): string {
  return text
    .slice(0, COUNTED_CHARACTERS_MAX)
    .replace(/\d+/g, (digits) => {
      const significant = digits.replace(/^0+/, '');
      return `\u0000${String.fromCharCode(significant.length)}${significant}`;
    })
    .concat(text.slice(COUNTED_CHARACTERS_MAX));
}

function compareAll(lefts: readonly string[], rights: readonly string[]): number {
  for (const [index, left] of lefts.entries()) {
    const order = compareText(left, rights[index] ?? '');
    if (order !== 0) return order;
  }
  return 0;
}
