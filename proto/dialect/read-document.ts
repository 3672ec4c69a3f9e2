/**
 * From a path to a parsed file. Here the surroundings enter (environment, host name, working
 * directory), as values handed in by `main.ts`, so that everything behind this is repeatable.
 */
import { dirname, isAbsolute, join } from 'node:path/posix';
import { environmentVariables, type Variables } from './expand.ts';
import type { ConfigFiles } from './files.ts';
import { type IniDocument, parseIni } from './ini.ts';
import { createFindings, type Findings } from './problem.ts';
import type { ReadContext } from './settings.ts';

export interface Surroundings {
  readonly env: Readonly<Record<string, string | undefined>>;
  /** What `%(host_node_name)s` means. */
  readonly hostName: string;
  /** Absolute; relative paths on a command line start here. */
  readonly workingDirectory: string;
  readonly files: ConfigFiles;
}

/** What every step of reading one configuration needs; made new for each reading. */
export interface Reading {
  readonly files: ConfigFiles;
  /** A path as written, counted from the working directory. */
  readonly absolute: (path: string) => string;
  readonly variables: Variables;
  readonly home: string | null;
  readonly findings: Findings;
}

export function beginReading(surroundings: Surroundings): Reading {
  const { env, hostName, workingDirectory, files } = surroundings;
  const host = new Map([['host_node_name', hostName]]);
  return {
    files,
    absolute: (path) => (isAbsolute(path) ? path : join(workingDirectory, path)),
    variables: [host, environmentVariables(Object.entries(env))],
    home: env['HOME'] || null,
    findings: createFindings(),
  };
}

export const readContext = (reading: Reading, document: IniDocument): ReadContext => ({
  defaults: document.defaults,
  variables: reading.variables,
  home: reading.home,
  findings: reading.findings,
});

/** Null where there is no such file, or it cannot be read; the latter is told in `findings`. */
export function readDocument(
  path: string,
  reading: Reading,
):
  | { readonly kind: 'document'; readonly document: IniDocument }
  | { readonly kind: 'missing' | 'directory' | 'unreadable' } {
  const absolute = reading.absolute(path);
  const source = { file: path, directory: dirname(absolute) };
  const found = reading.files.readText(absolute);
  if (found.kind === 'text') {
    return { kind: 'document', document: parseIni(found.text, source, reading.findings) };
  }
  if (found.kind === 'unreadable') {
    const subject = { place: { source, line: 0 }, section: null, key: null };
    reading.findings.error(subject, `cannot be read: ${found.why}`);
  }
  return { kind: found.kind };
}

/** The main file of a program, which must be there: null otherwise, and `findings` says why. */
export function readMainDocument(path: string, reading: Reading): IniDocument | null {
  const found = readDocument(path, reading);
  if (found.kind === 'document') return found.document;
  const source = { file: path, directory: dirname(reading.absolute(path)) };
  const subject = { place: { source, line: 0 }, section: null, key: null };
  if (found.kind === 'missing') reading.findings.error(subject, 'there is no such file');
  if (found.kind === 'directory') reading.findings.error(subject, 'is a directory, not a file');
  return null;
}
