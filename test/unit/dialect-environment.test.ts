/** The `environment=` grammar of Supervisor 4.2. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseKeyValues } from '../../proto/dialect/environment.ts';

const RIGHT: readonly (readonly [string, Readonly<Record<string, string>>])[] = [
  ['', {}],
  ['A=1', { A: '1' }],
  ['A="1",B=two', { A: '1', B: 'two' }],
  ['A="1",\n  B="2",\n', { A: '1', B: '2' }],
  ['A = "x y" , B = \'it is "so"\'', { A: 'x y', B: 'it is "so' }],
  ['PATH=/usr/bin:/bin,N=-1.5+(x)', { PATH: '/usr/bin:/bin', N: '-1.5+(x)' }],
  ['A="a,b=c",A=""', { A: '' }],
  ['A="\\"', { A: '\\' }],
  ['A=1#comment\n2,B=3', { A: '12', B: '3' }],
  ['A=1 # comment\n,B=2', { A: '1', B: '2' }],
];

for (const [text, expected] of RIGHT) {
  test(`${JSON.stringify(text)} is read`, () => {
    const parsed = parseKeyValues(text);
    assert.ok(parsed.ok);
    assert.deepEqual(Object.fromEntries(parsed.values), expected);
    assert.equal(parsed.doubt, null);
  });
}

test('a fault says after which key, and never shows a value', () => {
  for (const text of [
    'KEY="hunter2" B=',
    'KEY=hunter2@x',
    'KEY=hunter2 hunter2=',
    'KEY="hunter2",B',
  ]) {
    const parsed = parseKeyValues(text);
    assert.ok(!parsed.ok, text);
    assert.match(parsed.why, /the value of KEY/);
    assert.doesNotMatch(parsed.why, /hunter2/);
  }
});

test('a value before the first key is a fault at the beginning', () => {
  const parsed = parseKeyValues('"hunter2"');
  assert.ok(!parsed.ok);
  assert.match(parsed.why, /the beginning/);
});

test('a quote that is never closed is said to be that', () => {
  assert.deepEqual(parseKeyValues('A="x'), { ok: false, why: 'a quotation mark is never closed' });
});

test('a value that is silently cut where it needed quotes is in doubt', () => {
  const parsed = parseKeyValues('URL=http://x/?y=z');
  assert.ok(parsed.ok);
  assert.deepEqual(
    [...parsed.values],
    [
      ['URL', 'http://x/'],
      ['y', 'z'],
    ],
  );
  assert.match(parsed.doubt ?? '', /the value of URL/);
});

test('names that objects treat specially are names like others', () => {
  const parsed = parseKeyValues('__proto__=1');
  assert.ok(parsed.ok);
  assert.deepEqual([...parsed.values], [['__proto__', '1']]);
});

test('megabytes are read in linear time', () => {
  const pairs = parseKeyValues('A="xxxxxxx",'.repeat(200_000));
  assert.ok(pairs.ok);
  const value = parseKeyValues(`A=${'x'.repeat(3_000_000)}`);
  assert.ok(value.ok);
  assert.equal(parseKeyValues('A=x#\n'.repeat(250_000)).ok, false);
});
