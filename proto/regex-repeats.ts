/**
 * Bounds what a regular expression of RE2 may compile to, before it is compiled: matching takes time
 * that is linear in the text, but `(x{0,1000})`, written ninety times, takes a second and 200 MB only
 * to be understood. What is asked of controller and agents must not keep them from their work.
 */

/** All numbers in braces together. One alone may be 1,000 by RE2's own rule, also nested. */
const REPEATS_MAX = 1_000;

/** @returns what is wrong, or null */
export function repeatsProblem(expression: string): string | null {
  let repeats = 0;
  for (const [, least = '', most = ''] of expression.matchAll(/\{(\d+)(?:,(\d*))?\}/g)) {
    repeats += Math.max(Number(least), Number(most));
  }
  if (repeats <= REPEATS_MAX) return null;
  return `the numbers in braces are ${repeats} together; at most ${REPEATS_MAX} are taken`;
}
