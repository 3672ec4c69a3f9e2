/**
 * The grammar of the files that `env_file` names: `KEY=VALUE` lines, as shells and compose files know
 * them. Where those two disagree it is strict, so that a file means here what it means there or is
 * told of, and never quietly something else. Nothing is interpolated: `$` is a character.
 *
 * Values are secrets more often than not: no problem ever shows one, or a piece of a line.
 */

export interface EnvFile {
  readonly values: ReadonlyMap<string, string>;
  /** Of an erroneous line nothing is taken. */
  readonly errors: readonly EnvFileProblem[];
  /** What is taken, but was hardly meant. */
  readonly warnings: readonly EnvFileProblem[];
}

interface EnvFileProblem {
  /** From 1. */
  readonly line: number;
  readonly message: string;
  readonly hint: string | null;
}

export function parseEnvFile(text: string): EnvFile {
  const values = new Map<string, string>();
  const lineOf = new Map<string, number>();
  const errors: EnvFileProblem[] = [];
  const warnings: EnvFileProblem[] = [];
  const lines = withoutByteOrderMark(text).split(/\r?\n/);
  let index = 0;
  while (index < lines.length) {
    const line = index + 1;
    const parsed = readAssignment(lines, index);
    index = parsed.kind === 'nothing' ? index + 1 : parsed.next;
    if (parsed.kind === 'wrong') errors.push({ line, ...parsed.mistake });
    if (parsed.kind !== 'assignment') continue;
    const { key, value } = parsed;
    const before = lineOf.get(key);
    if (before !== undefined) {
      const message = `${key} is set in line ${before} already; the later value counts`;
      warnings.push({ line, message, hint: null });
    }
    if (parsed.looksInterpolated) warnings.push({ line, ...NOT_INTERPOLATED });
    lineOf.set(key, line);
    values.set(key, value);
  }
  return { values, errors, warnings };
}

const NOT_INTERPOLATED = {
  message: 'the value has a variable in it ("$…"), which is not replaced here: "$" is a character',
  hint: 'in single quotes it is one everywhere, and this is not told',
};

interface Mistake {
  readonly message: string;
  readonly hint: string | null;
}

type Assignment =
  /** Of one line: blank, or a comment. */
  | { readonly kind: 'nothing' }
  | { readonly kind: 'wrong'; readonly mistake: Mistake; readonly next: number }
  | {
      readonly kind: 'assignment';
      readonly key: string;
      readonly value: string;
      readonly looksInterpolated: boolean;
      /** Index of the first line behind it: what is quoted may have several. */
      readonly next: number;
    };

/** Dots and dashes are no shell's, but Java's and compose's. A longer one is a piece of something. */
const KEY = /^[A-Za-z_][A-Za-z0-9_.-]{0,254}$/;
const BLANK_OR_COMMENT = /^[ \t]*(?:#|$)/;
const EXPORT = /^export[ \t]+/;

function readAssignment(lines: readonly string[], index: number): Assignment {
  const line = lines[index] ?? '';
  if (BLANK_OR_COMMENT.test(line)) return { kind: 'nothing' };
  const next = index + 1;
  const statement = line.replace(/^[ \t]+/, '').replace(EXPORT, '');
  const equalsAt = statement.indexOf('=');
  if (equalsAt === -1) return wrong(next, 'expected KEY=VALUE, found no "="', KEY_ALONE);
  const key = statement.slice(0, equalsAt);
  const mistake = mistakeOfKey(key);
  if (mistake !== null) return wrong(next, mistake);
  const behind = statement.slice(equalsAt + 1);
  const written = stripBegin(behind);
  switch (written[0]) {
    case "'":
    case '"':
      return readQuoted(lines, { index, key, written, quote: written[0] });
    default:
      return unquoted(key, behind, next);
  }
}

const KEY_ALONE = 'write KEY= for an empty value; a text of several lines needs quotes around it';

/** It is not shown: where a quotation mark is missing, it is a piece of a value. */
function mistakeOfKey(key: string): string | null {
  if (KEY.test(key)) return null;
  const trimmed = stripEnd(key);
  if (trimmed !== key && KEY.test(trimmed)) return 'found white space in front of "="';
  if (trimmed === '') return 'expected KEY=VALUE, found nothing in front of "="';
  return 'expected KEY=VALUE, where KEY has letters, digits, "_", "." and "-", and begins with a letter or "_"';
}

const VARIABLE = /\$[A-Za-z_{]/;

/** To the end of the line, or to a `#` after white space: of `KEY=#1` it is a part. */
function unquoted(key: string, behind: string, next: number): Assignment {
  const comment = /[ \t]#/.exec(behind);
  const written = comment === null ? behind : behind.slice(0, comment.index);
  const value = stripBegin(stripEnd(written));
  return { kind: 'assignment', key, value, looksInterpolated: VARIABLE.test(value), next };
}

const stripBegin = (text: string): string => text.replace(/^[ \t]+/, '');

interface Quoted {
  readonly index: number;
  readonly key: string;
  /** From the opening mark. */
  readonly written: string;
  readonly quote: "'" | '"';
}

function readQuoted(lines: readonly string[], { index, key, written, quote }: Quoted): Assignment {
  const pieces: string[] = [];
  let rest = written.slice(1);
  for (let at = index; at < lines.length; at += 1) {
    if (at > index) rest = lines[at] ?? '';
    const closeAt = closingMark(rest, quote);
    if (closeAt === -1) {
      pieces.push(rest);
      continue;
    }
    pieces.push(rest.slice(0, closeAt));
    const next = at + 1;
    if (!AFTER_QUOTES.test(rest.slice(closeAt + 1))) {
      const where = at === index ? '' : `, in line ${next},`;
      return wrong(
        next,
        `found text after the closing ${quote} of ${key}${where}`,
        ESCAPING[quote],
      );
    }
    return quoted(key, pieces.join('\n'), { quote, next });
  }
  const message = `the ${quote} with which the value of ${key} begins is never closed`;
  return wrong(lines.length, message, ESCAPING[quote]);
}

const AFTER_QUOTES = /^[ \t]*$|^[ \t]+#/;

const ESCAPING = {
  "'": 'nothing can be escaped within single quotes; use double quotes, and \\" for one within them',
  '"': 'write \\" for a double quote within double quotes',
} as const;

/** -1: not in this line. */
function closingMark(text: string, quote: "'" | '"'): number {
  if (quote === "'") return text.indexOf(quote);
  for (let at = 0; at < text.length; at += 1) {
    if (text[at] === quote) return at;
    if (text[at] === '\\') at += 1;
  }
  return -1;
}

function quoted(
  key: string,
  inner: string,
  { quote, next }: Pick<Quoted, 'quote'> & { readonly next: number },
): Assignment {
  if (quote === "'") {
    return { kind: 'assignment', key, value: inner, looksInterpolated: false, next };
  }
  const unknown = inner.replaceAll(KNOWN_ESCAPE, '').includes('\\');
  if (unknown) {
    const message = `the value of ${key} has a backslash before something else than \\ " $ n r t`;
    return wrong(next, message, 'write \\\\ for a backslash, or use single quotes');
  }
  const looksInterpolated = VARIABLE.test(inner.replaceAll(KNOWN_ESCAPE, ''));
  const value = inner.replaceAll(KNOWN_ESCAPE, (_, escaped: string) => ESCAPED[escaped] ?? escaped);
  return { kind: 'assignment', key, value, looksInterpolated, next };
}

const KNOWN_ESCAPE = /\\([\\"$nrt])/g;
const ESCAPED: Readonly<Record<string, string>> = { n: '\n', r: '\r', t: '\t' };

/** A loop, because a pattern anchored at the end is quadratic on long runs of white space. */
function stripEnd(text: string): string {
  let end = text.length;
  while (end > 0 && (text[end - 1] === ' ' || text[end - 1] === '\t')) end -= 1;
  return text.slice(0, end);
}

const withoutByteOrderMark = (text: string): string => text.replace(/^\u{feff}/u, '');

const wrong = (next: number, message: string, hint: string | null = null): Assignment => ({
  kind: 'wrong',
  mistake: { message, hint },
  next,
});
