/**
 * Reads a configuration with the files that its `[include]` names, into one document (Supervisor
 * options.py, `read_config`): patterns relative to the including file, each one's matches in
 * sorted order, no match is told, and an included file includes nothing further.
 *
 * Different on purpose: a matching file that cannot be read is an error. Supervisor passes over it,
 * and the programs in it are gone without a word.
 */
import { dirname, isAbsolute, join } from 'node:path/posix';
import { findFiles } from './glob.ts';
import type { IniDocument, IniSection } from './ini.ts';
import { mergeDocuments } from './merge.ts';
import { quoted } from './problem.ts';
import { type Reading, readContext, readDocument, readMainDocument } from './read-document.ts';
import { checkKeys, findEntry, readValues, required, subjectOf } from './settings.ts';
import { text } from './values.ts';
import { splitAtSpaces } from './white-space.ts';

const INCLUDE = { files: required(text('file names or patterns, separated by spaces')) };

/** Null where the main file cannot be read; `findings` tells everything that is wrong. */
export function readWithIncludes(path: string, reading: Reading): IniDocument | null {
  const main = readMainDocument(path, reading);
  const include = main?.sections.get('include');
  if (main === null || include === undefined) return main;
  return mergeDocuments([main, ...readIncluded(include, main, reading)]);
}

function readIncluded(
  include: IniSection,
  main: IniDocument,
  reading: Reading,
): readonly IniDocument[] {
  checkKeys(include, { known: ['files'], notYet: [], unknownIs: 'warning' }, reading.findings);
  const values = readValues(include, INCLUDE, readContext(reading, main));
  if (values === null) return [];
  const entry = findEntry(include, 'files', main.defaults);
  const subject = subjectOf(include, entry);
  const base = subject.place.source.directory;
  return splitAtSpaces(values.files).flatMap((pattern) => {
    const absolute = isAbsolute(pattern) ? pattern : join(base, pattern);
    const found = findFiles(absolute, reading.files).map((file) => readDocument(file, reading));
    if (found.every(({ kind }) => kind === 'missing' || kind === 'directory')) {
      // A directory for such files stays empty for as long as there are none.
      const isExpected = WILDCARD.test(pattern) && reading.files.isDirectory(dirname(absolute));
      const tell = reading.findings[isExpected ? 'notice' : 'warning'];
      tell(subject, `no file matches ${quoted(pattern)}`);
    }
    const documents = found.flatMap((one) => (one.kind === 'document' ? [one.document] : []));
    for (const document of documents) warnOfFurtherInclude(document, reading);
    return documents;
  });
}

const WILDCARD = /[*?[]/;

function warnOfFurtherInclude(document: IniDocument, reading: Reading): void {
  const further = document.sections.get('include');
  if (further === undefined) return;
  const message = 'has no effect here: an included file includes nothing further';
  reading.findings.warning(subjectOf(further, null), message);
}
