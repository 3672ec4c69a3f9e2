/**
 * Folded names in the room that a column has: whole, or `prod-[01-40],db-1 and 312 more`, or only
 * how many. Whole ranges are left out and counted; half a range would be another set of hosts.
 */
import { type FoldedName, foldedText } from '../../../proto/selector/fold.ts';
import { cutToWidth } from '../fit.ts';
import { displayWidth, escapeUnsafe } from '../text.ts';

/**
 * @param names as `foldToParts` returns them
 * @param noun what is counted where not even one name fits: `hosts`
 */
export function fitNames(names: readonly FoldedName[], width: number, noun: string): string {
  const whole = escapeUnsafe(names.map(foldedText).join());
  if (displayWidth(whole) <= width) return whole;
  const total = names.reduce((sum, name) => sum + countOf(name), 0);
  if (total === 1) return cutToWidth(whole, width);
  let best = `${total} ${noun}`;
  for (const { text, count } of beginnings(names)) {
    const shown = escapeUnsafe(text);
    if (displayWidth(shown) > width) break;
    const candidate = `${shown} and ${total - count} more`;
    if (displayWidth(candidate) <= width) best = candidate;
  }
  return best;
}

/** Each longer than the one before, and true as far as it goes. */
function* beginnings(names: readonly FoldedName[]): Generator<{ text: string; count: number }> {
  let text = '';
  let count = 0;
  for (const name of names) {
    const before = text === '' ? '' : `${text},`;
    for (let ranges = 1; ranges < name.ranges.length; ranges += 1) {
      const beginning = { ...name, ranges: name.ranges.slice(0, ranges) };
      yield { text: before + foldedText(beginning), count: count + countOf(beginning) };
    }
    text = before + foldedText(name);
    count += countOf(name);
    yield { text, count };
  }
}

function countOf({ ranges }: FoldedName): number {
  return ranges.length === 0 ? 1 : ranges.reduce((sum, { count }) => sum + count, 0);
}
