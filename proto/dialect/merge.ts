/**
 * Lays the files of one configuration over one another, in the order in which they are read: equal
 * sections become one, and of equal keys the last wins.
 *
 * One rule surprises. Supervisor replaces `%(here)s` each time it has read a file, also in what a
 * section has from `[DEFAULT]` (options.py, `expand_here`). So `directory = %(here)s` in the
 * `[DEFAULT]` of the main file means, for a program of `conf.d/web.conf`, the directory `conf.d`;
 * and it stays, even where a later `[DEFAULT]` says something else.
 */
import type { IniDocument, IniEntry, IniSection } from './ini.ts';
import type { Source } from './problem.ts';

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
    // Sections of earlier files have settled what was there before them.
    const brings = [...document.defaults.values()].some(namesHere);
    const unsettled = brings ? sections.keys() : document.sections.keys();
    settleHere([...unsettled], { sections, defaults, source: document.source });
  }
  const [first] = documents;
  if (first === undefined) throw new Error('there is always a main file');
  return { source: first.source, sections, defaults };
}

const namesHere = ({ value }: IniEntry): boolean => value.includes('%(here)s');

function settleHere(
  names: readonly string[],
  merged: {
    readonly sections: Map<string, IniSection>;
    readonly defaults: ReadonlyMap<string, IniEntry>;
    /** Of the file that was read last. */
    readonly source: Source;
  },
): void {
  const { sections, defaults, source } = merged;
  const entries = [...defaults.values()].filter(namesHere);
  if (entries.length === 0) return;
  for (const name of names) {
    const section = sections.get(name);
    if (section === undefined) continue;
    const settled = new Map(section.settledDefaults);
    for (const entry of entries) {
      if (section.entries.has(entry.key) || settled.has(entry.key)) continue;
      settled.set(entry.key, { ...entry, place: within(entry, source.directory) });
    }
    sections.set(name, { ...section, settledDefaults: settled });
  }
}

/** Problems still name the file and line where the value stands. */
const within = ({ place }: IniEntry, directory: string): IniEntry['place'] => ({
  ...place,
  source: { ...place.source, directory },
});
