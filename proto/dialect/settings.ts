/**
 * Reads one section against a table of the keys that it may have, and gives typed values or every
 * problem in it. The tables are the reference of what can be configured; `docs/configuration.md`
 * says the same in words.
 *
 * Two answers are kept apart: `readValues` judges what is written, `checkKeys` what is written but
 * nobody would read, which is what a typing error looks like.
 */
import { didYouMean } from './did-you-mean.ts';
import { expand, type Variables } from './expand.ts';
import type { IniEntry, IniSection } from './ini.ts';
import { type Findings, quoted, type Subject } from './problem.ts';

interface ParseContext {
  /** Directory of the file that the value stands in, absolute. */
  readonly here: string;
  /** What `~` means; null where the environment has no HOME. */
  readonly home: string | null;
}

export type Parsed<Value> =
  /** `doubt` becomes a warning, `note` a notice. */
  | {
      readonly ok: true;
      readonly value: Value;
      readonly doubt?: string | null;
      readonly note?: string | null;
    }
  /** Without `why` the message is "expected …, found …"; with it, the value is not shown. */
  | { readonly ok: false; readonly why?: string };

export interface Parser<Value> {
  /** Completes "expected …". */
  readonly expected: string;
  readonly parse: (text: string, context: ParseContext) => Parsed<Value>;
  /** A `%` means percent here; nothing is expanded. */
  readonly isLiteral?: boolean;
}

export interface Setting<Value> {
  readonly parser: Parser<Value>;
  /** What an absent key means; null: it must be there. */
  readonly fallback: { readonly value: Value } | null;
}

export const required = <Value>(parser: Parser<Value>): Setting<Value> => ({
  parser,
  fallback: null,
});

export const optional = <Value, Fallback>(
  parser: Parser<Value>,
  value: Fallback,
): Setting<Value | Fallback> => ({ parser, fallback: { value } });

export type Settings = Readonly<Record<string, Setting<unknown>>>;

export type Values<Table extends Settings> = {
  readonly [Key in keyof Table]: Table[Key] extends Setting<infer Value> ? Value : never;
};

export interface ReadContext {
  /** `[DEFAULT]`, as parsed. */
  readonly defaults: ReadonlyMap<string, IniEntry>;
  /** Without `here`, which depends on the file of each value. */
  readonly variables: Variables;
  readonly home: string | null;
  readonly findings: Findings;
}

/** The typed values of a section; null where any was wrong, which `findings` then tells. */
export function readValues<Table extends Settings>(
  section: IniSection,
  table: Table,
  context: ReadContext,
): Values<Table> | null {
  const values = readPartly(section, table, context);
  return isWhole(values, table) ? values : null;
}

/** The same without those keys that are wrong, for judging the others beside them. */
export function readPartly<Table extends Settings>(
  section: IniSection,
  table: Table,
  context: ReadContext,
): Partial<Values<Table>> {
  const values = Object.entries(table).flatMap(([key, setting]) => {
    const found = readOne(section, key, setting, context);
    return found === null ? [] : [[key, found.value] as const];
  });
  // Each key got a value of its own parser; the type system cannot follow the loop.
  return Object.fromEntries(values) as Partial<Values<Table>>;
}

/** True where no key was wrong. */
export function isWhole<Table extends Settings>(
  values: Partial<Values<Table>>,
  table: Table,
): values is Values<Table> {
  return Object.keys(values).length === Object.keys(table).length;
}

/** The entry that counts for a key in a section: its own, else that of `[DEFAULT]`. */
export function findEntry(
  section: IniSection,
  key: string,
  defaults: ReadonlyMap<string, IniEntry>,
): IniEntry | null {
  const own = section.entries.get(key) ?? section.settledDefaults.get(key);
  return own ?? defaults.get(key) ?? null;
}

/** An entry that is inherited is told where it stands: once, however many sections inherit it. */
export const subjectOf = (section: IniSection, entry: IniEntry | null): Subject => {
  const isInherited = entry !== null && section.entries.get(entry.key) !== entry;
  return {
    place: entry?.place ?? section.place,
    section: isInherited ? 'DEFAULT' : section.name,
    key: entry?.key ?? null,
  };
};

export interface KnownKeys {
  /** Keys that are read, or that may stand there without effect on us. */
  readonly known: Iterable<string>;
  /** Keys that mean something, but not to this version. */
  readonly notYet: Iterable<string>;
  /** Supervisor ignores keys that it does not know, so in its sections they are warnings. */
  readonly unknownIs: 'error' | 'warning';
}

/** Texts with which a switch or a limit asks for nothing. */
const ASKS_FOR_NOTHING = /^(?:no|false|off|0|none|auto|)$/i;

/** Tells about the keys of a section that nothing reads. */
export function checkKeys(section: IniSection, keys: KnownKeys, findings: Findings): void {
  const known = new Set(keys.known);
  const notYet = new Set(keys.notYet);
  for (const entry of section.entries.values()) {
    const subject = subjectOf(section, entry);
    if (known.has(entry.key)) continue;
    if (!notYet.has(entry.key)) {
      const hint = () => didYouMean(entry.key, [...known, ...notYet]);
      findings[keys.unknownIs](subject, 'this key is not known', hint);
    } else if (!ASKS_FOR_NOTHING.test(entry.value)) {
      const kind = section.name.split(':', 1)[0];
      const message = 'is not supported yet and has no effect (told once)';
      findings.noticeOnce(`not yet: ${kind} ${entry.key}`, subject, message);
    }
  }
}

/** The text of an entry after expansion; null where that failed, which is then told. */
function expandEntry(section: IniSection, entry: IniEntry, context: ReadContext): string | null {
  if (!entry.value.includes('%')) return entry.value;
  const here = new Map([['here', entry.place.source.directory]]);
  const expanded = expand(entry.value, [here, ...context.variables]);
  if (expanded.ok) return expanded.text;
  const subject = subjectOf(section, entry);
  for (const { message, hint } of expanded.mistakes) {
    context.findings.error(subject, message, hint);
  }
  return null;
}

function readOne<Value>(
  section: IniSection,
  key: string,
  setting: Setting<Value>,
  context: ReadContext,
): { readonly value: Value } | null {
  const { parser, fallback } = setting;
  const entry = findEntry(section, key, context.defaults);
  if (entry === null) {
    if (fallback !== null) return fallback;
    const subject = { ...subjectOf(section, null), key };
    context.findings.error(subject, `is missing; expected ${parser.expected}`);
    return null;
  }
  const text = parser.isLiteral ? entry.value : expandEntry(section, entry, context);
  if (text === null) return null;
  const here = entry.place.source.directory;
  const parsed = parser.parse(text, { here, home: context.home });
  const subject = subjectOf(section, entry);
  if (parsed.ok) {
    if (parsed.doubt) context.findings.warning(subject, parsed.doubt);
    if (parsed.note) context.findings.notice(subject, parsed.note);
    return { value: parsed.value };
  }
  const message = parsed.why ?? `expected ${parser.expected}, found ${quoted(text)}`;
  context.findings.error(subject, message);
  return null;
}
