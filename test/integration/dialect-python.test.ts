/**
 * Python is the judge of the dialect: tens of thousands of generated texts, and the hand-made ones
 * that hurt, must mean here what they mean to `configparser`, `%` and `shlex`, which Supervisor is
 * made of. One python3 process judges all.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseKeyValues } from '../../proto/dialect/environment.ts';
import { expand } from '../../proto/dialect/expand.ts';
import { type IniEntry, parseIni } from '../../proto/dialect/ini.ts';
import { createFindings } from '../../proto/dialect/problem.ts';
import { cannotParse, splitWords } from '../../proto/dialect/words.ts';
import { assertSame, judge, sample } from './dialect/judge.ts';

const INI_PIECES = [
  ...['[s]', '[t]', '[DEFAULT]', '[', ']', 'a', 'B', 'c d', '=', ' = ', ':', ' : ', ';', '#', ' ;'],
  ...[' #', '\t#', ' ', '  ', '\t', '\n', '\n', '\n', '\n ', '\n\n', '\r\n', '\r', '\r\n  '],
  ...['\u000b', '\f', '\u001c', '\u0085', '\u00a0', '\u2028', '\uFEFF', 'İ', 'ß', '"', '%', '😀'],
];
const LINE_PIECES = [
  ...['\n[s]\n', '\n[t] ; x\n', '\n[DEFAULT]\n', '\na = 1', '\nb: 2 ; c', '\n  more', '\n\t; c'],
  ...['\n', '\n\n', '\r\n', '\na=x;y', '\na=x ;y', '\n  c = d', '\n    e = f', '\n# c', ' # c'],
  ...['\nA = 3', ' and', ' #;', ';#', '\n  [u]', '\n=x', '\nnothing'],
];
/** Nearly always right, so that the values are compared and not only the faults. */
const SOUND_LINES = [
  ...['[program:web]', '[s] ; c', '[DEFAULT]', '[group:g] rest', '[a]b]', '  [s]', '[S]', '[ s ]'],
  ...['command = run --x ; c', 'command=/bin/sh -c "a;b"', 'KEY : v # c', 'key=', 'other =   '],
  ...['  more', '\tmore', ' a = 1', '    deep = 2', '', '', ' ', '; c', '  # c', '\t;', '#'],
  ...['environment = A="1",', '    B="x ; y",', '    C="#"', 'k = v;w #x ;y', 'k\u00a0= v\u00a0'],
  ...[
    'ÄÖ = ü',
    'k = "quoted"',
    'x = [y]',
    'url = http://h:1/?a=b#c',
    'k = \u3000;c',
    'a:b=c',
    'a=b:c',
  ],
];
const LINE_ENDS = ['\n', '\n', '\n', '\r\n', '\r', '\n\n'];
const INI_BY_HAND = [
  '',
  'a = 1\n[s]',
  '[s]\n  a = 1\n b = 2\n   c\n',
  '[s]\na =\n  1\n  2\n',
  '[s]\na = 1\n\n\n  2\n\n[s]\n  3\n',
  '[s]\na = 1\nwrong\n  goes on\n=empty\n  goes on\nb = 2',
  '[s]\ncommand = /bin/sh -c "a ; b"\nenvironment = A="1", ; c\n  B="2"\n',
  '[s] [t]\n[]\n[ ]\na=1',
  '[s]\na = 1#2 #3 ;4\nb = 1;2 ;3 #4\nc = ;x\nd =;x\n',
  '\uFEFF[s]\r\na=1\r\r\n b\n',
  '[__proto__]\n__proto__ = 1\nconstructor = 2\n[constructor]\ntoString=',
];

const ENVIRONMENT_PIECES = [
  ...['A', 'B', '=', '=', '=', ',', ',', '"', "'", '"x y"', "'z'", '""', '1', ' ', '\n', '\t', '#'],
  ...['\\', '/.+-():', '_', '@', '?', ';', 'é', '😀', '%', '\r', '\u00a0', 'A="1",', "B='2',"],
];
const SOUND_PAIRS = [
  ...[
    'A="1"',
    "B='2'",
    'C=3',
    'D="a,b"',
    'E=/usr/bin:/bin',
    'F=""',
    'G="it\'s"',
    "H='\"'",
    'I=a"b"',
  ],
  ...[
    ',',
    ',',
    ',',
    ', ',
    ',\n  ',
    ' , ',
    '\n',
    '# c\n',
    'J="x#y"',
    'K=-1',
    'L=http://h',
    'M="ü😀"',
  ],
];

const VARIABLES = {
  ...{ n: 7, m: -7, zero: 0, large: 0xabcdef1234, s: 'text', 'ENV_a(b)': 'x', '': 'no name' },
  ...{ here: '/etc/100%', e: '😀é\u200b', quotes: `'"`, quote: "it's", ENV_P: '50%(n)s%%' },
};
const PERCENT_PIECES = [
  ...['%', '%%', '%(n)', '%(m)', '%(s)', '%(ENV_a(b))', '%(x)s', 's', 'd', 'i', 'u', '0', '2'],
  ...['12', '.', '.3', '-', '+', ' ', 'l', 'text', '(', ')', '%(n)02d', '%(s)s', '%(n)-4d'],
];
const FORMAT_PIECES = [
  ...['%(n)', '%(m)', '%(zero)', '%(large)', '%(s)', '%(e)', '%(quotes)', '%(quote)', '%()'],
  ...['', '-', '+', ' ', '#', '0', '00', '1', '5', '12', '.', '.0', '.1', '.4', 'h', 'l', 'L', '*'],
  ...['s', 'r', 'd', 'i', 'u', 'x', 'X', 'o', 's', 'r', 'd', 'x', '%', 'Y', '%%'],
];
const COMMAND_PIECES = [
  ...[
    '%(here)s/bin',
    ' --port=80%(n)02d',
    ' --name %(s)s_%(n)s',
    ' date +%%Y-%%m-%%d',
    '%(ENV_P)s',
  ],
  ...[
    ' date +%F',
    ' 50%',
    ' 100%%',
    ' %(ENV_a(b))s',
    ' %(ENV_NONE)s',
    ' %(n)d',
    ' %(s)d',
    '%% (n)s',
  ],
  ...[
    ' %H:%M',
    ' %(n',
    ' %(n)',
    ' %((n))s',
    ' %()s',
    ' "%%s"',
    ' %s',
    '\n  %(m)d',
    ' %(N)s',
    ' % d',
  ],
];

const WORD_PIECES = [
  ...['a', 'b', ' ', ' ', '  ', '\t', '\n', '\r', '\r\n', '"', '"', "'", "'", '\\', '\\', '\\\\'],
  ...['\\"', "\\'", '\\ ', '\\\n', '""', "''", '" "', "' '", '#', '$', "$'", '$"', '`', ';', '|'],
  ...[
    '\u0000',
    '\u000b',
    '\f',
    '\u001c',
    '\u0085',
    '\u00a0',
    '\u2028',
    '\u3000',
    '\uFEFF',
    '\u200b',
  ],
  ...[
    'é',
    'ß',
    'Ā',
    '中',
    '😀',
    '\\😀',
    '\ud83d',
    '\u001b',
    '\u007f',
    '\u00ad',
    '*',
    '~',
    '&&',
    '<(',
  ],
];
const COMMANDS = [
  ...['/usr/bin/env', 'bash', ' -c', ' "', ' "', " '", " '", ' exec', ' --x=1', ' --x="a b"', "'"],
  ...[
    '"',
    ' $HOME',
    ' a\\ b',
    ' "a\\"b"',
    " 'a\\'",
    ' "\\n"',
    ' ""',
    " ''",
    ' # c',
    '\n  --next',
    ' \\',
  ],
  ...[
    ' \\\n --next',
    ' > /dev/null',
    ' 2>&1',
    ' && ',
    ';',
    '{"json": "x"}',
    ' %d',
    '\\\\',
    ' C:\\x',
    '\r',
  ],
];
const WORDS_BY_HAND = [
  '',
  ' ',
  '\\',
  '"\\',
  "'\\",
  '"',
  "'",
  '""',
  "''",
  `''""`,
  'a""',
  '\\\n',
  'a\\',
];

const isShort = (text: string): boolean => !/\d{4}/.test(text);

const asked = {
  ini: [
    ...INI_BY_HAND,
    ...sample(INI_PIECES, 30, 3000),
    ...sample(LINE_PIECES, 30, 3500).map((text) => `[s]${text}`),
    ...sample(
      SOUND_LINES.flatMap((line) => LINE_ENDS.map((end) => line + end)),
      20,
      6500,
    ).map((text) => `[s]\n${text}`),
  ],
  environment: [...sample(ENVIRONMENT_PIECES, 16, 3000), ...sample(SOUND_PAIRS, 12, 3000)],
  // We refuse paddings beyond 1000 characters.
  percent: [
    ...sample(PERCENT_PIECES, 12, 6000),
    ...sample(FORMAT_PIECES, 8, 10_000),
    ...sample(COMMAND_PIECES, 8, 5000),
  ]
    .filter(isShort)
    .map((text) => [text, VARIABLES] as const),
  words: [...WORDS_BY_HAND, ...sample(WORD_PIECES, 16, 8000), ...sample(COMMANDS, 16, 6000)],
};

const theirs = judge(asked);

test('each judge is asked about at least ten thousand different texts', () => {
  for (const kind of ['ini', 'percent', 'words'] as const) {
    const different = new Set(asked[kind].map((one) => JSON.stringify(one))).size;
    assert.ok(different >= 10_000, `${kind}: ${different}`);
  }
});

test('a file means what it means to configparser, and is wrong in the same lines', () => {
  const isValid = (one: unknown) => typeof one === 'object' && one !== null && 'sections' in one;
  const answers = { ours: asked.ini.map(readIni), theirs: theirs.ini };
  assertSame(asked.ini, answers, { isValid, least: { valid: 3000, invalid: 3000 } });
});

test('an environment means what it means to Supervisor through shlex', () => {
  const ours = asked.environment.map((text) => {
    const parsed = parseKeyValues(text);
    return parsed.ok ? [...parsed.values] : null;
  });
  const isValid = (one: unknown) => one !== null;
  const answers = { ours, theirs: theirs.environment };
  assertSame(asked.environment, answers, { isValid, least: { valid: 500, invalid: 3000 } });
});

test('a % is expanded as by Python, except where Python would print the whole table', () => {
  const variables = [new Map(Object.entries(VARIABLES))];
  const ours = asked.percent.map(([text]) => {
    const expanded = expand(text, variables);
    return expanded.ok ? expanded.text : null;
  });
  const isValid = (one: unknown) => one !== null;
  const answers = { ours, theirs: theirs.percent };
  assertSame(asked.percent, answers, { isValid, least: { valid: 2000, invalid: 3000 } });
});

test('a command has the words that shlex.split finds, and cannot be parsed in the same words', () => {
  const ours = asked.words.map((text) => {
    const split = splitWords(text);
    return split.ok ? split.words : cannotParse(text, split.why);
  });
  const answers = { ours, theirs: theirs.words };
  assertSame(asked.words, answers, {
    isValid: Array.isArray,
    least: { valid: 3000, invalid: 3000 },
  });
  for (const why of ['No closing quotation', 'No escaped character']) {
    const said = theirs.words.filter((one) => typeof one === 'string' && one.endsWith(why));
    assert.ok(said.length > 300, `${why}: ${said.length}`);
  }
});

function readIni(text: string) {
  const findings = createFindings();
  const document = parseIni(text, { file: 'a', directory: '/' }, findings);
  const [first] = findings.errors;
  if (first !== undefined && first.section === null) return { missing: first.line };
  if (first !== undefined) return { lines: findings.errors.map(({ line }) => line) };
  const plain = (entries: ReadonlyMap<string, IniEntry>) =>
    [...entries].map(([key, { value }]) => [key, value]);
  return {
    sections: [...document.sections].map(([name, { entries }]) => [name, plain(entries)]),
    defaults: plain(document.defaults),
  };
}
