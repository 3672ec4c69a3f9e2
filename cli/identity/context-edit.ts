/**
 * Puts a context into the text of a person's configuration, and touches nothing else in it: comments,
 * order and other sections stay as they are. Pure.
 */
import { type IniDocument, parseIni } from '../../proto/dialect/ini.ts';
import { createFindings } from '../../proto/dialect/problem.ts';

/** File names count from the directory of the configuration. */
export interface ContextEntries {
  /** `host:port` */
  readonly controller: string;
  readonly ca: string;
  readonly cert: string;
  readonly key: string;
}

/** @returns the new text; the first context of a file becomes its default */
export function withContext(text: string, name: string, entries: ContextEntries): string {
  const isFirst = ![...parsed(text).sections.keys()].some((section) => /^context:/.test(section));
  const based = isFirst ? withEntries(text, 'fleetctl', { context: name }) : text;
  return withEntries(based, sectionOf(text, name), { ...entries });
}

/** As it is written there: white space around the name counts for nothing. */
function sectionOf(text: string, name: string): string {
  const written = [...parsed(text).sections.keys()].find(
    (section) => section.startsWith('context:') && section.slice('context:'.length).trim() === name,
  );
  return written ?? `context:${name}`;
}

type Entries = Readonly<Record<string, string>>;

/**
 * In place where that can be done safely. Else below all the rest: sections of the same name are one,
 * and the last of equal keys counts.
 */
function withEntries(text: string, section: string, entries: Entries): string {
  const edited = editedInPlace(text, section, entries);
  return edited !== null && isRight(text, edited, section, entries)
    ? edited
    : appended(text, section, entries);
}

function appended(text: string, section: string, entries: Entries): string {
  const end = endOfLine(text);
  const lines = Object.entries(entries).map(([key, value]) => `${key} = ${value}${end}`);
  const before = text === '' || /[\r\n]$/.test(text) ? text : `${text}${end}`;
  const gap = before.trim() === '' ? '' : end;
  return `${before}${gap}[${section}]${end}${lines.join('')}`;
}

function editedInPlace(text: string, section: string, entries: Entries): string | null {
  const found = parsed(text).sections.get(section);
  if (found === undefined) return null;
  const lines = text.match(/[^\r\n]*(?:\r\n|\r|\n|$)/g) ?? [];
  const missing: string[] = [];
  for (const [key, value] of Object.entries(entries)) {
    const entry = found.entries.get(key);
    if (entry === undefined) {
      missing.push(`${key} = ${value}`);
      continue;
    }
    const line = lines[entry.place.line - 1] ?? '';
    const at = line.indexOf(entry.value, line.search(/[=:]/) + 1);
    if (entry.value === '' || at < 0) return null;
    lines[entry.place.line - 1] = line.slice(0, at) + value + line.slice(at + entry.value.length);
  }
  const [first] = [...found.entries.values()].map(({ place }) => lines[place.line - 1] ?? '');
  const indent = /^\s*/.exec(first ?? '')?.[0] ?? '';
  const inserted = missing.map((entry) => `${indent}${entry}${endOfLine(text)}`);
  const header = lines[found.place.line - 1] ?? '';
  if (inserted.length > 0 && !/[\r\n]$/.test(header)) return null;
  lines.splice(found.place.line, 0, ...inserted);
  return lines.join('');
}

/** What was to be set is, and everything else means what it meant. */
function isRight(before: string, after: string, section: string, entries: Entries): boolean {
  const expected = meaning(parsed(before));
  for (const [key, value] of Object.entries(entries)) {
    expected.set(JSON.stringify([section, key]), value);
  }
  const actual = meaning(parsed(after));
  return (
    actual.size === expected.size &&
    [...expected].every(([entry, value]) => actual.get(entry) === value)
  );
}

function meaning({ sections, defaults }: IniDocument): Map<string, string> {
  const all = new Map<string, string>();
  for (const { key, value } of defaults.values()) all.set(JSON.stringify([null, key]), value);
  for (const { name, entries } of sections.values()) {
    for (const { key, value } of entries.values()) all.set(JSON.stringify([name, key]), value);
  }
  return all;
}

/** What is wrong with it is judged elsewhere, before and after. */
function parsed(text: string): IniDocument {
  return parseIni(text, { file: '', directory: '' }, createFindings());
}

function endOfLine(text: string): string {
  return /\r\n|\r|\n/.exec(text)?.[0] ?? '\n';
}
