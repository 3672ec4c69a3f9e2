import assert from 'node:assert/strict';
import { test } from 'node:test';
import { aFleetView, meant, refused } from '../fakes/selector-fleet.ts';

function numbered(prefix: string, count: number, width = 0): readonly string[] {
  return Array.from(
    { length: count },
    (_, index) => prefix + String(index + 1).padStart(width, '0'),
  );
}

const NAMES = ['web1', 'web2', 'web10', 'web01', 'web02', 'db-1', 'db-2', 'dev-db.example'];
const SMALL = aFleetView(NAMES);

test('names, patterns, ranges and what joins them mean what they say', () => {
  const examples: Readonly<Record<string, readonly string[]>> = {
    web1: ['web1'],
    'web1,db-1': ['web1', 'db-1'],
    ' web1 , db-1 ': ['web1', 'db-1'],
    'web1\n\tor db-1': ['web1', 'db-1'],
    'web1,web1': ['web1'],
    'web?': ['web1', 'web2'],
    'web*': ['web1', 'web2', 'web10', 'web01', 'web02'],
    'dev-*': ['dev-db.example'],
    '*db*!dev-*': ['db-1', 'db-2'],
    'web[1-2]': ['web1', 'web2'],
    'web[01-02]': ['web01', 'web02'],
    'web[1,10]': ['web1', 'web10'],
    'web[1, 10]': ['web1', 'web10'],
    'web[1-10/9]': ['web1', 'web10'],
    '*[1-2]!*0?': ['web1', 'web2', 'db-1', 'db-2'],
    '@*!web*': ['db-1', 'db-2', 'dev-db.example'],
    '@*': NAMES,
    '*2&web*': ['web2', 'web02'],
    'web*^*2': ['web1', 'web10', 'web01', 'db-2'],
    // Left to right: what is taken away may be added again.
    'db-*!db-1,db-1': ['db-1', 'db-2'],
    'web1,db-1&db-*': ['db-1'],
    'web1,(db-1&db-*)': ['web1', 'db-1'],
    // Words bind: not before and before or.
    'web1 or db-1 and db-*': ['web1', 'db-1'],
    '(web1 or db-1) and db-*': ['db-1'],
    'db-* and not db-1 or web1': ['web1', 'db-2'],
    'not web* and not not db*': ['db-1', 'db-2'],
    'not(web*)and(db*)': ['db-1', 'db-2'],
    '(web1,db-1) and (db-*)': ['db-1'],
  };
  for (const [expression, hosts] of Object.entries(examples)) {
    assert.deepEqual(meant(expression, SMALL), hosts, expression);
  }
});

test('a range keeps the padding of its first number and multiplies along several axes', () => {
  const fleet = aFleetView(['r1n098', 'r1n102', 'r2n098', 'r2n102', 'a0', 'a00']);
  const both = ['r1n098', 'r1n102', 'r2n098', 'r2n102'];
  assert.deepEqual(meant('r[1-2]n[098-102/4]', fleet), both);
  assert.deepEqual(meant('a[0]', fleet), ['a0']);
  assert.deepEqual(meant('a[00]', fleet), ['a00']);
});

test('a regular expression is found anywhere in the name, and may hold what are operators elsewhere', () => {
  const examples: Readonly<Record<string, readonly string[]>> = {
    '~eb1': ['web1', 'web10'],
    '~^web(1|2)$': ['web1', 'web2'],
    '(~^web(1|2)$)': ['web1', 'web2'],
    '~^web[^1,]{1,2}$,db-1': ['web2', 'web02', 'db-1'],
    '~1$|^db!web*': ['db-1', 'db-2'],
    '~^db^db-1': ['db-2'],
    '~^db&*2': ['db-2'],
    '~"^(db|web)[ ,-]?2$"': ['web2', 'db-2'],
    'not ~web or ~[]^]x': ['db-1', 'db-2', 'dev-db.example'],
    '~\\.\\w+$': ['dev-db.example'],
  };
  for (const [expression, hosts] of Object.entries(examples)) {
    assert.deepEqual(meant(expression, SMALL), hosts, expression);
  }
});

test('a word is an operator only between spaces or parentheses', () => {
  const fleet = aFleetView(['and', 'or', 'not', 'in', 'has', 'a']);
  const examples: Readonly<Record<string, readonly string[]>> = {
    and: ['and'],
    ' or ': ['or'],
    not: ['not'],
    'a,and,or': ['and', 'or', 'a'],
    'a, and, or,in': ['and', 'or', 'in', 'a'],
    'not,a': ['not', 'a'],
    'in or has': ['in', 'has'],
    '(in)or(has)': ['in', 'has'],
    'a or in': ['in', 'a'],
  };
  for (const [expression, hosts] of Object.entries(examples)) {
    assert.deepEqual(meant(expression, fleet), hosts, expression);
  }
  assert.match(refused('(and)', fleet).message, /is missing here/);
});

test('nothing means everything unsaid', () => {
  for (const expression of ['', ' ', '\t', ',', '!', '!web1', ' !db-*', ',,', 'web1,', 'web1!']) {
    assert.equal(refused(expression, SMALL).code, 'usage', JSON.stringify(expression));
  }
  assert.equal(refused('zzz*', SMALL).code, 'nothing-matched');
  assert.equal(refused('web1!web1', SMALL).code, 'nothing-matched');
  assert.equal(refused('@*!web*!d*', SMALL).code, 'nothing-matched');
  assert.match(refused('@*', aFleetView([])).cause ?? '', /no hosts yet/);
});

test('what leaves out no host is refused, unless something narrows it or the whole fleet is said', () => {
  for (const expression of [
    'not zzz*',
    'env!=prod',
    'env not in (prod, dev)',
    'not zzz* and not yyy*',
    'not (zzz*)',
    'not zzz* or web1',
    'web1,env!=prod',
    'web1^(not zzz*)',
  ]) {
    const { code, message, cause } = refused(expression, SMALL);
    assert.equal(code, 'usage', expression);
    assert.match(message, /every host of the fleet/);
    const at = Math.max(expression.indexOf('not'), expression.indexOf('env'));
    const first = expression.search(/not|env/);
    const caret = (cause ?? '').split('\n')[1]?.indexOf('^');
    assert.ok(caret === first || caret === at, `${expression}\n${cause}`);
  }
  assert.deepEqual(meant('@* and not zzz*', SMALL), NAMES);
  assert.deepEqual(meant('not zzz* and web1', SMALL), ['web1']);
  assert.deepEqual(meant('(not zzz*)&web1', SMALL), ['web1']);
  assert.deepEqual(meant('@*!(not web1)', SMALL), ['web1']);
  assert.deepEqual(meant('(not web1)!(not db-*)', SMALL), ['db-1', 'db-2']);
  assert.deepEqual(meant('not not web1', SMALL), ['web1']);
});

test('a host that is named but does not exist is an error, wherever it stands', () => {
  const examples: Readonly<Record<string, string>> = {
    web9: 'web9',
    'web1,web9': 'web9',
    'web1!web9': 'web9',
    'web[1-3]': 'web3',
    WEB1: 'WEB1',
    'web1 and not web9': 'web9',
    'web9&db-9': 'db-9,web9',
    'web[1-4]': 'web[3-4]',
    'x[1-9]': 'x[1-9] (9 names)',
    'a1,b2,c3,d4,e5,f6': 'a1,b2,c3,d4,e5,… (6 names)',
    '(web1,(web9)),zzz*': 'web9',
  };
  for (const [expression, names] of Object.entries(examples)) {
    const { code, message } = refused(expression, SMALL);
    assert.equal(code, 'nothing-matched', expression);
    assert.equal(message, `no such host: ${names}`);
  }
  assert.match(refused('dv-1', SMALL).fix ?? '', /^did you mean db-1\?/);
  assert.doesNotMatch(refused('elsewhere', SMALL).fix ?? '', /did you mean/);
  // Not one of them was mistyped.
  assert.match(refused('web[1-4]', SMALL).fix ?? '', /; a pattern such as web-\* /);
});

test('a fleet of 10,000 is searched in no time, however its hosts are named', () => {
  const names = numbered('node', 10_000, 5);
  const fleet = aFleetView(names);
  const before = performance.now();
  assert.equal(meant('@*', fleet).length, 10_000);
  assert.equal(meant('node*!node0000*', fleet).length, 9_991);
  assert.equal(meant('node[00001-10000]', fleet).length, 10_000);
  assert.equal(meant(names.join(','), fleet).length, 10_000);
  assert.ok(performance.now() - before < 1_000, `${performance.now() - before} ms`);
});
