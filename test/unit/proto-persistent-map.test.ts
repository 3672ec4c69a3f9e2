import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { PersistentMap } from '../../proto/persistent-map.ts';

type Change = { readonly key: string; readonly value: number | null };

const asMap = (map: PersistentMap<string, number>) => new Map(map);

test('after any changes it holds what a Map would, and every earlier version is as it was', () => {
  const key = fc.integer({ min: 0, max: 40 }).map((number) => `host-${number}`);
  const change: fc.Arbitrary<Change> = fc.record({
    key,
    value: fc.option(fc.integer(), { freq: 3 }),
  });
  fc.assert(
    fc.property(fc.array(change, { maxLength: 30 }), (changes) => {
      const model = new Map<string, number>();
      let map = PersistentMap.of<string, number>([]);
      const versions: { map: typeof map; model: Map<string, number> }[] = [];
      for (const { key: name, value } of changes) {
        versions.push({ map, model: new Map(model) });
        if (value === null) model.delete(name);
        else model.set(name, value);
        map = value === null ? map.without(name) : map.with(name, value);
      }
      for (const version of [...versions, { map, model }]) {
        assert.deepEqual(asMap(version.map), version.model);
        assert.equal(version.map.size, version.model.size);
        assert.deepEqual([...version.map.values()].sort(), [...version.model.values()].sort());
      }
      for (let number = 0; number <= 40; number += 1) {
        assert.equal(map.get(`host-${number}`), model.get(`host-${number}`));
      }
    }),
    { numRuns: 100 },
  );
});

test('a later entry of the same name wins, and is counted once', () => {
  const map = PersistentMap.of([
    ['a', 1],
    ['b', 2],
    ['a', 3],
  ]);
  assert.equal(map.size, 2);
  assert.equal(map.get('a'), 3);
});

test('taking away what is not there changes nothing', () => {
  const map = PersistentMap.of<string, number>([['a', 1]]);
  assert.equal(map.without('b'), map);
  assert.equal(map.with('b', 2).without('b').size, 1);
});

test('names that other objects inherit are names like any other', () => {
  const map = PersistentMap.of<string, number>([]).with('__proto__', 1).with('', 2);
  assert.equal(map.get('__proto__'), 1);
  assert.equal(map.get(''), 2);
  assert.equal(map.get('constructor'), undefined);
});

test('an entry costs one bucket: changing each of 10,000 is quick', () => {
  let map = PersistentMap.of(Array.from({ length: 10_000 }, (_, index) => [`web-${index}`, 0]));
  const before = performance.now();
  for (let index = 0; index < 10_000; index += 1) map = map.with(`web-${index}`, index);
  assert.ok(performance.now() - before < 2_000);
  assert.equal(map.size, 10_000);
  assert.equal(map.get('web-9999'), 9_999);
});

test('a map that grows one by one, however large, loses nothing and finds everything', () => {
  const names = Array.from({ length: 3_000 }, (_, index) => `host-${index}`);
  let map = PersistentMap.of<string, number>([]);
  const versions: (typeof map)[] = [];
  for (const [index, name] of names.entries()) {
    if (index % 1_000 === 0) versions.push(map);
    map = map.with(name, index);
  }
  assert.equal(map.size, names.length);
  assert.equal(new Map(map).size, names.length);
  for (const [index, name] of names.entries()) assert.equal(map.get(name), index);
  for (const [index, version] of versions.entries()) {
    assert.equal([...version].length, index * 1_000);
    assert.equal(version.get(`host-${index * 1_000}`), undefined);
  }
  for (const name of names.slice(2)) map = map.without(name);
  assert.deepEqual([...map.values()].sort(), [0, 1]);
});
