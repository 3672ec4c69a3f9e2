/**
 * Python's idea of white space (`str.isspace`), which is not that of JavaScript's `\s` and `trim`:
 * the separators from U+001C to U+001F and U+0085 count, the byte order mark does not. What is
 * stripped from a line or a value must be what `configparser` strips.
 */

const SPACE_CLASS =
  '\\t-\\r\\x1c-\\x20\\x85\\xa0\\u1680\\u2000-\\u200a\\u2028\\u2029\\u202f\\u205f\\u3000';
export const SPACE = new RegExp(`[${SPACE_CLASS}]`);
export const NOT_SPACE = new RegExp(`[^${SPACE_CLASS}]`);
const SPACES = new RegExp(`[${SPACE_CLASS}]+`);

export function strip(text: string): string {
  const start = text.search(NOT_SPACE);
  return start === -1 ? '' : stripEnd(text.slice(start));
}

/** A loop, because a pattern anchored at the end is quadratic on long runs of white space. */
export function stripEnd(text: string): string {
  let end = text.length;
  while (end > 0 && SPACE.test(text.charAt(end - 1))) end -= 1;
  return text.slice(0, end);
}

/** The pieces between runs of white space, none of them empty (`str.split`). */
export const splitAtSpaces = (text: string): readonly string[] =>
  text.split(SPACES).filter((piece) => piece !== '');
