/**
 * The kinds of values that only Supervisor's sections have. The rules are Supervisor's (datatypes.py);
 * what cannot be done yet is refused or said, never quietly done otherwise.
 */
import type { Parser } from '../../proto/dialect/settings.ts';
import { parseSignal } from '../../proto/dialect/signals.ts';
import { bytes, FALSY, TRUTHY } from '../../proto/dialect/values.ts';
import { strip } from '../../proto/dialect/white-space.ts';
import { wholeNumber } from '../../proto/dialect/whole-number.ts';
import type { AutoRestart } from '../core/definition.ts';

/** A group or process name as it may stand before or after the colon of `group:name`. */
export const name: Parser<string> = {
  expected: 'a name without white space, ":" or "/"',
  parse: (text) => {
    const value = strip(text);
    const isName = /^[^\s\p{Cc}:/]+$/u.test(value) && value !== '.' && value !== '..';
    return isName ? { ok: true, value } : { ok: false };
  },
};

export const autoRestart: Parser<AutoRestart> = {
  expected: 'true, false or unexpected',
  parse: (text) => {
    const lower = text.toLowerCase();
    if (lower === 'unexpected') return { ok: true, value: 'unexpected' };
    if (TRUTHY.includes(lower)) return { ok: true, value: 'always' };
    return FALSY.includes(lower) ? { ok: true, value: 'never' } : { ok: false };
  },
};

/** An empty list is one: then no exit is expected. */
export const exitCodes: Parser<readonly number[]> = {
  expected: 'exit codes from 0 to 255, separated by commas',
  parse: (text) => {
    if (text === '') return { ok: true, value: [] };
    const codes = text.split(',').map(wholeNumber);
    const fitting = codes.flatMap((code) =>
      code !== null && code >= 0 && code <= 255 ? [code] : [],
    );
    return fitting.length === codes.length ? { ok: true, value: fitting } : { ok: false };
  },
};

/**
 * A name or a number, `SIG` and case at will. The value is the name without `SIG`, or the number of
 * a signal that Node has no name for.
 */
export const signalName = (signals: Readonly<Record<string, number>>): Parser<string> => ({
  expected: 'a signal such as TERM, INT, QUIT, HUP, KILL, USR1 or USR2',
  parse: (text) => {
    const value = parseSignal(text, signals);
    return value === null ? { ok: false } : { ok: true, value };
  },
});

/** Supervisor takes negative numbers where they can mean nothing but none; so do we, with a word. */
export const orZero = (parser: Parser<number>): Parser<number> => ({
  expected: parser.expected,
  parse: (text, context) =>
    (wholeNumber(text) ?? 0) < 0
      ? { ok: true, value: 0, doubt: 'a negative number means the same as 0' }
      : parser.parse(text, context),
});

/** How much memory a program may have; null: as much as it wants. */
export const memoryLimit: Parser<number | null> = {
  expected: bytes.expected,
  parse: (text, context) => {
    const parsed = bytes.parse(text, context);
    if (!parsed.ok || parsed.value === 0) return parsed.ok ? { ...parsed, value: null } : parsed;
    if (parsed.value >= LEAST_LIKELY_LIMIT_BYTES) return parsed;
    const doubt = `no program is as small as ${parsed.value} bytes, so this one would be restarted again and again; a unit may be missing, as in 100MB`;
    return { ...parsed, doubt };
  },
};

/** What `sleep` has. */
const LEAST_LIKELY_LIMIT_BYTES = 512 * 1024;
