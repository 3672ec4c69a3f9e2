/**
 * The kinds of values that only program sections have. The rules are Supervisor's (datatypes.py);
 * what cannot be done yet is refused or said, never quietly done otherwise.
 */
import { dirname } from 'node:path/posix';
import { quoted } from '../../proto/dialect/problem.ts';
import type { Parser } from '../../proto/dialect/settings.ts';
import { expandHome, FALSY, TRUTHY } from '../../proto/dialect/values.ts';
import type { AutoRestart, LogTarget } from '../core/definition.ts';

export interface AgentUser {
  readonly uid: number;
  readonly name: string;
}

/** A group or process name as it may stand before or after the colon of `group:name`. */
export const name: Parser<string> = {
  expected: 'a name without white space, ":" or "/"',
  parse: (text) =>
    /^[^\s\p{Cc}:/]+$/u.test(text) && text !== '.' && text !== '..'
      ? { ok: true, value: text }
      : { ok: false },
};

export const autoRestart: Parser<AutoRestart> = {
  expected: 'true, false or unexpected',
  parse: (text) => {
    const lower = text.toLowerCase();
    if (lower === 'unexpected') return { ok: true, value: 'unexpected' };
    if (TRUTHY.includes(lower)) return { ok: true, value: 'always' };
    return FALSY.includes(lower) ? { ok: true, value: 'never' } : { ok: false };
  },
};

/** An empty list is one: then no exit is expected. */
export const exitCodes: Parser<readonly number[]> = {
  expected: 'exit codes from 0 to 255, separated by commas',
  parse: (text) => {
    if (text === '') return { ok: true, value: [] };
    const codes = text.split(',').map((code) => code.trim());
    const allFit = codes.every((code) => /^\d+$/.test(code) && Number(code) <= 255);
    return allFit ? { ok: true, value: codes.map(Number) } : { ok: false };
  },
};

/** A name or a number, `SIG` and case at will; the value is the name without `SIG`. */
export const signalName = (signals: Readonly<Record<string, number>>): Parser<string> => ({
  expected: 'a signal such as TERM, INT, QUIT, HUP, KILL, USR1 or USR2',
  parse: (text) => {
    const wanted = `SIG${text.toUpperCase().replace(/^SIG/, '')}`;
    const found = Object.entries(signals).find(
      ([signal, number]) => signal === wanted || (/^\d+$/.test(text) && number === Number(text)),
    );
    return found === undefined ? { ok: false } : { ok: true, value: found[0].slice('SIG'.length) };
  },
});

/**
 * `user`, which may say only what is so already. To run a program as somebody else than the
 * configuration says would be worse than not to run it.
 */
export const sameUser = (user: AgentUser): Parser<string> => ({
  expected: `the user as whom the agent runs (${user.name})`,
  parse: (text) =>
    text === user.name || text === String(user.uid)
      ? { ok: true, value: text }
      : {
          ok: false,
          why:
            `${quoted(text)} is not the user as whom the agent runs (${user.name}, uid ${user.uid}); ` +
            'switching users comes in a later version',
        },
});

/**
 * `AUTO`, `NONE`, `off` or a path, relative to the agent's working directory as in Supervisor. A
 * directory that is not there is told now, not when output is lost.
 */
export const logFile = (directoryExists: (directory: string) => boolean): Parser<LogTarget> => ({
  expected: 'a path, AUTO or NONE',
  parse: (text, { home }) => {
    const lower = text.toLowerCase();
    if (lower === 'auto') return { ok: true, value: { kind: 'auto' } };
    if (lower === 'none' || lower === 'off' || lower === '') {
      return { ok: true, value: { kind: 'none' } };
    }
    if (lower === 'syslog') {
      const doubt = 'syslog is not supported yet; the output goes to an AUTO file, so none is lost';
      return { ok: true, value: { kind: 'auto' }, doubt };
    }
    if (text.includes('\n')) return { ok: false };
    const path = expandHome(text, home);
    const directory = dirname(path);
    if (!directoryExists(directory)) {
      return { ok: false, why: `there is no directory ${quoted(directory)}` };
    }
    return { ok: true, value: { kind: 'file', path } };
  },
});
