/**
 * Where the output of a process goes: `stdout_logfile`, `stderr_logfile` and their limits
 * (Supervisor options.py).
 */
import type { IniSection } from '../../proto/dialect/ini.ts';
import {
  findEntry,
  optional,
  type ReadContext,
  subjectOf,
  type Values,
} from '../../proto/dialect/settings.ts';
import { bytes, integer } from '../../proto/dialect/values.ts';
import type { LogDefinition, LogTarget } from '../core/definition.ts';
import { logFile } from './values.ts';

const LOG_BYTES = 50 * 1024 * 1024;
const LOG_BACKUPS = 10;
const AUTO: LogTarget = { kind: 'auto' };

/** `directoryExists` takes paths as written: relative ones count from the working directory. */
export function logTable(directoryExists: (directory: string) => boolean) {
  const file = optional(logFile(directoryExists), AUTO);
  const maxBytes = optional(bytes, LOG_BYTES);
  const backups = optional(integer({ min: 0 }), LOG_BACKUPS);
  return {
    stdout_logfile: file,
    stdout_logfile_maxbytes: maxBytes,
    stdout_logfile_backups: backups,
    stderr_logfile: file,
    stderr_logfile_maxbytes: maxBytes,
    stderr_logfile_backups: backups,
  };
}

type LogValues = Values<ReturnType<typeof logTable>>;

export function defineLogs(
  section: IniSection,
  logs: LogValues,
  read: { readonly redirectStderr: boolean; readonly context: ReadContext },
): { readonly stdoutLog: LogDefinition; readonly stderrLog: LogDefinition } {
  const { redirectStderr, context } = read;
  const stderrLog = defineLog(section, 'stderr', logs, context);
  return {
    stdoutLog: defineLog(section, 'stdout', logs, context),
    stderrLog: redirectStderr ? redirected(section, stderrLog, context) : stderrLog,
  };
}

function defineLog(
  section: IniSection,
  stream: 'stdout' | 'stderr',
  logs: LogValues,
  context: ReadContext,
): LogDefinition {
  const target = logs[`${stream}_logfile`];
  const maxBytes = logs[`${stream}_logfile_maxbytes`];
  if (target.kind === 'auto' && maxBytes === 0) {
    const entry = findEntry(section, `${stream}_logfile_maxbytes`, context.defaults);
    const message = 'an AUTO log that is never rotated can fill the disk';
    context.findings.warning(subjectOf(section, entry), message);
  }
  return { target, maxBytes, backups: logs[`${stream}_logfile_backups`] };
}

/** Nothing is left to write there; a file that was named nevertheless is worth a word. */
function redirected(section: IniSection, log: LogDefinition, context: ReadContext): LogDefinition {
  if (log.target.kind === 'file') {
    const entry = findEntry(section, 'stderr_logfile', context.defaults);
    const message = 'is not written, because redirect_stderr is true';
    context.findings.warning(subjectOf(section, entry), message);
  }
  return { ...log, target: { kind: 'none' } };
}
