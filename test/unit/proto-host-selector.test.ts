import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { Refusal } from '../../proto/errors.ts';
import { selectHosts } from '../../proto/host-selector.ts';
import { type HostId, hostId } from '../../proto/vocabulary.ts';

const fleet = (...names: readonly string[]): ReadonlySet<HostId> => new Set(names.map(hostId));

function numbered(prefix: string, count: number, width = 0): readonly string[] {
  return Array.from(
    { length: count },
    (_, index) => prefix + String(index + 1).padStart(width, '0'),
  );
}

const SMALL = fleet('web1', 'web2', 'web10', 'web01', 'web02', 'db-1', 'db-2', 'dev-db.example');

function meant(expression: string, known = SMALL): readonly string[] {
  const selection = selectHosts(expression, known);
  assert.equal(selection.kind, 'selected', `${expression} is refused`);
  return selection.kind === 'selected' ? [...selection.hosts] : [];
}

function refused(expression: string, known = SMALL): Refusal {
  const selection = selectHosts(expression, known);
  assert.equal(selection.kind, 'refused', `${expression.slice(0, 50)} is not refused`);
  return (selection as Extract<typeof selection, { kind: 'refused' }>).refusal;
}

test('names, patterns, ranges, unions and differences mean what they say', () => {
  const examples: Readonly<Record<string, readonly string[]>> = {
    web1: ['web1'],
    'web1,db-1': ['web1', 'db-1'],
    ' web1 , db-1 ': ['web1', 'db-1'],
    'web1,web1': ['web1'],
    'web?': ['web1', 'web2'],
    'web*': ['web1', 'web2', 'web10', 'web01', 'web02'],
    'dev-*': ['dev-db.example'],
    '*db*!dev-*': ['db-1', 'db-2'],
    'web[1-2]': ['web1', 'web2'],
    'web[01-02]': ['web01', 'web02'],
    'web[1,10]': ['web1', 'web10'],
    'web[1-10/9]': ['web1', 'web10'],
    '*[1-2]!*0?': ['web1', 'web2', 'db-1', 'db-2'],
    '@*!web*!d*': [],
    '@*!web*': ['db-1', 'db-2', 'dev-db.example'],
    // Left to right: what is taken away may be added again.
    'db-*!db-1,db-1': ['db-2', 'db-1'],
  };
  for (const [expression, hosts] of Object.entries(examples)) {
    if (hosts.length > 0) assert.deepEqual(meant(expression), hosts, expression);
    else assert.equal(refused(expression).code, 'nothing-matched', expression);
  }
  assert.deepEqual(meant('@*'), [...SMALL]);
});

test('a range keeps the padding of its first number and multiplies along several axes', () => {
  const known = fleet('r1n098', 'r1n102', 'r2n098', 'r2n102', 'a0', 'a00');
  assert.deepEqual(meant('r[1-2]n[098-102/4]', known), ['r1n098', 'r1n102', 'r2n098', 'r2n102']);
  assert.deepEqual(meant('a[0]', known), ['a0']);
  assert.deepEqual(meant('a[00]', known), ['a00']);
});

test('nothing means everything unsaid', () => {
  for (const expression of ['', ' ', '\t', ',', '!', '!web1', ' !db-*', ',,', 'web1,', 'web1!']) {
    assert.equal(refused(expression).code, 'usage', JSON.stringify(expression));
  }
  assert.equal(refused('zzz*').code, 'nothing-matched');
  assert.equal(refused('web1!web1').code, 'nothing-matched');
  assert.match(refused('@*', fleet()).cause ?? '', /no hosts yet/);
});

test('a host that is named but does not exist is an error, also after "!"', () => {
  for (const expression of ['web9', 'web1,web9', 'web1!web9', 'web[1-3]', 'WEB1']) {
    const { code, message } = refused(expression);
    assert.equal(code, 'nothing-matched', expression);
    assert.match(message, /^no such host: (?:web9|web3|WEB1)$/, expression);
  }
  assert.match(refused('x[1-9]').message, /: x1, x2, x3, x4, x5 and 4 more$/);
});

test('a mistake is shown where it stands', () => {
  const examples: Readonly<Record<string, number>> = {
    '': 0,
    'web1,,db-1': 5,
    '!web1': 0,
    'web1&db-1': 4,
    'web1^db-1': 4,
    '(web1)': 0,
    'web1,@ops': 5,
    'web1, w b': 7,
    'web1,web[1-': 8,
    'web1,web[a]': 8,
    'web[3-1]': 3,
    'web[1-3/0]': 3,
    'web[]': 3,
    'web[1,,2]': 3,
    'web]': 3,
    'web1,we]b[1': 7,
    'web{1,2}': 3,
    '~web': 0,
    'web1,web\u0007': 8,
    'web😀': 3,
    'web[1-999999999]': 3,
  };
  for (const [expression, at] of Object.entries(examples)) {
    const { code, cause, fix } = refused(expression);
    assert.equal(code, 'usage', expression);
    const [shown, caret = ''] = (cause ?? '').split('\n').slice(-2);
    assert.equal(caret.indexOf('^'), at, `${expression}\n${caret}`);
    assert.ok(expression.endsWith(shown ?? ''), expression);
    assert.match(fix ?? '', /--hosts=/);
  }
});

test('hostile expressions are refused at once and shortly', () => {
  const hostile = [
    'web[1-999999999]',
    `web[${'1-99999,'.repeat(10_000)}1]`,
    'w[1-999][1-999]',
    `w${'[1]'.repeat(5_000)}`,
    `[1-90000]${'a[1]'.repeat(5_000)}`,
    Array(2_000).fill('w[1-99]').join(','),
    Array(2_000).fill('@*').join(','),
    Array(2_000).fill('*').join('!'),
    '*[1-1001]',
    '['.repeat(100_000),
    ']'.repeat(100_000),
    'a'.repeat(1_000_000),
    `*${'a'.repeat(100_000)}`,
    '\u001b[2J',
    '\0',
    '\ud83d',
    'web1;reboot',
    '$(reboot)',
    '../../etc',
    '__proto__',
    'constructor',
  ];
  const before = performance.now();
  for (const expression of hostile) {
    const { message, cause } = refused(expression);
    assert.ok(message.length + (cause ?? '').length < 1_000, expression.slice(0, 30));
    assert.ok(!message.includes('\u001b'));
  }
  assert.ok(performance.now() - before < 2_000, `${performance.now() - before} ms`);
});

test('a fleet of 10,000 is searched in no time, however its hosts are named', () => {
  const names = numbered('node', 10_000, 5);
  const known = fleet(...names);
  const before = performance.now();
  assert.equal(meant('@*', known).length, 10_000);
  assert.equal(meant('node*!node0000*', known).length, 9_991);
  assert.equal(meant('node[00001-10000]', known).length, 10_000);
  assert.equal(meant(names.join(','), known).length, 10_000);
  assert.ok(performance.now() - before < 2_000, `${performance.now() - before} ms`);
});

/** Terms of the grammar, each with what it means, by exhaustive thinking. */
const HOSTS = ['a', 'a1', 'a2', 'a01', 'b', 'b1', 'b2', 'ab1'];
const MEANINGS: Readonly<Record<string, readonly string[]>> = {
  a: ['a'],
  b1: ['b1'],
  'a*': ['a', 'a1', 'a2', 'a01', 'ab1'],
  '*1': ['a1', 'a01', 'b1', 'ab1'],
  'b?': ['b1', 'b2'],
  'c*': [],
  'a[1-2]': ['a1', 'a2'],
  'a[01,1]': ['a01', 'a1'],
  '?[1-2]': ['a1', 'a2', 'b1', 'b2'],
  '@*': HOSTS,
};

test('any chain of terms is the union and difference of what they mean, left to right', () => {
  const term = fc.constantFrom(...Object.keys(MEANINGS));
  const chain = fc.array(fc.tuple(fc.constantFrom(',', '!'), term), { maxLength: 6 });
  fc.assert(
    fc.property(term, chain, (first, rest) => {
      let wanted = new Set(MEANINGS[first]);
      for (const [operator, text] of rest) {
        const hosts = MEANINGS[text] ?? [];
        wanted = new Set(
          operator === ',' ? [...wanted, ...hosts] : [...wanted].filter((h) => !hosts.includes(h)),
        );
      }
      const expression = first + rest.map(([operator, text]) => operator + text).join('');
      const selection = selectHosts(expression, fleet(...HOSTS));
      const found = selection.kind === 'selected' ? [...selection.hosts].sort() : [];
      assert.deepEqual(found, [...wanted].sort());
      assert.equal(selection.kind === 'selected', wanted.size > 0);
    }),
    { numRuns: 200 },
  );
});

test('whatever is typed, only hosts of the fleet are meant, or a refusal says why', () => {
  const unit = fc.constantFrom(...'ab12*?,![]-/@ .&'.split(''));
  fc.assert(
    fc.property(fc.oneof(fc.string({ unit, maxLength: 14 }), fc.string()), (expression) => {
      const selection = selectHosts(expression, fleet(...HOSTS));
      if (selection.kind === 'refused') return assert.ok(selection.refusal.message.length > 0);
      assert.ok(selection.hosts.size > 0);
      for (const host of selection.hosts) assert.ok(HOSTS.includes(host));
      const isSaid = /[*?]/.test(expression) || selection.hosts.size < HOSTS.length;
      assert.ok(isSaid || expression.split(/[,!]/).length >= HOSTS.length, expression);
    }),
    { numRuns: 500 },
  );
});
