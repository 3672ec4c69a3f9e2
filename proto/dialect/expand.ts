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
export type Variables = readonly VariableLayer[];

/** A map, or what can be asked like one. */
interface VariableLayer {
  readonly has: (name: string) => boolean;
  /** Null: what should give it a value is wrong itself, and that is told there. */
  readonly get: (name: string) => string | number | null | undefined;
  readonly keys: () => Iterable<string>;
}

export type Expanded =
  | { readonly ok: true; readonly text: string }
  /** Empty where nothing but the value of a variable is missing. */
  | { readonly ok: false; readonly mistakes: readonly ExpansionMistake[] };

interface ExpansionMistake {
  readonly message: string;
  /** As text, or how to search for it. */
  readonly hint: string | null | (() => string | null);
}

/** All mistakes of a text are told, but this many say enough. */
const MISTAKES_MAX = 20;

export function expand(text: string, variables: Variables): Expanded {
  const mistakes: ExpansionMistake[] = [];
  let result = '';
  let isKnown = true;
  let from = 0;
  for (let at = text.indexOf('%'); at !== -1; at = text.indexOf('%', from)) {
    result += text.slice(from, at);
    const { end, ...piece } = expandOne(text, at, variables);
    from = end;
    if (piece.kind === 'text') result += piece.text;
    else isKnown = false;
    if (piece.kind === 'wrong' && !isTold(piece.mistake, mistakes)) mistakes.push(piece.mistake);
    if (mistakes.length === MISTAKES_MAX) break;
  }
  return isKnown ? { ok: true, text: result + text.slice(from) } : { ok: false, mistakes };
}

/** Who writes one percent sign alone writes others so. */
const isTold = ({ hint }: ExpansionMistake, before: readonly ExpansionMistake[]): boolean =>
  hint === DOUBLE_IT && before.some((mistake) => mistake.hint === DOUBLE_IT);

const DOUBLE_IT = 'write %% for a percent sign';

/** `ENV_X` for each variable of an environment. */
export function environmentVariables(
  entries: Iterable<readonly [string, string | undefined]>,
): ReadonlyMap<string, string> {
  const variables = new Map<string, string>();
  for (const [name, value] of entries) if (value !== undefined) variables.set(ENV + name, value);
  return variables;
}

/** The variables of an environment that could not be read: whatever is named may be there. */
export const UNREAD_ENVIRONMENT: Variables[number] = {
  has: (name) => name.startsWith(ENV),
  get: () => null,
  keys: () => [],
};

type Formatted =
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'wrong'; readonly mistake: ExpansionMistake };

type Piece = (Formatted | { readonly kind: 'unknowable' }) & { readonly end: number };

/** What may follow `%(name)`: flags, width, precision, a length that means nothing, conversion. */
const FORMAT = /([-+ #0]*)(\d*)(?:\.(\d*))?[hlL]?([a-zA-Z])/y;

/** A longer padding is a mistake, and must not cost gigabytes. */
const WIDTH_MAX = 1000;

function expandOne(text: string, percentAt: number, variables: Variables): Piece {
  const next = text[percentAt + 1];
  if (next === '%') return { kind: 'text', text: '%', end: percentAt + 2 };
  if (next !== '(') {
    const shown = quoted(text.slice(percentAt, percentAt + 2));
    return { ...wrong(`found ${shown}, expected %(name)s`, DOUBLE_IT), end: percentAt + 1 };
  }
  const close = closingParenthesis(text, percentAt + 1);
  if (close === -1) return { ...wrong('found "%(" without its ")"', DOUBLE_IT), end: text.length };
  const name = text.slice(percentAt + 2, close);
  FORMAT.lastIndex = close + 1;
  const match = FORMAT.exec(text);
  if (match === null) {
    const message = `expected a letter after %(${shortName(name)})`;
    return { ...wrong(message, `write %(${shortName(name)})s`), end: close + 1 };
  }
  const [whole, flags = '', width = '', precision, conversion = ''] = match;
  const end = close + 1 + whole.length;
  const value = lookUp(name, variables);
  if (value === null) return { kind: 'unknowable', end };
  if (value === undefined) {
    const message = `no variable is named ${quoted(name)}`;
    return { ...wrong(message, () => suggestion(name, variables)), end };
  }
  const format = { flags, width: Number(width), precision: numberOrNull(precision), conversion };
  return { ...formatValue(name, value, format), end };
}

interface Format {
  readonly flags: string;
  readonly width: number;
  readonly precision: number | null;
  readonly conversion: string;
}

function formatValue(name: string, value: string | number, format: Format): Formatted {
  const { flags, width, precision, conversion } = format;
  if (width > WIDTH_MAX || (precision ?? 0) > WIDTH_MAX) {
    return wrong(`%(${shortName(name)}) is wider than ${WIDTH_MAX} characters`, null);
  }
  if (conversion === 's' || conversion === 'r') {
    const whole = conversion === 'r' && typeof value === 'string' ? repr(value) : String(value);
    const shown = precision === null ? whole : [...whole].slice(0, precision).join('');
    return { kind: 'text', text: padded(shown, width, flags) };
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
  return { kind: 'text', text: formatNumber(value, notation, format) };
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

function lookUp(name: string, variables: Variables): string | number | null | undefined {
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

const wrong = (message: string, hint: ExpansionMistake['hint']) =>
  ({ kind: 'wrong', mistake: { message, hint } }) as const;
