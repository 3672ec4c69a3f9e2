/**
 * Whole numbers as Python's `int` reads them, because Supervisor's values are read by it: a sign,
 * white space around, and single underscores between digits (`1_000`) are right. Different on
 * purpose: only the digits 0 to 9, and nothing that a JavaScript number cannot hold exactly.
 */
import { strip } from './white-space.ts';

const DECIMAL = /^[+-]?\d+(?:_\d+)*$/;

/** Null for what is no whole number, or too large to be kept exactly. */
export function wholeNumber(text: string): number | null {
  const written = strip(text);
  if (!DECIMAL.test(written)) return null;
  const value = Number(written.replaceAll('_', ''));
  // Zero has no sign in Python.
  return Number.isSafeInteger(value) ? value + 0 : null;
}

const OCTAL = /^([+-]?)(?:0o_?)?([0-7]+(?:_[0-7]+)*)$/i;

/** As `int(text, 8)`: `022`, `22` and `0o22` are one number. */
export function octalNumber(text: string): number | null {
  const match = OCTAL.exec(strip(text));
  if (match === null) return null;
  const [, sign, digits = ''] = match;
  const value = Number.parseInt(digits.replaceAll('_', ''), 8) * (sign === '-' ? -1 : 1);
  return Number.isSafeInteger(value) ? value + 0 : null;
}
