/** Commands into words, case by case; `dialect-python` compares with Python at large. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { repr } from '../../proto/dialect/repr.ts';
import { cannotParse, splitWords } from '../../proto/dialect/words.ts';

function words(text: string): readonly string[] {
  const split = splitWords(text);
  assert.ok(split.ok);
  return split.words;
}

test('spaces, tabs and line breaks separate words, other white space does not', () => {
  assert.deepEqual(words(' a\tb\r\nc  d\n'), ['a', 'b', 'c', 'd']);
  assert.deepEqual(words('a\u00a0b \u2003 c\u000bd'), ['a\u00a0b', '\u2003', 'c\u000bd']);
  assert.deepEqual(words(' \n '), []);
});

test('quotes keep text together within a word, and make a word of nothing', () => {
  assert.deepEqual(words(`sh -c 'a "b"' --x="c d"'e'`), ['sh', '-c', 'a "b"', '--x=c de']);
  assert.deepEqual(words(`'' a"" ""`), ['', 'a', '']);
});

test('a backslash escapes any character, within double quotes only itself and the quote', () => {
  assert.deepEqual(words('a\\ b \\\\ \\" \\n'), ['a b', '\\', '"', 'n']);
  assert.deepEqual(words('"a\\"b\\\\c\\n\\$"'), ['a"b\\c\\n\\$']);
  assert.deepEqual(words(`'a\\'`), ['a\\']);
});

test('an escaped line break stays in the word, as Python has it and a shell does not', () => {
  assert.deepEqual(words('a\\\nb "c\\\nd"'), ['a\nb', 'c\\\nd']);
});

test('what only a shell understands is plain text', () => {
  assert.deepEqual(words(`$HOME *.c | > x # y $'z' ;&&`), [
    ...['$HOME', '*.c', '|', '>', 'x', '#', 'y', '$z', ';&&'],
  ]);
});

test('what is left open is told in the words of Python', () => {
  const whys = ['"a', "a 'b", '"\\"'].map(splitWords).map((split) => !split.ok && split.why);
  assert.deepEqual(new Set(whys), new Set(['No closing quotation']));
  const ends = ['\\', 'a\\', '"\\'].map(splitWords).map((split) => !split.ok && split.why);
  assert.deepEqual(new Set(ends), new Set(['No escaped character']));
  const line = `can't parse command 'sleep "10': No closing quotation`;
  assert.equal(cannotParse('sleep "10', 'No closing quotation'), line);
});

test('a command of a megabyte is split in linear time', () => {
  for (const hostile of ['"\\a', "'", '\\', ' ', 'a ', '"" ']) {
    const text = hostile.repeat(Math.floor(1_000_000 / hostile.length));
    const startMs = performance.now();
    splitWords(text);
    assert.ok(performance.now() - startMs < 2_000, hostile);
  }
});

test('a text is shown as repr shows it', () => {
  const cases = [
    ['a b', `'a b'`],
    [`it's`, `"it's"`],
    [`'"`, `'\\'"'`],
    ['a\\b\n\r\t', `'a\\\\b\\n\\r\\t'`],
    ['\u0000\u001b\u007f\u0085\u00a0\u00ad', `'\\x00\\x1b\\x7f\\x85\\xa0\\xad'`],
    ['\u200b\u2028\u3000\uFEFF\ud83d', `'\\u200b\\u2028\\u3000\\ufeff\\ud83d'`],
    ['é中😀', `'é中😀'`],
    ['\u{e0001}', `'\\U000e0001'`],
  ] as const;
  for (const [text, shown] of cases) assert.equal(repr(text), shown);
});
