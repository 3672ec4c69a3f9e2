/**
 * Where the output of a process goes: `stdout_logfile`, `stderr_logfile` and their limits
 * (Supervisor options.py).
 */
import type { Variables } from '../../proto/dialect/expand.ts';
import type { IniSection } from '../../proto/dialect/ini.ts';
import {
  findEntry,
  optional,
  type Parser,
  type ReadContext,
  subjectOf,
  type Values,
} from '../../proto/dialect/settings.ts';
import { boolean, bytes, integer } from '../../proto/dialect/values.ts';
import type { LogDefinition, LogTarget } from '../core/definition.ts';
import { type PathFinder, standardDescriptor, writablePath } from './paths.ts';
import { expandedTwice } from './twice.ts';
import { orZero } from './values.ts';

const LOG_BYTES = 50 * 1024 * 1024;
const LOG_BACKUPS = 10;
const AUTO: LogFile = { target: { kind: 'auto' }, isSyslog: false };

/** `variables` are those that the keys themselves are expanded with. */
export function logTable(finder: PathFinder, variables: Variables) {
  const file = optional(expandedTwice(logFile(finder), variables), AUTO);
  const maxBytes = optional(orZero(bytes), LOG_BYTES);
  const backups = optional(orZero(integer({ min: 0 })), LOG_BACKUPS);
  const syslog = optional(boolean, false);
  return {
    stdout_logfile: file,
    stdout_logfile_maxbytes: maxBytes,
    stdout_logfile_backups: backups,
    stdout_syslog: syslog,
    stderr_logfile: file,
    stderr_logfile_maxbytes: maxBytes,
    stderr_logfile_backups: backups,
    stderr_syslog: syslog,
  };
}

type LogValues = Values<ReturnType<typeof logTable>>;

interface LogDefinitions {
  readonly stdoutLog: LogDefinition;
  readonly stderrLog: LogDefinition;
}

/** What is the same for both logs of a process. */
interface BothLogs {
  readonly redirect_stderr: boolean;
  readonly log_timestamps: boolean;
}

export function defineLogs(
  logs: LogValues,
  { redirect_stderr: redirectStderr, log_timestamps: timestamps }: BothLogs,
): LogDefinitions {
  const stderrLog = { ...defineLog('stderr', logs), timestamps };
  return {
    stdoutLog: { ...defineLog('stdout', logs), timestamps },
    // Nothing is left to write there.
    stderrLog: redirectStderr
      ? { ...stderrLog, target: { kind: 'none' }, syslog: false }
      : stderrLog,
  };
}

function defineLog(
  stream: 'stdout' | 'stderr',
  logs: LogValues,
): Omit<LogDefinition, 'timestamps'> {
  const { target, isSyslog } = logs[`${stream}_logfile`];
  return {
    target,
    syslog: isSyslog || logs[`${stream}_syslog`],
    maxBytes: logs[`${stream}_logfile_maxbytes`],
    backups: logs[`${stream}_logfile_backups`],
  };
}

/** Tells of what can be done but is hardly meant. What is not there is wrong, and has been told. */
export function warnOfLogs(
  section: IniSection,
  logs: Partial<LogValues> & { readonly redirect_stderr?: boolean },
  { defaults, findings }: ReadContext,
): void {
  const warn = (key: string, message: string) =>
    findings.warning(subjectOf(section, findEntry(section, key, defaults)), message);
  for (const stream of ['stdout', 'stderr'] as const) {
    const isAuto = logs[`${stream}_logfile`]?.target.kind === 'auto';
    if (isAuto && logs[`${stream}_logfile_maxbytes`] === 0) {
      warn(`${stream}_logfile_maxbytes`, 'an AUTO log that is never rotated can fill the disk');
    }
  }
  if (logs.redirect_stderr === true && logs.stderr_logfile?.target.kind === 'file') {
    warn('stderr_logfile', 'is not written, because redirect_stderr is true');
  }
}

interface LogFile {
  readonly target: LogTarget;
  /** `syslog` in place of a file. */
  readonly isSyslog: boolean;
}

/** `AUTO`, `NONE`, `off`, `syslog`, or a path; nothing at all is `NONE`, as in Supervisor. */
const logFile = (finder: PathFinder): Parser<LogFile> => {
  const file = writablePath(finder, 'a path, AUTO or NONE');
  const only = (target: LogTarget, isSyslog = false) =>
    ({ ok: true, value: { target, isSyslog } }) as const;
  return {
    expected: file.expected,
    parse: (text, context) => {
      const lower = text.toLowerCase();
      if (lower === 'auto') return only({ kind: 'auto' });
      if (['none', 'off', ''].includes(lower)) return only({ kind: 'none' });
      if (lower === 'syslog') return only({ kind: 'none' }, true);
      const parsed = file.parse(text, context);
      if (!parsed.ok) return parsed;
      const descriptor = standardDescriptor(parsed.value);
      return descriptor === null
        ? only({ kind: 'file', path: parsed.value })
        : only({ kind: 'standard', descriptor });
    },
  };
};
