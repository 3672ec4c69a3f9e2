/**
 * Each kind of value is read as Supervisor's own converter reads it (supervisor.datatypes), over
 * generated texts. Where we differ on purpose, the difference stands here with its reason; one that
 * is never met has gone stale and fails.
 */
import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { constants, tmpdir } from 'node:os';
import { isAbsolute, join, resolve } from 'node:path';
import { after, test } from 'node:test';
import { logTable } from '../../agent/config/log.ts';
import { existingDirectory, writablePath } from '../../agent/config/paths.ts';
import { autoRestart, exitCodes, name, orZero, signalName } from '../../agent/config/values.ts';
import { nodeConfigFiles } from '../../proto/dialect/node-files.ts';
import type { Parser } from '../../proto/dialect/settings.ts';
import {
  boolean,
  bytes,
  environment,
  integer,
  list,
  seconds,
  umask,
} from '../../proto/dialect/values.ts';
import { findPython, judge, SEED, sample } from './dialect/judge.ts';

interface Comparison {
  /** In supervisor.datatypes. */
  readonly converter: string;
  readonly parser: Parser<unknown>;
  readonly pieces: readonly string[];
  /** Their value in our terms. */
  readonly inOurs?: (theirs: never) => unknown;
  /** Our value as it is compared. */
  readonly ours?: (value: never) => unknown;
  readonly onPurpose: readonly Difference[];
}

interface Difference {
  readonly why: string;
  /** `theirs` is in our terms; null means refused, on either side. */
  readonly covers: (case_: { text: string; theirs: unknown; ours: unknown }) => boolean;
}

const REFUSED = null;
const isRefusedHere = (ours: unknown): boolean => ours === REFUSED;

const otherDigits: Difference = {
  why: 'only the digits 0 to 9: others look like a slip, and are hard to see',
  covers: ({ text, ours }) => /(?!\d)\p{Nd}/u.test(text) && isRefusedHere(ours),
};
const tooLarge: Difference = {
  why: 'a number that JavaScript cannot hold exactly is refused, not rounded',
  covers: ({ theirs, ours }) =>
    typeof theirs === 'number' && theirs > 2 ** 53 && isRefusedHere(ours),
};

const NUMBERS = [
  ...['0', '1', '9', '12', '007', '-', '+', '_', ' ', '\n', '\u00a0', '.', 'e', '0x', '٣', '５'],
  ...['3600', '86400', '999999999999', 'ten', ''],
];
const SIZES = [...NUMBERS, 'kb', 'KB', 'mb', 'MB', 'Gb', ' MB', 'b', 'k', 'TB', '50', '10'];

const home = mkdtempSync(join(tmpdir(), 'dialect-values-'));
after(() => rmSync(home, { recursive: true }));
mkdirSync(join(home, 'logs'));
writeFileSync(join(home, 'file'), '');
const absolute = (path: string) => (isAbsolute(path) ? path : join(process.cwd(), path));
const finder = { absolute, isDirectory: nodeConfigFiles.isDirectory };
const PATHS = [
  ...['/', '~', '~/', 'logs', 'file', 'none', 'x.log', '.', '..', ' ', '\n', 'é'],
  ...[
    `${home}/`,
    `${home}/logs/`,
    `${home}/logs/x.log`,
    `${home}/none/x`,
    '~/logs',
    '~root/',
    'none/..',
  ],
];
const pathDifferences: readonly Difference[] = [
  {
    why: 'no path has a line break in it: the value goes on where it was not meant to',
    covers: ({ text, ours }) => text.includes('\n') && isRefusedHere(ours),
  },
  {
    why: 'the homes of other users are not looked up: the name is one like others, told as missing',
    covers: ({ text }) => text.startsWith('~root'),
  },
  {
    why: '`a/..` and `a/.` are taken away before anybody looks whether there is an `a`',
    covers: ({ text, theirs, ours }) =>
      /\/\.\.?(?:\/|$)/.test(text) && theirs === REFUSED && ours !== REFUSED,
  },
  {
    why: 'nothing at all is no path',
    covers: ({ text, ours }) => text === '' && isRefusedHere(ours),
  },
];

const ALL: readonly Comparison[] = [
  {
    converter: 'boolean',
    parser: boolean,
    pieces: ['yes', 'no', 'True', 'FALSE', 'on', 'off', '0', '1', ' ', 'y', 'true', 'false', 'Yes'],
    onPurpose: [],
  },
  {
    converter: 'integer',
    parser: integer({ min: Number.MIN_SAFE_INTEGER }),
    pieces: NUMBERS,
    onPurpose: [
      otherDigits,
      {
        ...tooLarge,
        covers: ({ theirs, ours }) => Math.abs(Number(theirs)) > 2 ** 53 && isRefusedHere(ours),
      },
    ],
  },
  {
    converter: 'integer',
    parser: orZero(seconds),
    pieces: NUMBERS,
    inOurs: (found: number) => found * 1000 + 0,
    onPurpose: [
      otherDigits,
      {
        why: 'less than no time is none, which is what Supervisor makes of it',
        covers: ({ theirs, ours }) => Number(theirs) < 0 && ours === 0,
      },
      {
        why: 'more than a century cannot be added to a time',
        covers: ({ theirs, ours }) => Number(theirs) > 3.1e12 && isRefusedHere(ours),
      },
    ],
  },
  {
    converter: 'byte_size',
    parser: bytes,
    pieces: SIZES,
    onPurpose: [
      otherDigits,
      tooLarge,
      {
        why: 'a negative size is 0, which is what Supervisor then does with it',
        covers: ({ theirs, ours }) => Number(theirs) < 0 && ours === 0,
      },
    ],
  },
  {
    converter: 'octal_type',
    parser: umask,
    pieces: ['0', '7', '2', '022', '0o', '0O', '8', '_', '-', '+', ' ', '777', '1', '0b', '\n'],
    onPurpose: [
      {
        why: 'permissions go from 000 to 777; umask(2) cuts other numbers without a word',
        covers: ({ theirs, ours }) =>
          (Number(theirs) < 0 || Number(theirs) > 0o777) && isRefusedHere(ours),
      },
    ],
  },
  {
    converter: 'list_of_strings',
    parser: list('names'),
    pieces: ['a', 'b', 'web 1', ',', ',', ' ', '\n', '\t', ':', '\u00a0', '\u0085', '*', 'é'],
    onPurpose: [
      {
        why: 'an item of nothing, as after a last comma, is left out; a line end ends an item too',
        covers: ({ theirs, ours }) => {
          const items = (theirs as string[]).flatMap((item) => item.split('\n'));
          const wanted = items.map((item) => item.replace(/^[\s\u0085]+|[\s\u0085]+$/g, ''));
          assert.deepEqual(ours, wanted.filter(Boolean));
          return true;
        },
      },
    ],
  },
  {
    converter: 'dict_of_key_value_pairs',
    parser: environment,
    pieces: [
      ...['A', 'B', '=', '=', ',', ',', '"x,y"', "'z'", '""', '1', ' ', '\n', '#', '\\', '@', 'é'],
      ...['A="1",', "B='2',", 'C=/a:b', '"', ' , ', 'D=1\n'],
    ],
    ours: (pairs: ReadonlyMap<string, string>) => Object.fromEntries(pairs),
    onPurpose: [],
  },
  {
    converter: 'auto_restart',
    parser: autoRestart,
    pieces: ['true', 'false', 'Unexpected', 'unexpected', '1', 'no', ' ', 'always', 'OFF', 'yes'],
    inOurs: (found: string | false) =>
      found === false ? 'never' : found === 'RestartUnconditionally' ? 'always' : 'unexpected',
    onPurpose: [],
  },
  {
    converter: 'list_of_exitcodes',
    parser: exitCodes,
    pieces: ['0', '1', '2', '255', '256', ',', ',', ' ', '-1', '+2', '1_0', '\n', 'x', '٣', '-0'],
    onPurpose: [otherDigits],
  },
  {
    converter: 'signal_number',
    parser: signalName(constants.signals),
    pieces: [
      ...['TERM', 'SIG', 'sig', 'term', '15', '9', '0', '1', '64', '34', 'RTMIN', 'RTMAX', 'CLD'],
      ...['USR1', ' ', '+', '-', '_', '_DFL', '_IGN', '_BLOCK', '999', 'POLL', 'IO', 'QUIT', '\n'],
      ...['WINCH', 'KILL', 'STOP', 'PWR', 'STKFLT', 'ABRT', 'IOT', 'x', '35'],
    ],
    ours: (signal: string) => {
      const numbers: Readonly<Record<string, number>> = constants.signals;
      return numbers[`SIG${signal}`] ?? Number(signal);
    },
    onPurpose: [
      {
        why: 'Python keeps SIG_DFL, SIG_IGN and their like beside the signals; they are none',
        covers: ({ text, ours }) =>
          (/_(?:DFL|IGN|BLOCK)/i.test(text) || Number(text) === 0) && isRefusedHere(ours),
      },
    ],
  },
  {
    converter: 'process_or_group_name',
    parser: name,
    pieces: ['a', 'web', ' ', '\t', '\n', ':', '/', '.', 'ä', '_', '-', '\u0001', '\u00a0', '😀'],
    onPurpose: [
      {
        why: 'a name is a word and a part of file names: no white space or control character in it, not "", "." or ".."',
        covers: ({ theirs, ours }) =>
          typeof theirs === 'string' && /[\s\p{Cc}]|^\.{0,2}$/u.test(theirs) && isRefusedHere(ours),
      },
    ],
  },
  {
    converter: 'logfile_name',
    parser: logTable(finder, []).stdout_logfile.parser,
    pieces: [
      ...PATHS,
      'AUTO',
      'auto',
      'NONE',
      'none',
      'Off',
      'syslog',
      '/dev/stdout',
      '/dev/stderr',
    ],
    inOurs: (found: string | null) => {
      if (found === 'Automatic') return { kind: 'auto' };
      if (found === 'Syslog') return { kind: 'syslog' };
      if (found === null || found === '') return { kind: 'none' };
      const descriptor = ['/dev/stdout', '/dev/stderr'].indexOf(found) + 1;
      return descriptor > 0
        ? { kind: 'standard', descriptor }
        : { kind: 'file', path: resolve(found) };
    },
    ours: ({ target, isSyslog }: { target: { kind: string; path: string }; isSyslog: boolean }) => {
      if (isSyslog) return { kind: 'syslog' };
      return target.kind === 'file' ? { kind: 'file', path: resolve(target.path) } : target;
    },
    onPurpose: pathDifferences.slice(0, 3),
  },
  {
    converter: 'existing_dirpath',
    parser: writablePath(finder, 'a path'),
    pieces: PATHS,
    inOurs: (found: string) => resolve(found),
    ours: (found: string) => resolve(found),
    onPurpose: pathDifferences,
  },
  {
    converter: 'existing_directory',
    parser: existingDirectory(finder),
    pieces: PATHS,
    inOurs: (found: string) => resolve(found),
    ours: (found: string) => resolve(found),
    onPurpose: pathDifferences.slice(1, 3),
  },
];

const python = findPython('supervisor.datatypes');
const skip = python === null && 'supervisor (4.2) is not installed for python3';

const TEXTS_EACH = 1200;
const questions = ALL.map(({ pieces }) => [
  ...new Set(['', ...pieces, ...sample(pieces, 4, TEXTS_EACH)]),
]);

/** One array of answers for each comparison. */
function askSupervisor(): readonly (readonly (readonly [unknown] | null)[])[] {
  const value = ALL.flatMap(({ converter }, at) =>
    (questions[at] ?? []).map((text) => [converter, text] as const),
  );
  const answers = python === null ? [] : judge({ value }, { python, env: { HOME: home } }).value;
  let from = 0;
  return questions.map((texts) => {
    from += texts.length;
    return answers.slice(from - texts.length, from) as (readonly [unknown] | null)[];
  });
}

const answers = askSupervisor();

ALL.forEach((comparison, at) => {
  const { converter, parser, inOurs, ours: shown, onPurpose } = comparison;
  test(`${parser.expected}: as ${converter} reads it`, { skip }, () => {
    const met = new Set<Difference>();
    let taken = 0;
    questions[at]?.forEach((text, index) => {
      const answer = answers[at]?.[index] ?? null;
      const theirs = answer && (inOurs ? inOurs(answer[0] as never) : answer[0]);
      const parsed = parser.parse(text, { here: home, home });
      const ours = parsed.ok ? (shown ? shown(parsed.value as never) : parsed.value) : REFUSED;
      if (parsed.ok && answer !== null) taken += 1;
      if (isSame(ours, theirs)) return;
      const difference = onPurpose.find(({ covers }) => covers({ text, theirs, ours }));
      const told = JSON.stringify({ text, supervisor: theirs, ours });
      assert.ok(difference !== undefined, `seed ${SEED}: ${told}`);
      met.add(difference);
    });
    assert.ok(taken >= 5, `only ${taken} were taken by both`);
    for (const one of onPurpose) assert.ok(met.has(one), `never met: ${one.why}`);
  });
});

function isSame(one: unknown, other: unknown): boolean {
  try {
    assert.deepEqual(one, other);
    return true;
  } catch {
    return false;
  }
}
