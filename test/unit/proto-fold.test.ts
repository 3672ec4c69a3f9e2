import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { evaluateSelector } from '../../controller/core/selector/evaluate.ts';
import type { FleetView } from '../../controller/core/selector/fleet-view.ts';
import { parseSelector } from '../../controller/core/selector/parse.ts';
import { sortNaturally } from '../../proto/natural-order.ts';
import { foldedList, foldNames } from '../../proto/selector/fold.ts';
import { hostId } from '../../proto/vocabulary.ts';

/** Reads a piece by the rules of a selector, written a second time. */
function expand(piece: string): readonly string[] {
  const bracketed = /^([^[]*)\[([\d,-]+)\](.*)$/s.exec(piece);
  if (bracketed === null) return [piece];
  const [, before = '', items = '', after = ''] = bracketed;
  return items.split(',').flatMap((item) => {
    const [from = '', to = from] = item.split('-');
    const width = from.startsWith('0') ? from.length : 0;
    return Array.from(
      { length: Number(to) - Number(from) + 1 },
      (_, index) => before + String(Number(from) + index).padStart(width, '0') + after,
    );
  });
}

const numbered = (count: number, name: (index: number) => string) =>
  Array.from({ length: count }, (_, index) => name(index));

test('names that differ in one number become one, with its padding', () => {
  const hosts = [
    'prod-44',
    'db-1',
    ...numbered(40, (n) => `prod-${String(n + 1).padStart(2, '0')}`),
  ];
  assert.deepEqual(foldNames(hosts), ['db-1', 'prod-[01-40,44]']);
  assert.equal(foldedList(hosts), 'db-1,prod-[01-40,44]');
  assert.equal(foldedList(['web1.dc2', 'web2.dc2', 'web3.dc2']), 'web[1-3].dc2');
  assert.equal(foldedList(['7', '8', '10']), '[7-8,10]');
});

test('what stands alone stays as it is, and twice is once', () => {
  assert.deepEqual(foldNames([]), []);
  assert.deepEqual(foldNames(['db-1', 'db-1', 'cache']), ['cache', 'db-1']);
});

test('numbers of different padding are different numbers', () => {
  assert.equal(foldedList(['a8', 'a9', 'a10', 'a11']), 'a[8-11]');
  assert.equal(foldedList(['a08', 'a09', 'a10', 'a11']), 'a[08-11]');
  assert.equal(foldedList(['a8', 'a08', 'a9', 'a09', 'a10']), 'a[8-9,08-10]');
  assert.equal(foldedList(['a98', 'a99', 'a100', 'a098', 'a099']), 'a[98-99,098-100]');
  assert.equal(foldedList(['a0', 'a1', 'a00', 'a01']), 'a[0-1,00-01]');
});

test('a padded range ends where its padding does', () => {
  assert.equal(foldedList(['a09', 'a98', 'a99', 'a100', 'a101']), 'a[09,98-101]');
  assert.equal(
    foldedList(numbered(100, (n) => `a${String(n + 1).padStart(2, '0')}`)),
    'a[01-99,100]',
  );
});

test('of several numbers the one varies that most names share', () => {
  const racks = [1, 2].flatMap((rack) => [1, 2, 3].map((node) => `rack${rack}-node${node}.dc5`));
  assert.deepEqual(foldNames(racks), ['rack1-node[1-3].dc5', 'rack2-node[1-3].dc5']);
  assert.equal(foldedList(['a1-1', 'a2-1', 'a3-1', 'a3-2']), 'a[1-3]-1,a3-2');
  assert.equal(foldedList(['a1b1', 'a1b2', 'a2b1']), 'a1b[1-2],a2b1');
});

test('of very many numbers in a name only the last six are looked at, for each costs a search', () => {
  const names = (numbers: number, varying: number) =>
    ['1', '2'].map((digit) => {
      const all = Array.from({ length: numbers }, (_, at) => (at === varying ? digit : '0'));
      return `a${all.join('-')}`;
    });
  for (let varying = 1; varying <= 6; varying += 1) {
    assert.equal(foldNames(names(7, varying)).length, 1, `number ${varying}`);
  }
  assert.deepEqual(foldNames(names(7, 0)), names(7, 0));
  assert.equal(foldNames(names(100, 94)).length, 1);
  assert.equal(foldNames(names(100, 93)).length, 2);
});

test('numbers that a selector would not read are left alone', () => {
  assert.equal(foldedList(['a999999998', 'a999999999']), 'a[999999998-999999999]');
  assert.equal(foldedList(['a1000000000', 'a1000000001']), 'a1000000000,a1000000001');
});

test('what is no host name is never folded, whatever it looks like', () => {
  for (const hostile of [
    ['a,1', 'a,2'],
    ['a[1]', 'a[2]'],
    ['-1', '-2'],
    ['a 1', 'a 2'],
    ['*1', '*2'],
  ]) {
    assert.deepEqual(foldNames(hostile), hostile);
  }
  assert.deepEqual(foldNames(['a1', 'a2', 'a[']), ['a[1-2]', 'a[']);
});

test('whatever was folded means the same names again, in an order that input does not choose', () => {
  const part = fc.constantFrom('a', '-', '.', '0', '1', '2', '9', '09', '10', '99', '007');
  const name = fc.oneof(
    {
      weight: 8,
      arbitrary: fc.array(part, { minLength: 1, maxLength: 6 }).map((all) => all.join('')),
    },
    {
      weight: 1,
      arbitrary: fc.constantFrom('[', 'a[', 'a[1-2]', '1[', ',', '999999999', '9999999999'),
    },
  );
  const names = fc.array(name, { maxLength: 40 });
  fc.assert(
    fc.property(names, (all) => {
      const pieces = foldNames(all);
      const hostile = all.filter((one) => /[[,]/.test(one));
      const read = pieces.flatMap((piece) => (hostile.includes(piece) ? [piece] : expand(piece)));
      assert.deepEqual([...read].sort(), [...new Set(all)].sort(), 'each name exactly once');
      assert.deepEqual(foldNames([...all].reverse()), pieces);
      assert.ok(pieces.length <= new Set(all).size);
    }),
    { numRuns: 500 },
  );
});

test('as a selector it means these hosts, and none of those that look like them', () => {
  const part = fc.constantFrom('a', '-', '.', '0', '1', '09', '10', '11', 'and', 'not', 'op');
  const name = fc
    .tuple(fc.constantFrom('a', '1', '01', 'or'), fc.array(part, { maxLength: 5 }))
    .map(([first, rest]) => first + rest.join(''));
  const fleet = fc.uniqueArray(fc.tuple(name, fc.boolean()), {
    minLength: 1,
    maxLength: 40,
    selector: ([host]) => host,
  });
  fc.assert(
    fc.property(fleet, (hosts) => {
      const wanted = hosts.filter(([, isWanted]) => isWanted).map(([host]) => host);
      fc.pre(wanted.length > 0);
      const selector = parseSelector(foldedList(wanted));
      assert.ok(!('code' in selector), foldedList(wanted));
      const meant = evaluateSelector(selector, fleetOf(hosts.map(([host]) => host)));
      assert.deepEqual(meant, wanted, foldedList(wanted));
    }),
    { numRuns: 300 },
  );
});

function fleetOf(hosts: readonly string[]): FleetView {
  return {
    hosts: hosts.map((host) => ({
      host: hostId(host),
      labels: {},
      address: null,
      isConnected: true,
      processes: new Map(),
    })),
    groups: new Map(),
    operations: [],
    nowMs: 0,
  };
}

test('ten thousand awkward names are folded at once', () => {
  let seed = 1;
  const random = (below: number) => {
    seed = (seed * 48_271) % 2_147_483_647;
    return seed % below;
  };
  const awkward = {
    axes: numbered(
      10_000,
      () => `r${random(50)}-w${random(9)}-n${random(30)}-if${random(4)}.dc${random(5)}`,
    ),
    long: numbered(10_000, (n) => 'x'.repeat(990) + n),
    alternating: numbered(10_000, (n) => `${'1a'.repeat(29)}${n}`),
  };
  for (const [kind, names] of Object.entries(awkward)) {
    const cpuBefore = process.cpuUsage();
    const pieces = foldNames(names);
    const { user } = process.cpuUsage(cpuBefore);
    assert.ok(pieces.length <= new Set(names).size, kind);
    assert.ok(user < 500_000, `${kind}: ${user / 1_000} ms`);
  }
});

test('many items are sorted as few are', () => {
  const names = ['prod-10', 'prod-2', 'dev-1', 'prod-02', 'prod', 'prod-2a'];
  assert.deepEqual(
    sortNaturally(names, (name) => name),
    ['dev-1', 'prod', 'prod-02', 'prod-2', 'prod-2a', 'prod-10'],
  );
  const rows = [
    { host: 'b', process: 'web:10' },
    { host: 'b', process: 'web:2' },
    { host: 'a', process: 'z' },
  ];
  assert.deepEqual(
    sortNaturally(
      rows,
      ({ host }) => host,
      ({ process }) => process,
    ).map((row) => row.process),
    ['z', 'web:2', 'web:10'],
  );
});
