/**
 * Reads the text of one configuration file into sections and entries, exactly as Supervisor does:
 * Python's `RawConfigParser(inline_comment_prefixes=(';', '#'), strict=False)`, which the
 * integration test `dialect-python` holds it to. No npm package reads this dialect.
 *
 * The rules that surprise: a comment within a line needs white space before it; an indented line
 * continues the value above it, even across empty lines and comments; equal sections merge and the
 * last of equal keys wins; `[DEFAULT]` stands behind every section. Different on purpose: all
 * faults are told, not the first, and a byte order mark is skipped.
 */
import type { Findings, Place, Source } from './problem.ts';

export interface IniEntry {
  /** In lower case. */
  readonly key: string;
  /** Lines of a continued value are joined by newlines. */
  readonly value: string;
  readonly place: Place;
}

export interface IniSection {
  readonly name: string;
  readonly place: Place;
  readonly entries: ReadonlyMap<string, IniEntry>;
}

export interface IniDocument {
  readonly sections: ReadonlyMap<string, IniSection>;
  /** Of `[DEFAULT]`; they count in every section that does not say otherwise. */
  readonly defaults: ReadonlyMap<string, IniEntry>;
}

export function parseIni(text: string, source: Source, findings: Findings): IniDocument {
  const reader: Reader = {
    source,
    findings,
    sections: new Map(),
    defaults: new Map(),
    section: null,
    entry: null,
    indent: 0,
    headerMissed: false,
  };
  const lines = text.replace(/^\uFEFF/, '').split(/\r\n|\r|\n/);
  lines.forEach((line, index) => {
    readLine(reader, line, index + 1);
  });
  return { sections: mapValues(reader.sections, finishSection), defaults: finish(reader.defaults) };
}

/** Later documents add to earlier ones; their entries win. */
export function mergeDocuments(documents: readonly IniDocument[]): IniDocument {
  const sections = new Map<string, IniSection>();
  const defaults = new Map<string, IniEntry>();
  for (const document of documents) {
    for (const [key, entry] of document.defaults) defaults.set(key, entry);
    for (const [name, section] of document.sections) {
      const before = sections.get(name);
      const entries = before && new Map([...before.entries, ...section.entries]);
      sections.set(name, before && entries ? { ...before, entries } : section);
    }
  }
  return { sections, defaults };
}

interface OpenEntry {
  readonly key: string;
  readonly lines: string[];
  readonly place: Place;
}

interface OpenSection {
  readonly name: string;
  readonly place: Place;
  readonly entries: Map<string, OpenEntry>;
}

interface Reader {
  readonly source: Source;
  readonly findings: Findings;
  readonly sections: Map<string, OpenSection>;
  readonly defaults: Map<string, OpenEntry>;
  section: { readonly name: string; readonly entries: Map<string, OpenEntry> } | null;
  /** The entry that an indented line would continue. */
  entry: OpenEntry | null;
  /** Of the last line that began something. */
  indent: number;
  headerMissed: boolean;
}

function readLine(reader: Reader, line: string, lineNumber: number): void {
  const commentAt = findComment(line);
  const content = strip(commentAt === null ? line : line.slice(0, commentAt));
  if (content === '') {
    // An empty line belongs to the value around it; a comment does not.
    if (commentAt === null) reader.entry?.lines.push('');
    return;
  }
  const indent = line.search(NOT_SPACE);
  if (reader.entry !== null && indent > reader.indent) {
    reader.entry.lines.push(content);
    return;
  }
  reader.indent = indent;
  const place = { source: reader.source, line: lineNumber };
  const header = sectionName(content);
  if (header === null) readEntry(reader, content, place);
  else openSection(reader, header, place);
}

function openSection(reader: Reader, name: string, place: Place): void {
  reader.entry = null;
  if (name === 'DEFAULT') {
    reader.section = { name, entries: reader.defaults };
    return;
  }
  const known = reader.sections.get(name);
  const section = known ?? { name, place, entries: new Map<string, OpenEntry>() };
  if (known === undefined) reader.sections.set(name, section);
  reader.section = section;
}

function readEntry(reader: Reader, content: string, place: Place): void {
  if (reader.section === null) {
    // Once: every line up to the first section has the same fault.
    if (!reader.headerMissed) {
      const subject = { place, section: null, key: null };
      reader.findings.error(subject, 'expected a [section] before the first key');
    }
    reader.headerMissed = true;
    return;
  }
  const delimiterAt = content.search(/[=:]/);
  const key = strip(content.slice(0, Math.max(0, delimiterAt))).toLowerCase();
  if (delimiterAt === -1 || key === '') {
    // What is indented below belongs to the entry above, but not to a key without a name.
    if (delimiterAt !== -1) reader.entry = null;
    const subject = { place, section: reader.section.name, key: null };
    // The line itself is not shown: it may be the rest of a value that holds a secret.
    const message = 'expected "key = value", found neither that nor a [section]';
    const hint = 'a value that goes on over several lines needs each of them indented';
    reader.findings.error(subject, message, hint);
    return;
  }
  reader.entry = { key, lines: [strip(content.slice(delimiterAt + 1))], place };
  reader.section.entries.set(key, reader.entry);
}

/** Up to the last bracket, as Python's greedy pattern does; what follows it is ignored. */
function sectionName(content: string): string | null {
  if (!content.startsWith('[')) return null;
  const end = content.lastIndexOf(']');
  return end < 2 ? null : content.slice(1, end);
}

/**
 * Where the comment of a line begins, or null. Python looks at the n-th `;` and the n-th `#` of a
 * line together, and ends with the first n at which one of them follows white space; so a later
 * `;` can win over an earlier `#`. Kept, because a working file must mean the same here.
 */
function findComment(line: string): number | null {
  const first = line.search(NOT_SPACE);
  if (line[first] === '#' || line[first] === ';') return 0;
  let semicolon = line.indexOf(';');
  let hash = line.indexOf('#');
  while (semicolon !== -1 || hash !== -1) {
    const found = [semicolon, hash].filter((at) => at !== -1 && startsComment(line, at));
    if (found.length > 0) return Math.min(...found);
    if (semicolon !== -1) semicolon = line.indexOf(';', semicolon + 1);
    if (hash !== -1) hash = line.indexOf('#', hash + 1);
  }
  return null;
}

const startsComment = (line: string, at: number): boolean =>
  at === 0 || SPACE.test(line.charAt(at - 1));

/** Python's idea of white space (`str.isspace`), which is not that of JavaScript's `\s`. */
const SPACE_CLASS =
  '\\t-\\r\\x1c-\\x20\\x85\\xa0\\u1680\\u2000-\\u200a\\u2028\\u2029\\u202f\\u205f\\u3000';
const SPACE = new RegExp(`[${SPACE_CLASS}]`);
const NOT_SPACE = new RegExp(`[^${SPACE_CLASS}]`);

function strip(text: string): string {
  const start = text.search(NOT_SPACE);
  return start === -1 ? '' : stripEnd(text.slice(start));
}

/** A loop, because a pattern anchored at the end is quadratic on long runs of white space. */
function stripEnd(text: string): string {
  let end = text.length;
  while (end > 0 && SPACE.test(text.charAt(end - 1))) end -= 1;
  return text.slice(0, end);
}

const finishSection = ({ name, place, entries }: OpenSection): IniSection => ({
  name,
  place,
  entries: finish(entries),
});

const finish = (entries: ReadonlyMap<string, OpenEntry>): ReadonlyMap<string, IniEntry> =>
  mapValues(entries, ({ key, lines, place }) => ({
    key,
    value: stripEnd(lines.join('\n')),
    place,
  }));

const mapValues = <From, To>(
  map: ReadonlyMap<string, From>,
  change: (value: From) => To,
): ReadonlyMap<string, To> => new Map([...map].map(([key, value]) => [key, change(value)]));
