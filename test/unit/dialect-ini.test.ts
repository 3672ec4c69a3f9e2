/** The rules of the dialect one by one; `dialect-python` compares with Python at large. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type IniDocument, parseIni } from '../../proto/dialect/ini.ts';
import { createFindings } from '../../proto/dialect/problem.ts';

const source = { file: 'a.conf', directory: '/etc' };

function parse(text: string) {
  const findings = createFindings();
  const document = parseIni(text, source, findings);
  return { document, errors: findings.errors };
}

function plain(document: IniDocument): Record<string, Record<string, string>> {
  const sections = [...document.sections].map(([name, { entries }]) => [
    name,
    Object.fromEntries([...entries].map(([key, { value }]) => [key, value])),
  ]);
  return Object.fromEntries(sections);
}

function read(text: string): Record<string, Record<string, string>> {
  const { document, errors } = parse(text);
  assert.deepEqual(errors, []);
  return plain(document);
}

test('keys are separated by = or :, whichever comes first, and lower-cased', () => {
  assert.deepEqual(read('[s]\nA = 1\nb: 2\nc:d = 3\ne=f:g'), {
    s: { a: '1', b: '2', c: 'd = 3', e: 'f:g' },
  });
});

test('a comment within a line needs white space before it', () => {
  assert.deepEqual(
    read('[s] ; x\na = echo a;echo b#c\nb = 1 ; no\nc = 2\t# no\n; d = 1\n  # e = 1'),
    {
      s: { a: 'echo a;echo b#c', b: '1', c: '2' },
    },
  );
});

test('a comment cuts a value even inside quotes', () => {
  assert.deepEqual(read('[s]\ncommand = sh -c "a ; b"'), { s: { command: 'sh -c "a' } });
});

test('the first comment sign that counts is found in pairs, as Python does', () => {
  assert.deepEqual(read('[s]\na = 1#2 #3 ;4'), { s: { a: '1#2 #3' } });
});

test('indented lines continue a value, across empty lines but without comments', () => {
  assert.deepEqual(read('[s]\na = 1\n  2\n\n  ; no\n  3\nb = 4\n\n'), {
    s: { a: '1\n2\n\n3', b: '4' },
  });
});

test('an indented line that begins a section begins an entry', () => {
  assert.deepEqual(read('[s]\n  a = 1\n  b = 2\n    more'), { s: { a: '1', b: '2\nmore' } });
});

test('equal sections merge and the last of equal keys wins', () => {
  assert.deepEqual(read('[s]\na=1\nb=2\n[t]\n[s]\na=3'), { s: { a: '3', b: '2' }, t: {} });
});

test('[DEFAULT] is kept apart from the sections it stands behind', () => {
  const { document } = parse('[DEFAULT]\na=1\n[s]\nb=2');
  assert.deepEqual(plain(document), { s: { b: '2' } });
  assert.equal(document.defaults.get('a')?.value, '1');
});

test('a byte order mark, CRLF and lone CR are line matters, not text', () => {
  assert.deepEqual(read('\uFEFF[s]\r\na=1\r\n 2\rb=3'), { s: { a: '1\n2', b: '3' } });
});

test('a section name ends at the last bracket of its line', () => {
  assert.deepEqual(Object.keys(read('[a]b] rest')), ['a]b']);
});

test('every section and entry keeps its line, a repeated key that of the last', () => {
  const { document } = parse('\n[s]\na=1\n 2\n\nA=3');
  assert.equal(document.sections.get('s')?.place.line, 2);
  assert.equal(document.sections.get('s')?.entries.get('a')?.place.line, 6);
});

test('all faults of a file are told at once, without showing the lines', () => {
  const { errors, document } = parse('x\ny\n[s]\nsecret\n= 1\na=2\n[]\n');
  assert.deepEqual(
    errors.map(({ line, section }) => [line, section]),
    [
      [1, null],
      [4, 's'],
      [5, 's'],
      [7, 's'],
    ],
  );
  assert.doesNotMatch(JSON.stringify(errors), /secret/);
  assert.deepEqual(plain(document), { s: { a: '2' } });
});

test('names that objects treat specially are names like others', () => {
  const { document } = parse('[__proto__]\n__proto__ = 1\nconstructor = 2');
  const entries = document.sections.get('__proto__')?.entries;
  assert.deepEqual(
    [...(entries ?? [])].map(([key, { value }]) => [key, value]),
    [
      ['__proto__', '1'],
      ['constructor', '2'],
    ],
  );
});

/** Quadratic reading of these takes many seconds of processor time; linear reading a fraction of one. */
const HOSTILE: Readonly<Record<string, string>> = {
  'a value of 3 MB': `[s]\na = ${'x'.repeat(3_000_000)}`,
  'a value of 3 MB of white space': `[s]\na = x${' '.repeat(3_000_000)}x`,
  'a line of 1 MB of comment signs': `[s]\na = x${';#'.repeat(500_000)}`,
  '150,000 continuation lines': `[s]\na = 1\n${' 2\n'.repeat(150_000)}`,
  'half a million empty lines in a value': `[s]\na = 1\n${'\n'.repeat(500_000)} 2`,
  'fifty thousand sections': Array.from({ length: 50_000 }, (_, n) => `[s${n}]\na=1`).join('\n'),
  'a section repeated fifty thousand times': '[s]\na=1\n'.repeat(50_000),
  'fifty thousand faults': `[s]\n${'x\n'.repeat(50_000)}`,
  'a million NUL bytes': `[s]\na = ${'\0'.repeat(1_000_000)}`,
};

for (const [what, text] of Object.entries(HOSTILE)) {
  test(`${what} is read in linear time`, () => {
    const before = process.cpuUsage();
    parse(text);
    assert.ok(process.cpuUsage(before).user < 2_500_000);
  });
}
