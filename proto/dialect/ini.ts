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
import { NOT_SPACE, SPACE, strip, stripEnd } from './white-space.ts';

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
  /** Of `[DEFAULT]`, those that mean something else here than elsewhere; see `merge.ts`. */
  readonly settledDefaults: ReadonlyMap<string, IniEntry>;
}

export interface IniDocument {
  /** Of several files, the one that includes the others. */
  readonly source: Source;
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
  const sections = mapValues(reader.sections, finishSection);
  return { source, sections, defaults: finish(reader.defaults) };
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

const finishSection = ({ name, place, entries }: OpenSection): IniSection => ({
  name,
  place,
  entries: finish(entries),
  settledDefaults: new Map(),
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
