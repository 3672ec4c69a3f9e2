/**
 * `env_file`: variables that are kept out of the configuration, mostly because they are secrets. The
 * files are read with the configuration, so that what it asks for is known as a whole and a reread
 * sees what has changed in them.
 */

import { parseEnvFile } from '../../proto/dialect/env-file.ts';
import type { IniSection } from '../../proto/dialect/ini.ts';
import { quoted, type Subject } from '../../proto/dialect/problem.ts';
import type { Reading } from '../../proto/dialect/read-document.ts';
import { findEntry, type Parser, subjectOf } from '../../proto/dialect/settings.ts';
import { expandHome } from '../../proto/dialect/values.ts';
import { strip } from '../../proto/dialect/white-space.ts';
import type { PathFinder } from './paths.ts';
import type { ProgramContext } from './program-table.ts';

type Variables = ReadonlyMap<string, string>;

export interface EnvFiles {
  /** Null where it cannot be used; what is wrong in the file itself is told once. */
  readonly read: (path: string, namedBy: Subject) => Variables | null;
}

/** More than the system would hand over to a program. */
const SIZE_MAX_BYTES = 1024 ** 2;

/** Remembers what it has read: many processes share one file, and a pipe can be read only once. */
export function createEnvFiles({ files, findings }: Reading): EnvFiles {
  const known = new Map<string, Read>();
  return {
    read: (path, namedBy) => {
      const found = known.get(path) ?? readFile(path, { files, findings });
      known.set(path, found);
      if (found.kind === 'missing') findings.error(namedBy, found.why, found.hint);
      return found.kind === 'read' ? found.values : null;
    },
  };
}

/** Absolute paths; nothing at all is none, so that a program can do without that of `[DEFAULT]`. */
export const envFilePaths = (finder: PathFinder): Parser<readonly string[]> => ({
  expected: 'paths of files with KEY=VALUE lines, separated by commas',
  parse: (text, { home }) => {
    const paths = text.split(/[,\n]/).map(strip);
    const absolute = paths.flatMap((path) =>
      path === '' ? [] : [finder.absolute(expandHome(path, home))],
    );
    return { ok: true, value: absolute };
  },
});

/** Of several files the later count; null where one of them cannot be used. */
export function readEnvFiles(
  section: IniSection,
  { env_file: paths }: { readonly env_file?: readonly string[] },
  { context, envFiles }: ProgramContext,
): Variables | null {
  if (paths === undefined) return null;
  const subject = subjectOf(section, findEntry(section, 'env_file', context.defaults));
  const all = paths.map((path) => envFiles.read(path, subject));
  const found = all.filter((one) => one !== null);
  return found.length < all.length ? null : new Map(found.flatMap((one) => [...one]));
}

type Read =
  | { readonly kind: 'read'; readonly values: Variables }
  | { readonly kind: 'wrong' }
  /** For whoever names it. */
  | { readonly kind: 'missing'; readonly why: string; readonly hint: string | null };

function readFile(path: string, { files, findings }: Pick<Reading, 'files' | 'findings'>): Read {
  const found = files.readText(path, SIZE_MAX_BYTES);
  switch (found.kind) {
    case 'missing':
      return { kind: 'missing', why: `there is no file ${quoted(path)}`, hint: RELATIVE };
    case 'directory':
      return { kind: 'missing', why: `${quoted(path)} is a directory, not a file`, hint: null };
    case 'unreadable':
      return { kind: 'missing', why: `${quoted(path)} cannot be read: ${found.why}`, hint: null };
    case 'text':
      break;
  }
  const { values, errors, warnings } = parseEnvFile(found.text);
  const source = { file: path, directory: '/' };
  const at = (line: number): Subject => ({ place: { source, line }, section: null, key: null });
  for (const { line, message, hint } of errors) findings.error(at(line), message, hint);
  for (const { line, message, hint } of warnings) findings.warning(at(line), message, hint);
  return errors.length > 0 ? { kind: 'wrong' } : { kind: 'read', values };
}

const RELATIVE =
  'a relative path counts from the directory in which the agent was started; %(here)s/… from that of this file';
