/**
 * Python is the judge of the dialect: thousands of generated files and values, and the hand-made
 * ones that hurt, must mean here what they mean to `configparser`, `shlex`, `%` and `glob`, which
 * Supervisor is made of. One python3 process judges all.
 */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import fc from 'fast-check';
import { parseKeyValues } from '../../proto/dialect/environment.ts';
import { expand } from '../../proto/dialect/expand.ts';
import { findFiles } from '../../proto/dialect/glob.ts';
import { type IniEntry, parseIni } from '../../proto/dialect/ini.ts';
import { nodeConfigFiles } from '../../proto/dialect/node-files.ts';
import { createFindings } from '../../proto/dialect/problem.ts';

const JUDGE = `
import configparser, glob, io, json, shlex, sys

def ini(text):
    parser = configparser.RawConfigParser(inline_comment_prefixes=(';', '#'), strict=False)
    try:
        parser.read_file(io.StringIO(text[1:] if text.startswith('\\ufeff') else text, newline=None))
    except configparser.MissingSectionHeaderError as error:
        return {'missing': error.lineno}
    except configparser.ParsingError as error:
        return {'lines': [line for line, _ in error.errors]}
    own = [[name, list(map(list, items.items()))] for name, items in parser._sections.items()]
    return {'sections': own, 'defaults': list(map(list, parser.defaults().items()))}

def environment(text):
    lexer = shlex.shlex(text)
    lexer.wordchars += '/.+-():'
    try:
        words = list(lexer)
    except ValueError:
        return None
    pairs = {}
    while words:
        pair, words = words[:3], words[4:]
        if len(pair) != 3 or pair[1] != '=':
            return None
        pairs[pair[0]] = pair[2].strip('\\'"')
    return list(map(list, pairs.items()))

def percent(text):
    try:
        return text % {'n': 7, 'm': -7, 's': 'text', 'ENV_a(b)': 'x'}
    except Exception:
        return None

def files(pattern):
    return sorted(glob.glob(pattern))

asked = json.load(sys.stdin)
judges = {'ini': ini, 'environment': environment, 'percent': percent, 'files': files}
json.dump({kind: [judges[kind](one) for one in asked[kind]] for kind in judges}, sys.stdout)
`;

/** Fixed, so that a failure is the same everywhere; change it to look for others. */
const SEED = 20261122;
const sample = (pieces: readonly string[], maxLength: number, numRuns: number): string[] =>
  fc.sample(
    fc.array(fc.constantFrom(...pieces), { maxLength }).map((chosen) => chosen.join('')),
    { seed: SEED, numRuns },
  );

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
];

const ENVIRONMENT_PIECES = [
  ...['A', 'B', '=', '=', '=', ',', ',', '"', "'", '"x y"', "'z'", '""', '1', ' ', '\n', '\t', '#'],
  ...['\\', '/.+-():', '_', '@', '?', ';', 'é', '😀', '%', '\r', '\u00a0', 'A="1",', "B='2',"],
];

const PERCENT_PIECES = [
  ...['%', '%%', '%(n)', '%(m)', '%(s)', '%(ENV_a(b))', '%(x)s', 's', 'd', 'i', 'u', '0', '2'],
  ...['12', '.', '.3', '-', '+', ' ', 'l', 'text', '(', ')', '%(n)02d', '%(s)s', '%(n)-4d'],
];

const NAMES = [
  ...['a.conf', 'b.conf', '.hidden.conf', 'a]', '[a', '{a,b}', '(a|b)', '+(a)', '!a', '^', 'ab'],
  ...[
    'sub/a.conf',
    'sub/.b',
    'sub2/a.conf',
    '.dot/a.conf',
    'a\\b',
    'a*b',
    'é.conf',
    '😀',
    'a+b',
    '$',
  ],
];
const PATTERN_PIECES = [
  ...['*', '?', '[ab]', '[!a]', '[^a]', '[]a]', '[a-c]', 'a', 'b', '.conf', '.', '/', 'sub', '**'],
  ...['{a,b}', '(a|b)', '+(a)', '!', '\\', '[', ']', '😀', '[.]', '$', '[[]'],
];

const directory = mkdtempSync(join(tmpdir(), 'dialect-'));
for (const name of NAMES) {
  mkdirSync(dirname(join(directory, name)), { recursive: true });
  writeFileSync(join(directory, name), '');
}

const asked = {
  ini: [
    ...INI_BY_HAND,
    ...sample(INI_PIECES, 30, 1000),
    ...sample(LINE_PIECES, 30, 1500).map((text) => `[s]${text}`),
  ],
  environment: sample(ENVIRONMENT_PIECES, 16, 3000),
  percent: sample(PERCENT_PIECES, 8, 3000),
  files: [
    ...['*', '.*', '*.conf', '*/*', '*/a.conf', '**/*.conf', '[!.]*', 'sub*/[ab].conf'],
    ...sample(PATTERN_PIECES, 5, 1500),
  ]
    // Parts without a name, `.` and `..`: Python keeps them in what it finds, we do not.
    .filter((pattern) => !/(?:^|\/)\.{0,2}(?:\/|$)/.test(pattern))
    .map((pattern) => join(directory, pattern)),
};

function judge() {
  const python = spawnSync('python3', ['-c', JUDGE], {
    input: JSON.stringify(asked),
    encoding: 'utf8',
    maxBuffer: 1 << 28,
    env: { ...process.env, PYTHONUTF8: '1' },
  });
  rmSync(directory, { recursive: true });
  assert.equal(
    python.status,
    0,
    `python3 is needed for this test: ${python.error ?? python.stderr}`,
  );
  return JSON.parse(python.stdout);
}

const ours = {
  ini: asked.ini.map(readIni),
  environment: asked.environment.map((text) => {
    const parsed = parseKeyValues(text);
    return parsed.ok ? [...parsed.values] : null;
  }),
  percent: asked.percent.map((text) => {
    const variables = { n: 7, m: -7, s: 'text', 'ENV_a(b)': 'x' };
    const expanded = expand(text, [new Map(Object.entries(variables))]);
    return expanded.ok ? expanded.text : null;
  }),
  files: asked.files.map((pattern) =>
    findFiles(pattern, nodeConfigFiles).filter((file) => existsSync(file)),
  ),
};
const theirs = judge();

/** What was judged as what by how many, so that a generator that went stale is seen. */
function compare(
  kind: keyof typeof asked,
  least: { readonly valid: number; readonly invalid: number },
) {
  asked[kind].forEach((text, index) => {
    assert.deepEqual(
      ours[kind][index],
      theirs[kind][index],
      `seed ${SEED}: ${JSON.stringify(text)}`,
    );
  });
  const isValid = (one: unknown) =>
    one !== null && !(typeof one === 'object' && ('missing' in one || 'lines' in one));
  const valid = theirs[kind].filter(isValid).length;
  assert.ok(valid >= least.valid, `${valid} valid`);
  assert.ok(asked[kind].length - valid >= least.invalid, `${asked[kind].length - valid} invalid`);
}

test('a file means what it means to configparser, and is wrong in the same lines', () => {
  compare('ini', { valid: 300, invalid: 300 });
});

test('an environment means what it means to Supervisor through shlex', () => {
  compare('environment', { valid: 100, invalid: 1000 });
});

test('a % is expanded as by Python, except where Python would print the whole table', () => {
  // A bare conversion formats the dictionary itself; and we refuse paddings beyond 1000.
  asked.percent.forEach((text, index) => {
    if (ours.percent[index] !== null)
      assert.equal(ours.percent[index], theirs.percent[index], text);
    else if (theirs.percent[index] !== null && theirs.percent[index].length < 1000)
      assert.match(text, /%[^(%]|%$/, text);
  });
  assert.ok(ours.percent.filter((one) => one !== null).length > 300);
});

test('an include pattern matches the files that glob finds', () => {
  compare('files', { valid: 300, invalid: 0 });
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
