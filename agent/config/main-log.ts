/**
 * `logfile` and its companions in `[supervisord]`: the agent's own log, besides the one on stderr
 * that it always writes. Where Supervisor writes `supervisord.log` wherever it was started, because
 * nothing is said, the agent writes no file.
 */
import { optional, type Parser, type Values } from '../../proto/dialect/settings.ts';
import { bytes, integer } from '../../proto/dialect/values.ts';
import { type PathFinder, standardDescriptor, writablePath } from './paths.ts';
import { orZero } from './values.ts';

export interface MainLogSettings {
  /** Absolute; null: no file. */
  readonly path: string | null;
  /** 0: never rotated. */
  readonly maxBytes: number;
  readonly backups: number;
  /** Null: nothing is said. */
  readonly level: MainLogLevel | null;
}

/** Levels of pino. */
export type MainLogLevel = 'fatal' | 'error' | 'warn' | 'info' | 'debug' | 'trace';

export const MAIN_LOG_FALLBACKS = {
  logfile: null,
  logfile_maxbytes: 50 * 1024 * 1024,
  logfile_backups: 10,
  loglevel: null,
};

export const mainLogTable = (finder: PathFinder) => ({
  logfile: optional(logFile(finder), MAIN_LOG_FALLBACKS.logfile),
  logfile_maxbytes: optional(orZero(bytes), MAIN_LOG_FALLBACKS.logfile_maxbytes),
  logfile_backups: optional(orZero(integer({ min: 0 })), MAIN_LOG_FALLBACKS.logfile_backups),
  loglevel: optional(logLevel, MAIN_LOG_FALLBACKS.loglevel),
});

export function defineMainLog(values: Values<ReturnType<typeof mainLogTable>>): MainLogSettings {
  const path = values.logfile;
  const isFile = path !== null && standardDescriptor(path) === null;
  return {
    path,
    // What is behind a descriptor cannot be renamed.
    maxBytes: isFile ? values.logfile_maxbytes : 0,
    backups: values.logfile_backups,
    level: values.loglevel,
  };
}

const STDERR = 2;

const logFile = (finder: PathFinder): Parser<string | null> => {
  const file = writablePath(finder, 'a path');
  return {
    expected: file.expected,
    parse: (text, context) => {
      if (text === 'syslog') {
        const note =
          'the log goes to stderr, from where systemd takes it to journal and syslog; no file is written';
        return { ok: true, value: null, note };
      }
      const parsed = file.parse(text, context);
      const isCopy = parsed.ok && standardDescriptor(parsed.value) === STDERR;
      return isCopy || text === '/dev/null' ? { ok: true, value: null } : parsed;
    },
  };
};

/** Supervisor's (loggers.py) beside ours: it has two below debug. */
const LEVELS: Readonly<Record<string, MainLogLevel>> = {
  critical: 'fatal',
  error: 'error',
  warn: 'warn',
  info: 'info',
  debug: 'debug',
  trace: 'trace',
  blather: 'trace',
};

const logLevel: Parser<MainLogLevel> = {
  expected: `one of ${Object.keys(LEVELS).join(', ')}`,
  parse: (text) => {
    const lower = text.toLowerCase();
    const level = Object.hasOwn(LEVELS, lower) ? LEVELS[lower] : undefined;
    return level === undefined ? { ok: false } : { ok: true, value: level };
  },
};
