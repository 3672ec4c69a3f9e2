/**
 * Replaces `%(name)s`, `%(process_num)02d` and `%%` in a value, as Python's `%` formatting does
 * (Supervisor options.py, `expand`).
 *
 * Different on purpose: Supervisor answers an unknown name with a list of every name, and formats a
 * bare `%s` as the whole table, so passwords from the environment end up in logs and arguments.
 * Here both are problems, which name at most the one name that was probably meant. So are formats
 * that make no sense for names and whole numbers (`%(n)f`, `%(n)e`, `%(n)c`, `%(x)a`).
 */
import { nearest } from './did-you-mean.ts';
import { quoted } from './problem.ts';
import { repr } from './repr.ts';

/** Nearest layer first: a program's own variables, the global ones, the process environment. */
export type Variables = readonly ReadonlyMap<string, string | number>[];

export type Expanded =
  | { readonly ok: true; readonly text: string }
  | { readonly ok: false; readonly message: string; readonly hint: string | null };

export function expand(text: string, variables: Variables): Expanded {
  let result = '';
  let from = 0;
  for (let at = text.indexOf('%'); at !== -1; at = text.indexOf('%', from)) {
    result += text.slice(from, at);
    const piece = expandOne(text, at, variables);
    if (!piece.ok) return piece;
    result += piece.text;
    from = piece.end;
  }
  return { ok: true, text: result + text.slice(from) };
}

/** `ENV_X` for each variable of an environment. */
export function environmentVariables(
  entries: Iterable<readonly [string, string | undefined]>,
): ReadonlyMap<string, string> {
  const variables = new Map<string, string>();
  for (const [name, value] of entries) if (value !== undefined) variables.set(`ENV_${name}`, value);
  return variables;
}

type Piece =
  | { readonly ok: true; readonly text: string; readonly end: number }
  | { readonly ok: false; readonly message: string; readonly hint: string | null };

/** What may follow `%(name)`: flags, width, precision, a length that means nothing, conversion. */
const FORMAT = /([-+ #0]*)(\d*)(?:\.(\d*))?[hlL]?([a-zA-Z])/y;

/** A longer padding is a mistake, and must not cost gigabytes. */
const WIDTH_MAX = 1000;

function expandOne(text: string, percentAt: number, variables: Variables): Piece {
  const next = text[percentAt + 1];
  if (next === '%') return { ok: true, text: '%', end: percentAt + 2 };
  if (next !== '(') {
    const shown = quoted(text.slice(percentAt, percentAt + 2));
    return wrong(`found ${shown}, expected %(name)s`, 'write %% for a percent sign');
  }
  const close = closingParenthesis(text, percentAt + 1);
  if (close === -1) return wrong('found "%(" without its ")"', 'write %% for a percent sign');
  const name = text.slice(percentAt + 2, close);
  FORMAT.lastIndex = close + 1;
  const match = FORMAT.exec(text);
  if (match === null) {
    return wrong(`expected a letter after %(${shortName(name)})`, `write %(${shortName(name)})s`);
  }
  const value = lookUp(name, variables);
  if (value === undefined) {
    return wrong(`no variable is named ${quoted(name)}`, suggestion(name, variables));
  }
  const [whole, flags = '', width = '', precision, conversion = ''] = match;
  const format = { flags, width: Number(width), precision: numberOrNull(precision), conversion };
  const formatted = formatValue(name, value, format);
  if (!formatted.ok) return formatted;
  return { ok: true, text: formatted.text, end: close + 1 + whole.length };
}

interface Format {
  readonly flags: string;
  readonly width: number;
  readonly precision: number | null;
  readonly conversion: string;
}

function formatValue(name: string, value: string | number, format: Format): Expanded {
  const { flags, width, precision, conversion } = format;
  if (width > WIDTH_MAX || (precision ?? 0) > WIDTH_MAX) {
    return wrong(`%(${shortName(name)}) is wider than ${WIDTH_MAX} characters`, null);
  }
  if (conversion === 's' || conversion === 'r') {
    const whole = conversion === 'r' && typeof value === 'string' ? repr(value) : String(value);
    const shown = precision === null ? whole : [...whole].slice(0, precision).join('');
    return { ok: true, text: padded(shown, width, flags) };
  }
  const notation = NOTATIONS[conversion];
  if (notation === undefined) {
    const message = `%(${shortName(name)})${conversion} is not a format that is known here`;
    return wrong(message, `write %(${shortName(name)})s`);
  }
  if (typeof value === 'string') {
    const message = `%(${shortName(name)})${conversion} wants a number, but this one is a text`;
    return wrong(message, `write %(${shortName(name)})s`);
  }
  return { ok: true, text: formatNumber(value, notation, format) };
}

interface Notation {
  readonly radix: number;
  /** What `#` puts before the digits. */
  readonly prefix: string;
}

const DECIMAL: Notation = { radix: 10, prefix: '' };
const NOTATIONS: Readonly<Record<string, Notation>> = {
  d: DECIMAL,
  i: DECIMAL,
  u: DECIMAL,
  o: { radix: 8, prefix: '0o' },
  x: { radix: 16, prefix: '0x' },
  X: { radix: 16, prefix: '0X' },
};

function formatNumber(value: number, { radix, prefix }: Notation, format: Format): string {
  const { flags, width, precision, conversion } = format;
  const sign = value < 0 ? '-' : flags.includes('+') ? '+' : flags.includes(' ') ? ' ' : '';
  const before = sign + (flags.includes('#') ? prefix : '');
  const zeroFilled = flags.includes('0') && !flags.includes('-') ? width - before.length : 0;
  const digits = Math.abs(value).toString(radix);
  const shown = conversion === 'X' ? digits.toUpperCase() : digits;
  const filled = shown.padStart(Math.max(precision ?? 0, zeroFilled), '0');
  return padded(before + filled, width, flags);
}

/** Characters are counted, not the halves of which JavaScript counts two for some. */
function padded(text: string, width: number, flags: string): string {
  const missing = width - [...text].length;
  if (missing <= 0) return text;
  return flags.includes('-') ? text + ' '.repeat(missing) : ' '.repeat(missing) + text;
}

/** Python counts parentheses within the name. */
function closingParenthesis(text: string, openAt: number): number {
  let depth = 0;
  for (let at = openAt; at < text.length; at += 1) {
    if (text[at] === '(') depth += 1;
    if (text[at] === ')') depth -= 1;
    if (depth === 0) return at;
  }
  return -1;
}

function lookUp(name: string, variables: Variables): string | number | undefined {
  return variables.find((layer) => layer.has(name))?.get(name);
}

const ENV = 'ENV_';

/** The prefix is left out of the comparison: with it, all short names would be near each other. */
function suggestion(name: string, variables: Variables): string | null {
  const names = variables.flatMap((layer) => [...layer.keys()]);
  if (names.includes(ENV + name)) return `did you mean ${ENV}${name}?`;
  const prefix = name.startsWith(ENV) ? ENV : '';
  const alike = names.filter((one) => one.startsWith(ENV) === (prefix !== ''));
  const near = nearest(
    name.slice(prefix.length),
    alike.map((one) => one.slice(prefix.length)),
  );
  return near === null ? null : `did you mean ${prefix}${near}?`;
}

const NAME_SHOWN_MAX = 60;
const shortName = (name: string): string =>
  name.length > NAME_SHOWN_MAX ? `${name.slice(0, NAME_SHOWN_MAX)}…` : name;

const numberOrNull = (digits: string | undefined): number | null =>
  digits === undefined ? null : Number(digits);

const wrong = (message: string, hint: string | null) => ({ ok: false, message, hint }) as const;
