/**
 * Finds the name that a mistyped one was probably meant to be. It suggests nothing rather than
 * something far off: a wrong suggestion costs more than none.
 */

/** Nobody mistypes longer words by one letter, and the comparison is quadratic. */
const LENGTH_MAX = 64;

/** The nearest of `candidates`, at most a third of the letters off, or null; the first of equals. */
export function nearest(typed: string, candidates: Iterable<string>): string | null {
  if (typed.length > LENGTH_MAX) return null;
  const wanted = typed.toLowerCase();
  let best: string | null = null;
  let bestDistance = Math.floor(typed.length / 3) + 1;
  for (const candidate of candidates) {
    if (Math.abs(candidate.length - wanted.length) >= bestDistance) continue;
    const distance = editDistance(wanted, candidate.toLowerCase());
    if (distance >= bestDistance) continue;
    best = candidate;
    bestDistance = distance;
  }
  return best;
}

/** A hint for a problem, or null where nothing comes near. */
export function didYouMean(typed: string, candidates: Iterable<string>): string | null {
  const found = nearest(typed, candidates);
  return found === null ? null : `did you mean ${found}?`;
}

/** Optimal string alignment: insertions, deletions, changes, and swaps of two neighbours. */
function editDistance(a: string, b: string): number {
  let beforePrevious: readonly number[] = [];
  let previous: readonly number[] = Array.from({ length: b.length + 1 }, (_, column) => column);
  for (let row = 1; row <= a.length; row += 1) {
    const current = [row];
    for (let column = 1; column <= b.length; column += 1) {
      const same = a[row - 1] === b[column - 1];
      let distance = Math.min(
        (previous[column] ?? 0) + 1,
        (current[column - 1] ?? 0) + 1,
        (previous[column - 1] ?? 0) + (same ? 0 : 1),
      );
      const swapped = a[row - 1] === b[column - 2] && a[row - 2] === b[column - 1];
      if (row > 1 && column > 1 && swapped) {
        distance = Math.min(distance, (beforePrevious[column - 2] ?? 0) + 1);
      }
      current.push(distance);
    }
    beforePrevious = previous;
    previous = current;
  }
  return previous[b.length] ?? 0;
}
