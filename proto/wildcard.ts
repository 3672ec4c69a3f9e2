/**
 * `*` and `?` in the names of hosts and processes; every other character stands for itself. Written
 * out because operators' patterns meet names that agents made up: a regular expression can be led
 * into minutes of backtracking, and libraries read `(a|b)`, quotes and `./` as more than they are.
 */

export const hasWildcard = (pattern: string): boolean => /[*?]/.test(pattern);

const STAR = '*'.charCodeAt(0);
const ANY_ONE = '?'.charCodeAt(0);

/** In at most `pattern.length × text.length` steps: only the last `*` is ever widened. */
export function matchesWildcard(pattern: string, text: string): boolean {
  let at = 0;
  let star = -1;
  let widenedTo = 0;
  for (let index = 0; index < text.length; ) {
    const wanted = pattern.charCodeAt(at);
    if (wanted === STAR) {
      star = at;
      widenedTo = index;
      at += 1;
    } else if (wanted === ANY_ONE || wanted === text.charCodeAt(index)) {
      at += 1;
      index += 1;
    } else if (star >= 0) {
      at = star + 1;
      widenedTo += 1;
      index = widenedTo;
    } else {
      return false;
    }
  }
  while (pattern[at] === '*') at += 1;
  return at === pattern.length;
}
